"""In a pipeline with components of one's own the recognizer is still the kernels', and every answer spaCy's."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from spacy.language import Language
from spacy.tokens import Doc, Span

from spanwise.pipelines import Analyzer
from spanwise.pipelines.annotations import Annotations
from spanwise.pipelines.entities import stage_choice
from spanwise.pipelines.entities.compiled.compiled_engine import CompiledEngine
from spanwise.pipelines.entities.compiled.unsupported import Unsupported
from spanwise.pipelines.entities.spacy_engine import SpacyEngine
from spanwise.pipelines.kernels import SpanKernels
from tests.support.models import SENTENCES, long_entities, recognizer

pytestmark = pytest.mark.skipif(SpanKernels is None, reason="the kernels were not built: there is no C compiler")

TEXTS = (*SENTENCES, " ".join(SENTENCES * 5), " \n ", "x", "Acme Rio Acme")


def _first(doc: Doc) -> Doc:
    """Begin sentences at capital letters and give the words of Acme, as a user's rules may do."""
    for token in doc[1:]:
        token.is_sent_start = token.is_title
    doc.ents = [Span(doc, token.i, token.i + 1, "FIRM", kb_id="Q1") for token in doc if token.text == "Acme"]
    return doc


def _blocking(doc: Doc) -> Doc:
    """Say of some tokens that they may be in no entity."""
    doc.set_ents([], blocked=[doc[0:1]] if len(doc) > 1 else [], default="missing")
    return doc


def _merging(doc: Doc) -> Doc:
    """Make one token of the first two, so that the recognizer sees other words."""
    if len(doc) > 2:
        with doc.retokenize() as retokenizer:
            retokenizer.merge(doc[0:2])
    return doc


def _norming(doc: Doc) -> Doc:
    """Write a norm of one's own, which is an input of the recognizer."""
    for token in doc:
        token.norm_ = "acme" if token.is_title else token.norm_
    return doc


def _last(doc: Doc) -> Doc:
    """Write the entities of the recognizer anew, which it must find in the Doc."""
    doc.ents = [Span(doc, span.start, span.end, f"{span.label_}-SEEN") for span in doc.ents if len(span) < 4]
    return doc


OWN: dict[str, Callable[[Doc], Doc]] = {
    "sets": _first,
    "blocks": _blocking,
    "merges": _merging,
    "norms": _norming,
    "rewrites": _last,
}
for _name, _function in OWN.items():
    Language.component(f"spanwise_stage_{_name}", func=_function)


@pytest.mark.parametrize("place", ["before", "after"])
@pytest.mark.parametrize("name", OWN)
def test_a_component_of_ones_own_gets_a_real_doc(name: str, place: str, tmp_path: Path) -> None:
    """What it reads and writes counts as in spaCy, and where it changes the words, spaCy's own recognizer runs."""
    for seed in range(2):
        nlp = long_entities(recognizer(), seed)
        where: dict[str, Any] = {place: "ner"}
        nlp.add_pipe(f"spanwise_stage_{name}", **where)
        nlp.to_disk(tmp_path / str(seed))
        analyzer = Analyzer.load(tmp_path / str(seed))
        assert isinstance(getattr(analyzer.engine, "engine", analyzer.engine), SpacyEngine)
        assert {one["name"]: one["engine"] for one in analyzer.contents.components}["ner"] == "compiled"
        found = analyzer.entities(list(TEXTS))
        assert any(found) is ((name, place) != ("blocks", "after"))  # which then blocks and clears everything
        for text, entities in zip(TEXTS, found, strict=True):
            expected = [(one.start_char, one.end_char, one.label_, one.kb_id_ or None) for one in nlp(text).ents]
            assert [(one.start, one.end, one.label, one.kb_id) for one in entities] == expected


def _with_own(folder: Path) -> Path:
    """Save a pipeline of a senter, a component of one's own and a recognizer."""
    nlp = long_entities(recognizer(), 0, {"senter": {}})
    nlp.add_pipe("spanwise_stage_sets", before="ner")
    nlp.to_disk(folder)
    return folder


def _reasons(analyzer: Analyzer) -> dict[str, str | None]:
    return {one["name"]: one.get("reason") for one in analyzer.contents.components}


def _finding_nothing(texts: list[str], *_: Any) -> list[Annotations]:
    return [Annotations() for _ in texts]


def _failing(*_: Any, **__: Any) -> Any:
    raise RuntimeError("a model that nobody foresaw")


@pytest.mark.parametrize(
    ("patched", "replacement", "why"),
    [
        (stage_choice, _failing, "compiling it failed: a model that nobody foresaw"),
        (CompiledEngine, _failing, "comparing it with spaCy's failed: a model that nobody foresaw"),
        (CompiledEngine, lambda _, *given: _finding_nothing(*given), "built-in texts were answered differently"),
    ],
    ids=["not compiled", "not compared", "differing"],
)
def test_a_stage_that_should_have_served_is_a_defect(
    patched: Any, replacement: Callable[..., Any], why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The recognizer of spaCy serves, the log's line is an error, and each component's reason is its own."""
    folder = _with_own(tmp_path)
    monkeypatch.setattr(patched, "compile_pipeline" if patched is stage_choice else "annotate", replacement)
    analyzer = Analyzer.load(folder)
    assert analyzer.fallback
    assert analyzer.fallback.is_defect
    assert analyzer.fallback.reason.startswith("components beside the recognizer read or write entities; ner: ")
    assert why in analyzer.fallback.reason
    reasons = _reasons(analyzer)
    assert why in str(reasons["ner"])
    assert reasons["senter"] == "components beside the recognizer read or write entities"
    monkeypatch.undo()
    assert analyzer.entities(list(TEXTS)) == Analyzer.load(folder).entities(list(TEXTS))


def test_a_stage_that_the_kernels_do_not_know_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No defect: the reason of the recognizer is what the kernels do not know of it."""

    def refusing(*_: Any, **__: Any) -> Any:
        raise Unsupported("an architecture of tomorrow")

    monkeypatch.setattr(stage_choice, "compile_pipeline", refusing)
    analyzer = Analyzer.load(_with_own(tmp_path))
    assert analyzer.fallback
    assert not analyzer.fallback.is_defect
    assert _reasons(analyzer)["ner"] == "an architecture of tomorrow"
