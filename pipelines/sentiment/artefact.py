"""The trained model as a folder of plain files: no pickle, and rows that all workers of a process group share.

    vocabulary.txt    one token per line; the line's number is its row
    embeddings.npy    int8 [vocabulary + buckets, width]: first words, then hashed n-grams
    model.npz         float32 arrays, see `_SHAPES`
    metadata.json     how it was made and how good it is

`training/export.py` writes it.
"""

import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spanwise.pipelines.annotations import Scores
from spanwise.pipelines.load_errors import PipelineBroken
from spanwise.pipelines.sentiment.tokens import FLAGS

Floats = NDArray[np.float32]

CLASSES = len(Scores._fields)
MAX_DISTANCE = 12  # tokens: a target's neighbours farther away share the position of this distance
FORMAT = 1

_NETWORK = {
    "convolution.weights": ("layers", "width", "pieces", "window"),
    "convolution.bias": ("layers", "width", "pieces"),
    "convolution.gain": ("layers", "width"),
    "convolution.shift": ("layers", "width"),
    "attention": ("heads", "width"),
    "hidden.weights": ("hidden", "hidden pieces", "features"),
    "hidden.bias": ("hidden", "hidden pieces"),
    "output.weights": ("outputs", "hidden"),
    "output.bias": ("outputs",),
}
_SHAPES = {
    "scales": ("rows",),
    "flags": ("flags", "width"),
    "empty": ("sentence outputs",),
    "target.positions": ("distances", "width"),
    "target.mask": ("width",),
    "text.exponent": ("one",),
    "text.bias": ("classes",),
}
_FIXED = {
    "flags": FLAGS,
    "sentence outputs": CLASSES + 1,
    "distances": 2 * MAX_DISTANCE + 1,
    "one": 1,
    "classes": CLASSES,
}


@dataclass(frozen=True)
class Network:
    """Residual convolutions over three tokens each, pooled by attention heads and by a maximum, and a hidden layer.

    `weights` [layers, width, pieces, 3 x width]: of the token before, the token and the one after; `bias` [layers,
    width, pieces]; `gain`, `shift` [layers, width] of the layer norm; `attention` [heads, width]; `hidden` [hidden,
    pieces, features] and `hidden_bias` [hidden, pieces]; `output` [outputs, hidden] and `output_bias` [outputs].
    """

    weights: Floats
    bias: Floats
    gain: Floats
    shift: Floats
    attention: Floats
    hidden: Floats
    hidden_bias: Floats
    output: Floats
    output_bias: Floats


@dataclass(frozen=True)
class Artefact:
    """The folder in memory. `embeddings` is mapped from its file; a row's values are its codes times its scale."""

    vocabulary: list[str]
    embeddings: NDArray[np.int8]
    scales: Floats
    flags: Floats
    empty: Floats
    sentence: Network
    target: Network
    positions: Floats
    mask: Floats
    exponent: float
    bias: Floats
    metadata: dict[str, Any]

    @property
    def buckets(self) -> int:
        """How many rows there are for hashed n-grams."""
        return len(self.embeddings) - len(self.vocabulary)

    @classmethod
    def load(cls, folder: Path) -> "Artefact":
        """Read the folder. Raises `PipelineBroken` where a file is missing, unreadable, or does not fit the others."""
        try:
            vocabulary = (folder / "vocabulary.txt").read_bytes().decode().split("\n")[:-1]
            embeddings = np.load(folder / "embeddings.npy", mmap_mode="r", allow_pickle=False)
            with np.load(folder / "model.npz", allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
            metadata = json.loads((folder / "metadata.json").read_bytes())
        except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
            raise _broken(f"{type(error).__name__} while its files were read") from error
        if not isinstance(metadata, dict) or metadata.get("format") != FORMAT:
            raise _broken(f"metadata.json does not name format {FORMAT}")
        if embeddings.dtype != np.int8 or embeddings.ndim != 2:  # noqa: PLR2004
            raise _broken("embeddings.npy is not a matrix of int8")
        rows, width = embeddings.shape
        if not len(set(vocabulary)) == len(vocabulary) < rows:
            raise _broken("vocabulary.txt repeats a word, or embeddings.npy has no rows for n-grams")
        sizes = {**_FIXED, "rows": rows, "width": width, "window": 3 * width}
        _check(arrays, _SHAPES, sizes)
        networks = []
        for name, outputs, extra in (("sentence", CLASSES + 1, 1), ("target", CLASSES, 2)):
            own = {**sizes, "outputs": outputs}
            _check(arrays, {f"{name}.{part}": shape for part, shape in _NETWORK.items()}, own)
            network = Network(*(arrays[f"{name}.{part}"] for part in _NETWORK))
            if network.hidden.shape[2] != (len(network.attention) + extra) * width:
                raise _broken(f"{name}.hidden.weights does not fit {name}.attention")
            networks.append(network)
        return cls(
            vocabulary=vocabulary,
            embeddings=embeddings,
            scales=arrays["scales"],
            flags=arrays["flags"],
            empty=arrays["empty"],
            sentence=networks[0],
            target=networks[1],
            positions=arrays["target.positions"],
            mask=arrays["target.mask"],
            exponent=float(arrays["text.exponent"][0]),
            bias=arrays["text.bias"],
            metadata=metadata,
        )


def _check(arrays: Mapping[str, NDArray[Any]], shapes: Mapping[str, tuple[str, ...]], sizes: dict[str, int]) -> None:
    """Check that every array is there, of finite floats, and that sizes of one name are equal.

    A size that is met for the first time is put into `sizes`.
    """
    for name, shape in shapes.items():
        array = arrays.get(name)
        if array is None:
            raise _broken(f"model.npz has no array {name!r}")
        if array.dtype != np.float32 or array.ndim != len(shape):
            raise _broken(f"{name} is not an array of float32 with {len(shape)} dimensions")
        for size, dimension in zip(array.shape, shape, strict=True):
            if sizes.setdefault(dimension, size) != size or not size:
                raise _broken(f"{name} has {size} {dimension}, not {sizes[dimension]}")
        if not np.isfinite(array).all():
            raise _broken(f"{name} holds values that are not finite")


def _broken(why: str) -> PipelineBroken:
    return PipelineBroken(f"The sentiment model cannot be used: {why}.")
