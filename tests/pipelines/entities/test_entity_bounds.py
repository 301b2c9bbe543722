"""Sentences and entities that are set before the recognizer's turn restrict it in the kernels as they do in spaCy."""

from random import Random
from typing import Any

import pytest
from spacy.tokens import Doc, Span

from spanwise.pipelines.annotations import ENTITIES
from spanwise.pipelines.entities.compiled.comparison import SAMPLE
from spanwise.pipelines.entities.compiled.compiled_engine import compile_pipeline
from spanwise.pipelines.entities.compiled.entity_bounds import bounds_of
from spanwise.pipelines.kernels import SpanKernels
from tests.support.models import SENTENCES, long_entities, pipeline, recognizer

pytestmark = pytest.mark.skipif(SpanKernels is None, reason="the kernels were not built: there is no C compiler")

TEXTS = (*SAMPLE, *SENTENCES, " ".join(SENTENCES * 20), "Maria Silva\n\n \t Acme\n", " \n ")
SHAPES: dict[str, dict[str, Any]] = {
    "three tokens a state": recognizer(),
    "six tokens a state": recognizer(extra_state_tokens=True),
    "no upper layer": recognizer(use_upper=False),
}


def with_starts(doc: Doc, chance: Random) -> Doc:
    """Begin sentences at random tokens, white space included, and leave others open."""
    for token in doc[1:]:
        token.is_sent_start = chance.choice([True, False, None, None])
    return doc


def with_given(doc: Doc, chance: Random) -> Doc:
    """Set random entities, some next to one another, some of white space, and some of a label that is not known."""
    place, given = 0, []
    while place < len(doc):
        length = chance.choice([0, 0, 0, 1, 1, 2, 5])
        if length and place + length <= len(doc):
            given.append(Span(doc, place, place + length, chance.choice(["PERSON", "ORG", "GADGET"])))
        place += length or chance.randint(1, 3)
    doc.set_ents(given)
    return doc


def starts_in(doc: Doc) -> list[int]:
    """Return where the sentences begin."""
    return [token.idx for token in doc if token.is_sent_start]


def bounds_in(doc: Doc) -> list[tuple[int, int]]:
    """Return where the entities are."""
    return [(one.start_char, one.end_char) for one in doc.ents]


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("seed", range(3))
def test_boundaries_and_given_entities_restrict_the_kernels_as_they_restrict_spacy(name: str, seed: int) -> None:
    """Whatever is set before, what the recognizer adds is what spaCy's adds, to the last entity."""
    nlp, chance = long_entities(SHAPES[name], seed), Random(seed)
    compiled = compile_pipeline(nlp, "ner", None)
    texts = [text for text in TEXTS for _ in range(4)]
    docs = [with_starts(nlp.make_doc(text), chance) for text in texts]
    docs = [with_given(doc, chance) if chance.random() < 0.7 else doc for doc in docs]
    starts, given = [starts_in(doc) for doc in docs], [bounds_in(doc) for doc in docs]
    bounds = [bounds_of(*one) for one in zip(starts, given, strict=True)]
    unbound = compiled.annotate(texts, [ENTITIES] * len(texts))
    found = compiled.annotate(texts, [ENTITIES] * len(texts), bounds)
    assert [one.entities for one in found] != [one.entities for one in unbound]
    for doc, one, known in zip(docs, found, given, strict=True):
        expected = {(span.start_char, span.end_char, span.label_) for span in nlp.get_pipe("ner")(doc).ents}
        expected -= {(start, end, label) for start, end, label in expected if (start, end) in known}
        assert {entity[:3] for entity in one.entities} == expected
        assert len(one.entities) == len(expected)
        assert all(0 <= (entity.raw_score or 0.0) <= 1 for entity in one.entities)


def test_a_batch_with_bounds_answers_as_its_texts_alone() -> None:
    """The bounds of a text change nothing in the texts beside it."""
    compiled = compile_pipeline(long_entities(recognizer(), 1), "ner", None)
    bounds = [bounds_of(range(0, len(text), 7)) if i % 2 else None for i, text in enumerate(TEXTS)]
    together = compiled.annotate(TEXTS, [ENTITIES] * len(TEXTS), bounds)
    alone = [compiled.annotate([text], [ENTITIES], [bound])[0] for text, bound in zip(TEXTS, bounds, strict=True)]
    assert together == alone


@pytest.mark.parametrize(
    ("bounds", "reason"),
    [
        ((), "a tuple with the bounds of each text"),
        ([None], "a tuple with the bounds of each text"),
        ((b"1234",), "bytes of pairs"),
        (("x",), "bytes of pairs"),
        ((bounds_of([5, 4]),), "must ascend"),
    ],
)
def test_bounds_that_do_not_fit_are_refused(bounds: Any, reason: str) -> None:
    """A ValueError says what is wrong with the bounds."""
    compiled = compile_pipeline(pipeline({"ner": recognizer()}), "ner", None)
    with pytest.raises(ValueError, match=reason):
        compiled._kernels.annotate(("Maria Silva.",), b"\1", compiled._lexemes, compiled._split, bounds)
