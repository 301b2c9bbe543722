"""Compute a recognizer by the kernels in the middle of spaCy's own pipeline, from a Doc and into it.

Where a component that is not compiled stands before or behind the recognizer, spaCy runs the pipeline on real Docs, in
its order. The recognizer itself is a stage: what components before it have set of sentences and entities restricts it,
and what it finds is set in the Doc for those behind it, both as in `spacy/pipeline/_parser_internals/ner.pyx`.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from spacy.attrs import ENT_IOB, ENT_TYPE, NORM, ORTH, SPACY
from spacy.tokens import Doc, Span

from spanwise.pipelines.annotations import ENTITIES
from spanwise.pipelines.entities.compiled.compiled_engine import CompiledEngine
from spanwise.pipelines.entities.compiled.entity_bounds import bounds_of
from spanwise.pipelines.entities.spacy_layers import starts_of

_BEGINS, _INSIDE = 3, 1


class RecognizerStage:
    """A compiled recognizer that reads Docs and writes to them."""

    def __init__(self, compiled: CompiledEngine) -> None:
        self._compiled = compiled

    def __call__(self, docs: Sequence[Doc]) -> None:
        """Set the entities of Docs that it `can_read`."""
        bounds = [bounds_of(starts_of(doc), [(one.start_char, one.end_char) for one in doc.ents]) for doc in docs]
        found = self._compiled.annotate([doc.text for doc in docs], [ENTITIES] * len(docs), bounds)
        for doc, one in zip(docs, found, strict=True):
            new = [doc.char_span(entity.start, entity.end, entity.label) for entity in one.entities]
            doc.set_ents([*doc.ents, *(span for span in new if isinstance(span, Span))], default="outside")


def words_of(doc: Doc) -> bytes:
    """Return what a recognizer sees of a Doc beside its boundaries and entities, to be compared with later."""
    values: NDArray[Any] = doc.to_array([ORTH, NORM, SPACY])
    return values.tobytes()


def can_read(doc: Doc, words: bytes) -> bool:
    """Return whether a Doc has the words that the tokenizer made of its text, and no token that may be no entity.

    `words`: as `words_of` returned it when the Doc was made.
    """
    if words_of(doc) != words:
        return False
    values: NDArray[Any] = doc.to_array([ENT_IOB, ENT_TYPE])
    kinds, labels = values.T
    if not kinds.any():
        return True
    is_inside = kinds == _INSIDE
    follows = np.append(False, np.isin(kinds[:-1], (_BEGINS, _INSIDE)))
    is_blocked = (kinds == _BEGINS) & (labels == 0)
    return not is_blocked.any() and bool(follows[is_inside].all())
