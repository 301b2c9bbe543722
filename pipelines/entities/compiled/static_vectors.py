"""Read static vectors for the kernels: a table that a pipeline's networks share (`spacy/vectors.pyx`).

The vectors themselves are not copied: `pipelines/entities/mapped_vectors.py` has mapped them from the pipeline's own
file, so that all workers share their pages. The keys, which spaCy holds in a dictionary of Python numbers, become two
arrays (6 MB for 514,000 words). Each network has a projection of its own (`layers.py`), which the kernels apply.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from spacy.attrs import IDS, ORTH
from spacy.vectors import Mode, Vectors
from spacy.vocab import Vocab

from spanwise.pipelines.entities.compiled.layers import Floats, Tok2Vec
from spanwise.pipelines.entities.compiled.unsupported import Unsupported

_KEYS = frozenset({"LOWER", "NORM", "ORTH", "PREFIX", "SHAPE", "SUFFIX"})


@dataclass(frozen=True, slots=True)
class VectorTable:
    """Static vectors `data` [rows, values], found by the `keys` of words, or by their n-grams as floret does."""

    data: Floats
    attribute: str
    """The attribute whose value is the key."""
    keys: tuple[NDArray[np.uint64], NDArray[np.uint32]] | None
    """All keys, ascending, and the row of each."""
    floret: tuple[str, str, int, int, int, int] | None
    """What begins and ends a word, code points of the shortest and longest n-gram, hashes of each, their seed."""

    @property
    def values(self) -> int:
        """How many values a vector has."""
        return int(self.data.shape[1])

    def spec(self, attributes: Sequence[str]) -> tuple[Any, ...]:
        """Describe the table for the kernels (`kernels/python/static_spec.h`)."""
        return self.data, attributes.index(self.attribute), self.keys, self.floret


def read_table(vocab: Vocab) -> VectorTable:
    """Read the static vectors of a vocabulary. Raises `Unsupported`."""
    vectors: Any = vocab.vectors
    if not isinstance(vectors, Vectors) or vectors.mode not in (Mode.default, Mode.floret):
        raise Unsupported(f"static vectors by {type(vectors).__name__}")
    number = getattr(vectors, "attr", ORTH)
    attribute = next((name for name, other in IDS.items() if other == number), str(number))
    if attribute not in _KEYS or (vectors.mode == Mode.floret and number != ORTH):
        raise Unsupported(f"static vectors by {attribute}")
    data = np.ascontiguousarray(vectors.data, dtype=np.float32)
    if not data.size:
        raise Unsupported("static vectors without values")
    if vectors.mode == Mode.floret:
        floret = (vectors.bow, vectors.eow, vectors.minn, vectors.maxn, vectors.hash_count, vectors.hash_seed)
        return VectorTable(data, attribute, None, floret)
    found = vectors.key2row
    keys = np.fromiter(found.keys(), dtype=np.uint64, count=len(found))
    rows = np.fromiter(found.values(), dtype=np.int64, count=len(found))
    there = np.flatnonzero(rows >= 0)
    order = there[np.argsort(keys[there])]
    return VectorTable(data, attribute, (keys[order], rows[order].astype(np.uint32)), None)


def check_projections(table: VectorTable, networks: Sequence[Tok2Vec]) -> None:
    """Raise `Unsupported` where a network was trained with static vectors of another length."""
    if any(one.statics is not None and one.statics.shape[1] != table.values for one in networks):
        raise Unsupported("static vectors of another length than the model was trained with")
