"""The docs tell the truth: the README's request has the README's answer, links lead somewhere, codes are all listed."""

import json
import re
import subprocess
from pathlib import Path
from typing import get_args

import pytest

from spanwise.pipelines import Analyzer, Document
from spanwise.schemas import ErrorCode
from spanwise.schemas.problems import OWN_CODES
from tests.support.approximately import about

ROOT = Path(__file__).parent.parent
CARD = ROOT / "pipelines" / "sentiment" / "english" / "README.md"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md")), CARD]


def test_the_readmes_answer_is_the_real_one(english: Analyzer) -> None:
    """In every number."""
    readme = (ROOT / "README.md").read_text("utf-8")
    request = re.search(r"-d '(\{.*?\})'", readme)
    answer = re.search(r"```json\n(.*?)```", readme, re.DOTALL)
    assert request
    assert answer
    document = Document(json.loads(request[1])["text"], frozenset({"entities", "sentiment"}))
    assert english.analyze([document])[0] == about(json.loads(answer[1]))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """Within the repository, anchors included."""
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        assert linked.exists(), f"{page.name} links to {target}"
        if anchor:
            headings = re.findall(r"^#+ (.*)$", linked.read_text("utf-8"), re.MULTILINE)
            assert anchor in [re.sub(r"[^\w\- ]", "", h).strip().lower().replace(" ", "-") for h in headings], target


def test_every_error_code_is_documented() -> None:
    """Those of problems and those of fields."""
    page = (ROOT / "docs" / "api.md").read_text("utf-8")
    for code in (*get_args(ErrorCode.__value__), *OWN_CODES):
        assert f"`{code}`" in page, code


def test_every_make_target_explains_itself() -> None:
    """`make help` lists what the README and CONTRIBUTING speak of."""
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for target in (
        "run",
        "test",
        "deploy-test",
        "image-test",
        "install",
        "lint",
        "format",
        "types",
        "lock",
        "bench",
        "quality",
        "train-sentiment",
        "reliability",
        "contract",
        "clients",
        "openapi",
        "bench-engine",
        "exactness",
        "soak",
        "help",
    ):
        assert re.search(rf"^{target}\s+\S", shown, re.MULTILINE), target
