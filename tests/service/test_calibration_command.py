"""`spanwise calibrate`: what it writes is what the service serves, and every mistake is one line with exit code 2."""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from shutil import copytree

import numpy as np
import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner, Result

from quality.corpora import OF_PIPELINE, Sentence, in_their_terms, read_corpus
from spanwise.pipelines import Analyzer, Registry, locate
from spanwise.pipelines.calibration.calibration_error import calibration_error
from spanwise.pipelines.calibration.labelled_texts import LabelledText, read_labelled_texts
from spanwise.pipelines.entities.compiled.calibration_file import FILE_NAME, write_entry
from spanwise.service.calibration_command import WrongMapping, parse_mapping
from spanwise.service.cli import app
from spanwise.service.runtime import running
from spanwise.service.settings import Settings
from tests.conftest import ENGLISH, FRENCH
from tests.docs.pages import ROOT
from tests.service.test_cli import spanwise
from tests.support.labelled import french_sentences, labelled_by_chance
from tests.support.models import pipeline, recognizer
from tests.test_docs import blocks, commands

PAGE = ROOT / "docs" / "how-to" / "calibrate.md"
_FRAMES = re.compile(r"[\u2500-\u257f]|^# ", re.MULTILINE)
_NUMBER = re.compile(r"\b\d+(?:\.\d+)?")


def assert_about(shown: str, expected: str) -> None:
    """Assert that two texts differ in their numbers alone, and in these by little: another processor rounds otherwise.

    A table has frames on a terminal alone; without those it is the same table.
    """
    one, other = (_NUMBER.sub("#", _FRAMES.sub(" ", text)).split() for text in (shown, expected))
    assert one == other
    for mine, theirs in zip(*(map(float, _NUMBER.findall(text)) for text in (shown, expected)), strict=True):
        assert mine == pytest.approx(theirs, abs=2 if theirs > 1 else 0.02)


def run(*arguments: str, **settings: str) -> Result:
    """Run a command of `spanwise` in this process, to its end."""
    environment = {f"SPANWISE_{name.upper()}": value for name, value in settings.items()}
    return CliRunner().invoke(app, arguments, env=environment)


def written(path: Path, texts: Iterable[LabelledText | Sentence]) -> Path:
    """Write texts as JSON Lines."""
    lines = (json.dumps({"text": one.text, "entities": [list(entity) for entity in one.entities]}) for one in texts)
    path.write_text("\n".join(lines), "utf-8")
    return path


@pytest.fixture(scope="module")
def french_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the French pipeline as a folder of one's own."""
    return Path(copytree(locate(FRENCH), tmp_path_factory.mktemp("mine") / "french"))


@pytest.fixture(scope="module")
def labelled(french: Analyzer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file of 300 annotated texts."""
    texts = labelled_by_chance(french, french_sentences(300, seed=1), seed=1)
    return written(tmp_path_factory.mktemp("labelled") / "texts.jsonl", texts)


def test_a_calibrated_folder_is_served_with_confidence(french_folder: Path, labelled: Path) -> None:
    """The command prints the figures and writes beside the model; from then on the pipeline has confidence."""
    done = spanwise("calibrate", str(french_folder), str(labelled))
    assert done.returncode == 0, done.stderr
    shown = done.stdout.decode()
    for expected in (
        "french-3.8.0: 300 texts,",
        "its own",
        "Expected calibration error, held out: 0.",
        f"Written to {french_folder / FILE_NAME}.",
    ):
        assert expected in shown
    (entry,) = json.loads((french_folder / FILE_NAME).read_text("utf-8")).values()
    assert entry["texts"] == 300
    assert entry["pipeline"] == "french-3.8.0"
    (listed,) = json.loads(run("pipelines", "--json", pipelines=f"fr={french_folder}").stdout)
    assert listed["calibrated"] == {"texts": 300, "error": entry["error"]}
    assert (
        f"300 texts, error {entry['error']:g}" in spanwise("pipelines", pipelines=f"fr={french_folder}").stdout.decode()
    )
    answer = json.loads(
        spanwise("analyze", "--json", "Emmanuel Macron est à Lyon.", pipelines=f"fr={french_folder}").stdout
    )
    assert all(0 < entity["confidence"] < 1 for entity in answer["entities"])
    assert len(answer["entities"]) == 2


def test_another_place_is_used_by_a_setting(labelled: Path, tmp_path: Path) -> None:
    """`--output` writes elsewhere, for installed packages; `SPANWISE_CALIBRATIONS` names that file."""
    path = tmp_path / "calibrations.json"
    assert run("calibrate", FRENCH, str(labelled), "--output", str(path)).exit_code == 0
    settings = {"pipelines": f"fr={FRENCH}"}
    (without,) = json.loads(run("pipelines", "--json", **settings).stdout)
    assert "calibrated" not in without
    (listed,) = json.loads(run("pipelines", "--json", **settings, calibrations=f" {path} ,").stdout)
    assert listed["calibrated"]["texts"] == 300


@pytest.fixture(scope="module")
def beam(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a pipeline with a beam search, which spaCy's own engine serves."""
    path = tmp_path_factory.mktemp("beam") / "beam"
    pipeline({"beam_ner": recognizer()}).to_disk(path)
    return path


def test_every_mistake_is_one_line(french_folder: Path, beam: Path, labelled: Path, tmp_path: Path) -> None:
    """A pipeline, file, label or place that does not fit is refused in one line, with exit code 2 and no traceback."""
    few = tmp_path / "few.jsonl"
    few.write_text("\n".join(labelled.read_text("utf-8").splitlines()[:20]), "utf-8")
    strange = tmp_path / "strange.jsonl"
    strange.write_text(labelled.read_text("utf-8") + '\n{"text": "Lyon", "entities": [[0, 4, "VILLE"]]}', "utf-8")
    nowhere = str(tmp_path / "no" / "file.json")
    folder = str(french_folder)
    for arguments, expected in (
        (["no_such_pipeline", str(labelled)], "no_such_pipeline"),
        ([str(beam), str(labelled)], "spaCy's own engine serves"),
        ([folder, str(tmp_path / "none.jsonl")], "Cannot read"),
        ([folder, str(few)], "There are 20 annotated texts; at least 100"),
        ([folder, str(strange)], "'VILLE'"),
        ([folder, str(labelled), "--map", "PER"], "--map takes THEIRS=OURS"),
        ([folder, str(labelled), "--output", nowhere], f"Cannot write {nowhere}"),
    ):
        done = run("calibrate", *arguments)
        assert done.exit_code == 2, arguments
        (line,) = done.stderr.splitlines()
        assert line.startswith("spanwise: ")
        assert expected in line
    mapped = ("--map", "VILLE=LOC", "--map", "VILE=LOC", "--output", str(tmp_path / "mapped.json"))
    done = run("calibrate", folder, str(strange), *mapped)
    assert done.exit_code == 0
    assert "Mapped, and in no text: VILE." in done.stdout


def test_a_folder_that_cannot_be_written_to_is_told_of(
    french_folder: Path, labelled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names the option and the setting that help."""

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("spanwise.service.calibration_command.write_entry", refuse)
    done = run("calibrate", str(french_folder), str(labelled))
    assert done.exit_code == 2
    (line,) = done.stderr.splitlines()
    assert f"Cannot write {french_folder / FILE_NAME}: Permission denied." in line
    assert "--output" in line
    assert "SPANWISE_CALIBRATIONS" in line


def test_a_missing_file_in_the_setting_is_refused_at_once() -> None:
    """A setting that names no file ends every command in one line."""
    done = run("serve", calibrations="/no/such/file.json")
    assert done.exit_code == 2
    assert "SPANWISE_CALIBRATIONS: there is no file /no/such/file.json" in done.stderr


def test_labels_are_mapped_to_one_several_or_none() -> None:
    """`--map` may be repeated for a label; with nothing behind the sign, entities with it are left out."""
    assert parse_mapping(["PER=PERSON", "LOC=GPE", " LOC = LOC ", "MISC="]) == {
        "PER": {"PERSON"},
        "LOC": {"GPE", "LOC"},
        "MISC": set(),
    }
    for wrong in ("PER", "=PERSON", ""):
        with pytest.raises(WrongMapping, match="THEIRS=OURS"):
            parse_mapping([wrong])


def test_the_page_shows_every_form_of_annotated_texts(tmp_path: Path) -> None:
    """The lines that the page shows are the same text with the same entities, each in another form."""
    path = tmp_path / "labelled.jsonl"
    path.write_text(blocks(PAGE, "jsonl")[0], "utf-8")
    read = read_labelled_texts(path).texts
    assert len(read) == 4
    assert len({(one.text, one.entities) for one in read}) == 1
    assert [read[0].text[span.start : span.end] for span in read[0].entities] == ["Tim Cook", "Angela Merkel", "Paris"]


def test_the_command_of_the_page_is_the_one_that_is_tested() -> None:
    """The page's mapping is the one that calibrates the corpora in these tests."""
    (command,) = (line for line in commands(PAGE) if line.startswith("spanwise calibrate"))
    mapping = parse_mapping(re.findall(r"--map (\S+)", command))
    assert mapping == {
        theirs: {ours for ours in OF_PIPELINE if OF_PIPELINE[ours] == theirs} for theirs in ("PER", "LOC")
    }


@pytest.mark.anyio
async def test_the_log_says_what_is_calibrated_and_what_is_ignored(
    english: Analyzer, french_folder: Path, tmp_path: Path
) -> None:
    """At the start the log has each pipeline's texts and error, and names each file that no weights belong to."""
    stale = Path(copytree(french_folder, tmp_path / "retrained"))
    (entry,) = json.loads((stale / FILE_NAME).read_text("utf-8")).values()
    (stale / FILE_NAME).unlink()
    for path in (stale / FILE_NAME, tmp_path / "unused.json"):
        write_entry(path, "0" * 32, entry)
    registry = Registry({"en": english, "fr": Analyzer.load(stale, "fr")})
    with capture_logs() as lines:
        async with running(Settings(calibrations=str(tmp_path / "unused.json")), registry):
            pass
    ready = {line["language"]: line for line in lines if line["event"] == "pipeline_ready"}
    assert (ready["en"]["calibrated_texts"], ready["en"]["calibration_error"]) == (17_372, 0.0106)
    assert "calibrated_texts" not in ready["fr"]
    ignored = {line["file"]: line for line in lines if line["event"] == "calibration_ignored"}
    assert set(ignored) == {str(stale / FILE_NAME), str(tmp_path / "unused.json")}
    assert {line["log_level"] for line in ignored.values()} == {"warning"}
    assert "other weights" in ignored[str(stale / FILE_NAME)]["reason"]


@pytest.mark.parametrize("corpus", ["wikigold", "wnut17.train"])
def test_five_hundred_texts_of_a_corpus_suffice(corpus: str, corpora: Path, tmp_path: Path) -> None:
    """After calibration on 500 texts of a real corpus, confidence on all of its other texts is off by 0.05 at most."""
    sentences = read_corpus(corpora, corpus)
    order = np.random.default_rng(1).permutation(len(sentences)).tolist()
    few, others = ([sentences[i] for i in part] for part in (order[:500], order[500:]))
    path = tmp_path / "calibrations.json"
    mapping = [f"--map={theirs}={ours}" for ours, theirs in OF_PIPELINE.items()]
    done = run("calibrate", ENGLISH, str(written(tmp_path / "few.jsonl", few)), "--output", str(path), *mapping)
    assert done.exit_code == 0, done.stderr
    if corpus == "wikigold":
        assert_about(done.stdout, blocks(PAGE, "text")[0] + f"Written to {path}.\n")
    analyzer = Analyzer.load(ENGLISH, calibrations=[path])
    assert analyzer.calibrated
    assert analyzer.calibrated["texts"] == 500
    found = analyzer.entities([one.text for one in others])
    rows = [
        (span.confidence, span.raw_score, in_their_terms(span) in one.entities)
        for one, spans in zip(others, found, strict=True)
        for span in spans
        if span.label in OF_PIPELINE
    ]
    confidence, raw, correct = (np.array(column) for column in zip(*rows, strict=True))
    assert calibration_error(confidence, correct) <= 0.05
    assert calibration_error(raw, correct) > 0.25
