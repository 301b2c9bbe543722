"""Tests of how `make exactness` tells a toss-up from a defect."""

import math

import pytest
import spacy
from spacy.language import Language

from benchmarks.exactness import Difference, Span, actions, margin
from tests.conftest import ENGLISH

TEXT = "Tim Cook met Angela Merkel in Paris on Monday."


@pytest.fixture(scope="module")
def nlp() -> Language:
    """Load spaCy's recognizer alone."""
    loaded = spacy.load(ENGLISH)
    loaded.select_pipes(enable=["ner"])
    return loaded


@pytest.fixture(scope="module")
def theirs(nlp: Language) -> list[Span]:
    """Return the spans that spaCy finds."""
    return [(span.start_char, span.end_char, span.label_) for span in nlp(TEXT).ents]


def test_spans_are_spacys_actions(nlp: Language, theirs: list[Span]) -> None:
    """Spans are written as spaCy's actions, one for each token; spans off token boundaries fit none."""
    doc = nlp.make_doc(TEXT)
    expected = ["B-PERSON", "L-PERSON", "O", "B-PERSON", "L-PERSON", "O", "U-GPE", "O", "U-DATE", "O"]
    assert actions(doc, theirs) == expected
    assert set(actions(doc, [(0, 2, "PERSON")])) == {"?"}


def test_the_margin_is_that_of_the_parting(nlp: Language, theirs: list[Span]) -> None:
    """The margin is that of the first action that differs, and infinite for spans that spaCy could not have found."""
    without_last = margin(nlp, TEXT, theirs[:-1], theirs)
    assert 0 < without_last < math.inf
    both = [*theirs[1:-1]]
    first = margin(nlp, TEXT, both, theirs)
    assert 0 < first < math.inf
    assert first != without_last
    assert margin(nlp, TEXT, [(0, 2, "PERSON")], theirs) == math.inf
    assert margin(nlp, TEXT, [(0, 8, "NONSENSE")], theirs) == math.inf
    assert margin(nlp, TEXT, theirs, theirs) == math.inf


@pytest.mark.parametrize(
    ("of", "sentences", "allowed"), [(0.0, False, True), (5e-5, False, True), (2e-4, False, False), (0.0, True, False)]
)
def test_only_a_toss_up_between_entities_is_allowed(of: float, sentences: bool, allowed: bool) -> None:
    """A difference is allowed if its margin is below 1e-4 and sentences are equal."""
    assert Difference(TEXT, [], [], of, sentences).is_allowed is allowed
