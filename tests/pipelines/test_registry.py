"""Several pipelines side by side: which one serves a language, and what is told about them."""

import json
import warnings
from dataclasses import replace
from pathlib import Path

import pytest
import spacy

from spanwise.pipelines import Analyzer, PipelineSpec, PipelineSpecError, Registry
from tests.support.models import ruler_pipeline


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    """Load five pipelines, three of them of one language with and without a region."""
    folder = tmp_path_factory.mktemp("models") / "returns-2.1"
    ruler_pipeline({"Frobnicon": "GADGET"}).to_disk(folder)
    french = folder.parent / "french"
    spacy.blank("fr").to_disk(french)
    return Registry.load(f"en={folder},tickets@en={folder},british@en-GB={folder},fr={french},zh@zh-Hant={folder}")


@pytest.mark.parametrize(
    ("language", "name"),
    [
        ("en", "returns"),
        ("EN", "returns"),
        ("en-US", "returns"),
        ("en_us", "returns"),
        ("en-GB", "british"),
        ("EN_gb", "british"),
        ("en-GB-oxendict", "british"),
        ("fr-CH", "french"),
        ("zh-hant-TW", "zh"),
        ("zh", None),
        ("zh-Hans", None),
        ("de", None),
        ("e", None),
        ("eng", None),
        ("-en", None),
        ("", None),
    ],
)
def test_a_language_is_served_whatever_its_case_and_region(several: Registry, language: str, name: str | None) -> None:
    """The very tag wins, then the tag without its last parts; the first pipeline of several serves."""
    found = several.get(language)
    assert (found and found.name) == name


def test_what_is_no_language_costs_nothing(several: Registry) -> None:
    """A caller's megabytes of hyphens are refused at once; looking up each part would take hours."""
    assert several.get("en" + "-x" * 2_000_000) is None


def test_pipelines_are_found_by_their_names(several: Registry) -> None:
    """A name is compared as it is; the first pipeline is the default."""
    assert several.names == ("returns", "tickets", "british", "french", "zh")
    assert [one.name for one in several] == list(several.names)
    assert several.default is several.named("returns")
    assert several.languages == ("en", "en-GB", "fr", "zh-Hant")
    assert several.named("Tickets") is None
    (tickets,) = [one for one in several if one.name == "tickets"]
    assert several.named("tickets") is tickets


def test_answers_carry_the_name_of_the_setting(several: Registry) -> None:
    """A pipeline that was changed and saved does not answer under the name in its `meta.json`."""
    analyzer = several.named("tickets")
    assert analyzer
    answer = analyzer.analyze("A Frobnicon.", {"entities"})
    assert answer["pipeline"] == "tickets-0.0.0"
    assert [entity["label"] for entity in answer["entities"]] == ["GADGET"]
    assert several.default.title == "returns-0.0.0"


def test_the_same_name_twice_is_refused(english: Analyzer, tmp_path: Path) -> None:
    """Two pipelines of one name could not be told apart in requests and answers."""
    with pytest.raises(PipelineSpecError, match="the name a"):
        Registry.load("a@en=x,a@fr=y")
    with pytest.raises(PipelineSpecError, match="the same name"):
        Registry([english, replace(english, language="en-GB")])


def test_a_mapping_gives_each_pipeline_its_language(english: Analyzer, french: Analyzer) -> None:
    """Analyzers that are loaded already can be put together, as a list or by language."""
    assert Registry([english, french]).get("fr") is french
    registry = Registry({"en-GB": english, "fr": french})
    assert registry.default.language == "en-GB"
    assert registry.get("fr") is french


def test_components_are_left_out(tmp_path: Path) -> None:
    """What `disable` names is not loaded; the rest of the pipeline is."""
    nlp = ruler_pipeline({"Frobnicon": "GADGET"})
    nlp.add_pipe("entity_ruler", name="more").add_patterns([{"label": "TOOL", "pattern": "Wrench"}])  # type: ignore[attr-defined]
    nlp.to_disk(tmp_path)
    registry = Registry.load(
        [PipelineSpec("en", str(tmp_path), "all"), PipelineSpec("en", str(tmp_path), "b", ("more",))]
    )
    text = "A Frobnicon and a Wrench."
    assert [[span.label for span in one.entities(text)] for one in registry] == [["GADGET", "TOOL"], ["GADGET"]]
    with pytest.raises(PipelineSpecError, match=r"no component 'moer' to disable\. It has: entity_ruler, more\."):
        Registry.load([PipelineSpec("en", str(tmp_path), "c", ("moer",))])


def test_what_spacy_warns_of_is_kept_for_the_log(tmp_path: Path) -> None:
    """A pipeline of another version loads, and its warning is kept in one line under the pipeline's name."""
    ruler_pipeline({"Frobnicon": "GADGET"}).to_disk(tmp_path / "old")
    meta = tmp_path / "old" / "meta.json"
    meta.write_text(json.dumps(json.loads(meta.read_text()) | {"spacy_version": ">=3.1.0,<3.2.0"}))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        registry = Registry.load(f"tickets@en={tmp_path / 'old'}")
    (told,) = registry.load_warnings
    assert told.pipeline == "tickets"
    assert told.message.startswith("[W095]")
    assert "3.1.0" in told.message
    assert "\n" not in told.message
