"""The layers that spaCy's components compute: the factories of each layer's components, and how a `Doc` is read.

`component_plan.py` decides from the factories which components run for which layers, and `spacy_engine.py` reads. To
have another layer computed by spaCy, add a row.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from spacy.attrs import DEP, HEAD, IDX, IS_SPACE, LEMMA, LENGTH, MORPH, POS, SENT_START, SPACY, TAG
from spacy.parts_of_speech import NAMES as POS_NAMES
from spacy.tokens import Doc

from spanwise.pipelines.annotations import EntitySpan, LabelledSpan, Layer, NounChunk, SentenceSpan, Tokens

RECOGNIZERS = frozenset({"beam_ner", "ner"})
ENTITY_RULERS = frozenset({"entity_ruler", "future_entity_ruler"})
SPAN_RULER = "span_ruler"
CLASSIFIERS = frozenset({"textcat", "textcat_multilabel"})
SPAN_CATEGORIZERS = frozenset({"spancat", "spancat_singlelabel"})
SPAN_FINDERS = SPAN_CATEGORIZERS | {"span_finder"}
GRAMMAR = frozenset({"attribute_ruler", "lemmatizer", "morphologizer", "parser", "tagger", "trainable_lemmatizer"})


class SpacyLayer(NamedTuple):
    """The factories of the components that compute a layer, and the function that reads it from a Doc."""

    factories: frozenset[str]
    read: Callable[[Doc], Any]


def entities_of(doc: Doc) -> list[EntitySpan]:
    """Read the entities; spaCy gives them no confidence."""
    return [
        EntitySpan(span.start_char, span.end_char, span.label_, None, id=span.id_ or None, kb_id=span.kb_id_ or None)
        for span in doc.ents
    ]


def sentences_of(doc: Doc) -> list[SentenceSpan]:
    """Read the sentences from the tokens' arrays, since making a Span per sentence costs more than finding its bounds.

    Sentences of white space alone are left out.
    """
    columns: NDArray[Any] = doc.to_array([SENT_START, IDX, LENGTH, IS_SPACE])
    if not len(columns):
        return []
    sentence = (columns[:, 0] == 1).cumsum()
    words = np.flatnonzero(columns[:, 3] == 0)
    if not len(words):
        return []
    firsts = np.flatnonzero(np.diff(sentence[words], prepend=-1))
    lasts = np.append(firsts[1:], len(words)) - 1
    starts = columns[words[firsts], 1]
    ends = columns[words[lasts], 1] + columns[words[lasts], 2]
    return [SentenceSpan(*bounds) for bounds in zip(starts.tolist(), ends.tolist(), strict=True)]


def starts_of(doc: Doc) -> list[int]:
    """Return where the tokens begin that are marked as the first of a sentence."""
    columns: NDArray[Any] = doc.to_array([SENT_START, IDX])
    found: list[int] = columns[columns[:, 0] == 1, 1].tolist()
    return found


def categories_of(doc: Doc) -> dict[str, float]:
    """Read the score of each label; components of the user's own may put other numbers than floats there."""
    return {label: float(score) for label, score in doc.cats.items()}


def spans_of(doc: Doc) -> list[LabelledSpan]:
    """Read all groups of spans, with the scores that a span categorizer leaves in the group's attributes.

    A group that another component has changed since then no longer fits its scores, and is read without them.
    """
    spans = []
    for key, group in doc.spans.items():
        left: NDArray[Any] = np.ravel(group.attrs.get("scores", ()))  # one column where there is one label a span
        scores: list[float | None] = left.tolist() if len(left) == len(group) else [None] * len(group)
        spans += [
            LabelledSpan(key, span.start_char, span.end_char, span.label_, score, span.id_ or None)
            for span, score in zip(group, scores, strict=True)
        ]
    return spans


_NAMED = {"tag": TAG, "morph": MORPH, "lemma": LEMMA, "dep": DEP}
"""The attributes whose values are numbers in the string store."""


def tokens_of(doc: Doc) -> Tokens:
    """Read the tokens with the attributes that are set in this Doc, the same as `Doc.to_json` shows."""
    columns: NDArray[Any] = doc.to_array([IDX, LENGTH, SPACY, POS, HEAD, *_NAMED.values()])
    starts, lengths, spaces, pos, heads = columns[:, :5].T
    tokens = Tokens(starts.tolist(), (starts + lengths).tolist(), (spaces != 0).tolist())
    strings = doc.vocab.strings
    for place, name in enumerate(_NAMED, start=5):
        if doc.has_annotation(name.upper()):
            names = {number: strings[number] if number else "" for number in set(columns[:, place].tolist())}
            if name == "morph":
                names = {number: "" if text == "_" else text for number, text in names.items()}
            tokens.annotated[name] = [names[number] for number in columns[:, place].tolist()]
    if doc.has_annotation("POS"):
        tokens.annotated["pos"] = [POS_NAMES[number] for number in pos.tolist()]
    if doc.has_annotation("DEP"):
        tokens.head = (np.arange(len(columns)) + heads.astype(np.int64)).tolist()
    return tokens


def noun_chunks_of(doc: Doc) -> list[NounChunk]:
    """Read the base noun phrases; a text without a parse, such as one of white space, has none."""
    if not doc.has_annotation("DEP"):
        return []
    return [NounChunk(chunk.start_char, chunk.end_char, chunk.root.i) for chunk in doc.noun_chunks]


SPACY_LAYERS: Mapping[Layer, SpacyLayer] = {
    "entities": SpacyLayer(RECOGNIZERS | ENTITY_RULERS | {"entity_linker"}, entities_of),
    "sentences": SpacyLayer(frozenset({"parser", "senter", "sentencizer"}), sentences_of),
    "categories": SpacyLayer(CLASSIFIERS, categories_of),
    "spans": SpacyLayer(SPAN_FINDERS | {SPAN_RULER}, spans_of),
    "tokens": SpacyLayer(GRAMMAR, tokens_of),
    "noun_chunks": SpacyLayer(GRAMMAR, noun_chunks_of),
}
