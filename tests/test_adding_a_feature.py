"""The walk-through of adding a feature shows existing code, and the page of the API lists every feature."""

import re
from pathlib import Path

from spanwise.pipelines.features import FEATURES

ROOT = Path(__file__).parent.parent


def test_the_walk_through_shows_the_code_that_is_there() -> None:
    """Every code block of the walk-through names its file and stands in that file word for word."""
    page = (ROOT / "docs" / "contribute" / "adding-a-feature.md").read_text("utf-8")
    blocks = re.findall(r"```python (\S+)\n(.*?)```", page, re.DOTALL)
    assert len(blocks) == page.count("```python") > 8
    for path, block in blocks:
        assert block in (ROOT / path).read_text("utf-8"), f"{path} does not hold:\n{block}"


def test_the_docs_list_every_feature_with_what_it_gives() -> None:
    """The page of the API lists the features of the table, with their descriptions and in its order."""
    page = (ROOT / "docs" / "reference" / "api.md").read_text("utf-8")
    section = page.partition("\n## Features\n")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \| (.*?) \|$", section, re.MULTILINE) == [
        (row.name, row.description) for row in FEATURES
    ]
