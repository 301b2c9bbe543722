"""Look up static vectors by word and project them, as a model does (`spacy/ml/staticvectors.py`)."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from spacy.attrs import ORTH
from spacy.strings import get_string_id
from spacy.vectors import Mode, Vectors
from spacy.vocab import Vocab

from spanwise.pipelines.entities.compiled.layers import Floats, Tok2Vec
from spanwise.pipelines.entities.compiled.lexemes import NoStaticVectors, StaticVectors
from spanwise.pipelines.entities.compiled.unsupported import Unsupported


def statics_of(vocab: Vocab, networks: Sequence[Tok2Vec]) -> StaticVectors:
    """Return the static vectors that networks read. Raises `Unsupported` where two project them differently."""
    projections = [network.statics for network in networks if network.statics is not None]
    if not projections:
        return NoStaticVectors()
    if any(projection is not projections[0] for projection in projections):
        raise Unsupported("two networks with static vectors of their own")
    return ProjectedVectors(vocab, projections[0])


class ProjectedVectors:
    """The static vectors of words times a learned projection [values, vector]; zeros where a word has none."""

    def __init__(self, vocab: Vocab, projection: Floats) -> None:
        vectors = vocab.vectors
        if not isinstance(vectors, Vectors) or vectors.mode not in (Mode.default, Mode.floret):
            raise Unsupported(f"static vectors by {type(vectors).__name__}")
        if getattr(vectors, "attr", ORTH) != ORTH:  # a norm, for one, depends on the exception that a token is from
            raise Unsupported("static vectors by another attribute than the word itself")
        self._vectors = vectors
        self._projection = np.ascontiguousarray(projection.T)
        self.width = int(projection.shape[0])
        if vectors.shape[1] != projection.shape[1]:
            raise Unsupported("static vectors of another length than the model was trained with")

    def __call__(self, words: Sequence[str]) -> NDArray[np.float32]:
        """Return the projected vectors of words: [words, values]."""
        if not words:
            return np.zeros((0, self.width), dtype=np.float32)
        if self._vectors.mode == Mode.floret:
            found = np.asarray(self._vectors.get_batch(list(words)), dtype=np.float32)
            return found @ self._projection
        rows = np.asarray(self._vectors.find(keys=[get_string_id(word) for word in words]))
        projected = np.asarray(self._vectors.data[rows], dtype=np.float32) @ self._projection
        projected[rows < 0] = 0
        return projected
