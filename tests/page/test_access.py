"""The page for those who do not use a mouse or do not see well: axe-core's checks, and a walk by keyboard."""

import json

import pytest

from tests.contract.tools import ROOT, missing
from tests.page.clinic import TEXT as CLINIC
from tests.page.visit import CTRL, SHIFT, Visit

_AXE = ROOT / "tests" / "page" / "node_modules" / "axe-core" / "axe.min.js"
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def complaints(visit: Visit) -> list[str]:
    """Return what axe-core finds wrong with the page as it is now."""
    if not _AXE.exists():
        missing("axe-core is not installed; `make page-test` does it")
    visit.page.value(_AXE.read_text("utf-8") + ";1")
    options = {"runOnly": {"type": "tag", "values": _RULES}}
    found = visit.page.value(f"axe.run(document, {json.dumps(options)})")
    assert len(found["passes"]) > 15
    return [
        f"{one['id']}: {node['html'][:160]} {node['failureSummary']}"
        for one in found["violations"]
        for node in one["nodes"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(visit: Visit, scheme: str) -> None:
    """With every section open, at a desk and on a phone, and with an error, axe-core has nothing to complain of."""
    visit.look(scheme=scheme)
    visit.tick("tokens", "noun_chunks", "language")
    visit.analyse("Tim Cook loved Paris. The weather in London was awful, and SAP paid €5 million on Monday.")
    visit.page.value("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert complaints(visit) == []
    visit.look(width=390, height=844, scheme=scheme, touch=True)
    assert complaints(visit) == []
    assert visit.page.value("document.documentElement.scrollWidth <= innerWidth")
    visit.choose("pipeline", "clinic")
    visit.analyse(CLINIC)
    visit.page.value("document.querySelector('mark').focus()")
    assert complaints(visit) == []
    visit.analyse("")
    assert complaints(visit) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_where_a_key_is_asked_for(stranger: Visit, scheme: str) -> None:
    """The question for a key passes too."""
    stranger.look(scheme=scheme)
    stranger.open()
    assert complaints(stranger) == []


def test_the_keyboard_reaches_everything(visit: Visit) -> None:
    """The Tab key walks from the links over the form to the results, and each stop can be seen."""
    visit.analyse("Tim Cook flew to Paris. Angela Merkel stayed in Berlin.")
    visit.page.value("document.activeElement.blur(); window.scrollTo(0, 0)")
    visit.page.value("document.querySelector('.skip').focus()")
    stops = []
    for _ in range(60):
        stops.append(visit.focused())
        assert visit.page.value(
            "(style => style.outlineStyle !== 'none' || document.activeElement === document.body)"
            "(getComputedStyle(document.activeElement))"
        ), stops[-1]
        visit.press("Tab")
        if visit.page.value("document.activeElement === document.body"):
            break
    wanted = [
        "text",
        "analyse",
        "feature-entities",
        "min-confidence",
        "language",
        "pipeline",
        "offsets",
        "tab-curl",
        "snippet",
    ]
    places = [stops.index(name) for name in wanted]
    assert places == sorted(places), stops
    assert sum(stop.startswith("MARK") for stop in stops) == 1


def test_the_keyboard_does_everything(visit: Visit) -> None:
    """Ctrl and Enter analyse, arrows walk over entities and tabs, Escape hides what a stop says."""
    visit.type("Tim Cook flew to Paris. Angela Merkel stayed in Berlin.")
    assert visit.page.value("!document.getElementById('stale').hidden")
    visit.press("Enter", CTRL)
    visit.wait()
    assert visit.page.value("document.getElementById('stale').hidden")
    assert visit.highlighted()[0] == ("Tim Cook", "PERSON")
    visit.page.value("document.querySelector('mark').focus()")
    assert "PERSON" in visit.texts("#tip")[0]
    visit.press("ArrowRight")
    assert visit.focused() == "MARK ParisGPE"
    assert "GPE" in visit.texts("#tip")[0]
    visit.press("Escape")
    assert visit.page.value("document.getElementById('tip').hidden")
    visit.page.value("document.getElementById('tab-curl').focus()")
    visit.press("ArrowRight")
    assert visit.focused() == "tab-Python"
    assert "import httpx" in visit.texts("#snippet")[0]
    visit.page.value("document.getElementById('feature-tokens').focus()")
    visit.press(" ")
    visit.page.wait_for("document.querySelector('#section-tokens') !== null")
    visit.press("Tab", SHIFT)
    assert visit.focused() == "feature-sentences"
