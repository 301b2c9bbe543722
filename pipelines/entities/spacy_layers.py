"""The layers that spaCy's components compute: the factories of each layer's components, and how a `Doc` is read.

`spacy_pipeline.py` keeps the components of these factories, and `spacy_engine.py` runs them where the layer is wanted
and reads it. To have another layer computed by spaCy, add a row.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from spacy.attrs import IDX, IS_SPACE, LENGTH, SENT_START
from spacy.tokens import Doc

from spanwise.pipelines.annotations import EntitySpan, Layer, SentenceSpan


class SpacyLayer(NamedTuple):
    """The factories of all components that compute a layer, and the function that reads it from a Doc.

    No factories: `spacy_pipeline.py` has rules of its own for the layer's components.
    """

    factories: frozenset[str]
    read: Callable[[Doc], Any]


def entities_of(doc: Doc) -> list[EntitySpan]:
    """Read the entities; spaCy gives them no confidence."""
    return [EntitySpan(span.start_char, span.end_char, span.label_, None) for span in doc.ents]


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


SPACY_LAYERS: dict[Layer, SpacyLayer] = {
    "entities": SpacyLayer(frozenset(), entities_of),
    "sentences": SpacyLayer(frozenset(), sentences_of),
}
