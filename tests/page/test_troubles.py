"""Errors, keys, long texts: what a visitor sees when something is in the way."""

import json
import sys

from tests.page.conftest import KEY
from tests.page.tasks import traced
from tests.page.visit import Visit

PARAGRAPH = (
    "Siemens will buy the start-up Lightyear for 240 million euros, Reuters reported on Tuesday. "
    "Roland Busch called the deal a perfect fit 🚀, but analysts in Frankfurt were not impressed.\n"
)


def test_an_error_is_told_in_words(visit: Visit) -> None:
    """An empty text is refused by the service, in a sentence that names the field; the next text is fine again."""
    visit.analyse("")
    assert visit.texts("#problem h2") == ["The request cannot be served like this"]
    assert visit.texts("#problem li") == ["Text: The text is empty."]
    assert "request" in visit.texts("#problem .small")[0]
    assert visit.texts("#sections > *") == []
    visit.analyse("Tim Cook was in Paris.")
    assert visit.texts("#problem > *") == []
    assert visit.highlighted()


def test_a_text_over_the_limit_names_the_limit(visit: Visit) -> None:
    """The counter and the error both say how long the text may be."""
    visit.page.value(f"document.getElementById('text').value = {json.dumps('word ' * 20001)}")
    visit.page.value("document.getElementById('text').dispatchEvent(new Event('input', {bubbles: true}))")
    assert visit.texts("#count.over") == ["100,005 of 100,000 characters"]
    visit.page.click("#analyse")
    visit.wait()
    assert "the limit is 100000" in visit.texts("#problem li")[0]


def test_a_service_that_has_gone_is_told_of(visit: Visit) -> None:
    """Without an answer the page says so, and a button tries again."""
    offline = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    visit.page.call("Network.emulateNetworkConditions", offline=True, **offline)
    visit.analyse("Tim Cook was in Paris.")
    assert visit.texts("#problem h2") == ["The service did not answer"]
    visit.page.call("Network.emulateNetworkConditions", offline=False, **offline)
    visit.page.click("#problem button")
    visit.wait()
    assert visit.texts("#problem > *") == []
    assert ("Paris", "GPE") in visit.highlighted()
    visit.page.complaints.clear()  # the browser complained of the network


def test_a_key_is_asked_for_and_kept_in_the_tab(stranger: Visit) -> None:
    """A wrong key is told of, the right one serves, survives a reload, is nowhere else, and can be forgotten."""
    page = stranger.page
    stranger.open()
    assert stranger.focused() == "key"
    stranger.type("wrong", "#key")
    stranger.press("Enter")
    page.wait_for("document.getElementById('key-why').textContent === 'The key that was sent is not known.'")
    stranger.type(KEY, "#key")
    stranger.press("Enter")
    page.wait_for("document.querySelectorAll('mark').length > 0")
    assert page.value("document.getElementById('key-form').hidden")
    page.click("#tab-Python")
    shown = page.value("document.body.innerText")
    assert "SPANWISE_API_KEY" in shown
    assert KEY not in shown
    page.call("Page.reload")
    page.wait_for("document.querySelectorAll('mark').length > 0")
    assert page.value("[localStorage.length, document.cookie]") == [0, ""]
    assert KEY not in page.value("location.href")
    page.click("#forget")
    page.wait_for("!document.getElementById('key-form').hidden")
    assert page.value("sessionStorage.length") == 0


def test_a_hundred_thousand_characters_do_not_freeze(visit: Visit) -> None:
    """The longest text is shown a part at a time, so that the page stays small, and all of it can be reached."""
    text = (PARAGRAPH * (100_000 // len(PARAGRAPH) + 1))[:99_990]
    visit.tick("tokens", "noun_chunks")
    visit.page.value(f"document.getElementById('text').value = {json.dumps(text)}")
    with traced(visit.page) as tasks:
        visit.page.click("#analyse")
        visit.wait()
    elements = visit.count("*")
    sys.stdout.write(f"100,000 characters: {elements} elements; the longest of {len(tasks)} tasks: {tasks[0]:.0f} ms\n")
    assert len(tasks) > 20
    answered = visit.page.value("document.querySelector('#status strong').textContent")
    assert answered.startswith(tuple("123456789"))
    assert elements < 8000
    for _ in range(20):
        if visit.page.value("document.querySelector('#section-entities .reading + .more').hidden"):
            break
        visit.page.click("#section-entities .reading + .more")
    shown = visit.page.value(
        "[...document.querySelector('.reading').childNodes].map(n => n.tagName ? n.firstChild.data : n.data).join('')"
    )
    assert shown == text
