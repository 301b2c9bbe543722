"""The programs of the docs that need a service and nothing generated: they print what the page says."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.contract.tools import program
from tests.docs.pages import ROOT, blocks_of
from tests.support.process import environment, service

pytestmark = [pytest.mark.process, pytest.mark.timeout(400)]

_ADDRESS = "http://127.0.0.1:8000"
_HOW_TO = ROOT / "docs" / "how-to"
_ORIGIN = "https://app.example.com"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start a service with the origin of the page on browsers, and a key with the quotas of the page on keys."""
    file = tmp_path_factory.mktemp("keys") / "api-keys"
    spanwise = str(Path(sys.executable).parent / "spanwise")
    command = [spanwise, "key", "hash", "shop", "--requests", "600", "--characters", "1000000"]
    file.write_text(subprocess.run(command, input="YOUR-KEY" * 4, capture_output=True, text=True, check=True).stdout)
    with service(environment(cors_origins=_ORIGIN, api_keys_file=str(file))) as process:
        yield process.url


def the(page: str, kind: str, begins: str = "") -> str:
    """Return the only block of a kind on a page of docs/how-to that begins so."""
    (block,) = (one for one in blocks_of(_HOW_TO / page) if one.kind == kind and one.text.startswith(begins))
    return block.text


def test_the_program_in_python_prints_entities_and_errors(url: str, tmp_path: Path) -> None:
    """With a key it prints the entities; with a wrong one the code of the problem."""
    source = the("clients.md", "python", "import").replace(_ADDRESS, url)
    printed = []
    for key in ("YOUR-KEY" * 4, "no key"):
        (tmp_path / "program.py").write_text(source.replace("YOUR-KEY", key), "utf-8")
        command = [sys.executable, "-W", "error", str(tmp_path / "program.py")]
        printed.append(subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines())
    assert [line.rsplit(" ", 1)[0] for line in printed[0]] == ["Tim Cook PERSON", "Paris GPE"]
    assert printed[1][0].startswith("unauthorized ")


def test_the_program_for_a_browser_prints_what_the_page_says(url: str, tmp_path: Path) -> None:
    """Run by Node, whose `fetch` is a browser's; the origin may call, which a browser would ask for first."""
    source = the("browser.md", "javascript").replace(_ADDRESS, url)
    source = source.replace('"Content-Type": ', f'"X-API-Key": "{"YOUR-KEY" * 4}", "Content-Type": ')
    path = tmp_path / "program.mjs"
    path.write_text(source, "utf-8")
    done = subprocess.run([program("node"), path], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == the("browser.md", "text")
    asked = {"Origin": _ORIGIN, "Access-Control-Request-Method": "POST"}
    named = asked | {"Access-Control-Request-Headers": "content-type,x-api-key,x-request-id,x-request-timeout-ms"}
    answer = httpx.options(f"{url}/v1/entities", headers=named)
    assert answer.headers["Access-Control-Allow-Origin"] == _ORIGIN
    exposed = httpx.post(f"{url}/v1/entities", headers={"Origin": _ORIGIN}).headers["Access-Control-Expose-Headers"]
    for name in ("X-Request-ID", "Server-Timing", "Retry-After", "RateLimit"):
        assert name.lower() in exposed.lower().replace(" ", "").split(",")


def test_an_answer_says_what_is_left_of_a_quota_as_the_page_shows(url: str) -> None:
    """A request with 13,000 characters gets the fields of the page; what is left of requests is back within 0.1 s."""
    body = {"text": "Paris. " * 1857 + "Z"}
    assert len(body["text"]) == 13_000
    answer = httpx.post(f"{url}/v1/entities", json=body, headers={"X-API-Key": "YOUR-KEY" * 4}, timeout=60)
    shown = dict(line.split(": ", 1) for line in the("keys.md", "http").splitlines())
    assert answer.headers["RateLimit-Policy"] == shown["RateLimit-Policy"]
    for name in shown:
        assert name in answer.headers
    (left,) = (int(part[2:]) for part in answer.headers["RateLimit"].split(", ")[1].split(";") if part.startswith("r="))
    assert 987_000 <= left < 1_000_000, "the quota comes back while the request is served"
