"""Read a spaCy tok2vec from the Thinc model itself: what its layers are and which weights they have.

Nothing is assumed: the tree of layers is walked, and a layer that is not known raises `Unsupported`. Known are the
architectures `spacy.HashEmbedCNN` and `spacy.Tok2Vec` of `spacy.MultiHashEmbed` (with or without static
vectors) and `spacy.MaxoutWindowEncoder`, of any width, depth, window, number of pieces and attributes; sources:
`spacy/ml/models/tok2vec.py` and `thinc/layers/`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from thinc.api import Model

from spanwise.pipelines.entities.compiled.unsupported import Unsupported

Floats = NDArray[np.float32]
AnyModel = Model[Any, Any]

_ALL_ROWS = (slice(None), slice(0, None))
_TRANSPARENT = {"dropout", "noop", "list2array", "list2ragged", "ragged2list"}


@dataclass(frozen=True, slots=True)
class MaxoutLayer:
    """A maxout layer: `weights` [outputs, pieces, inputs], `bias` [outputs, pieces], a layer norm's gain and shift."""

    weights: Floats
    bias: Floats
    gain: Floats | None = None
    shift: Floats | None = None

    @property
    def spec(self) -> tuple[Any, ...]:
        """The layer as the kernels read it (`kernels/python/layer_spec.h`)."""
        return (self.weights, self.bias, self.gain, self.shift)


@dataclass(frozen=True, slots=True)
class HashTable:
    """Hash embeddings [rows, values] of one lexical attribute, named as spaCy names it."""

    weights: Floats
    seed: int
    attribute: str


@dataclass(frozen=True, slots=True)
class Tok2Vec:
    """Embeddings of lexical attributes (and of static vectors, projected by `statics` [values, vector]), mixed by a
    maxout layer, then residual convolutions over `window` tokens to either side.
    """

    tables: tuple[HashTable, ...]
    statics: Floats | None
    mix: MaxoutLayer
    convolutions: tuple[MaxoutLayer, ...]
    window: int

    @property
    def width(self) -> int:
        """Values of a token's vector."""
        return int(self.mix.weights.shape[0])

    def spec(self, attributes: Sequence[str]) -> tuple[Any, ...]:
        """Describe the network for the kernels (`read_network` in `kernels/python/span_spec.c`).

        `attributes` are the columns that a word is described by.
        """
        tables = tuple((t.weights, t.seed, attributes.index(t.attribute)) for t in self.tables)
        projection = None
        if self.statics is not None:
            projection = affine(self.statics, np.zeros(len(self.statics), dtype=np.float32)).spec
        return (tables, projection, self.mix.spec, tuple(layer.spec for layer in self.convolutions), self.window)


def kind(model: AnyModel) -> str:
    """Return the kind of a layer, such as `maxout`: the name of the module of its forward pass."""
    return str(model._func.__module__).rpartition(".")[2]  # noqa: SLF001 - Thinc tells the kind of a layer nowhere else


def parameter(model: AnyModel, name: str) -> Floats:
    """Return a parameter of a layer as dense 32-bit floats. Raises `Unsupported`."""
    if not model.has_param(name):
        raise Unsupported(f"the layer {kind(model)!r} has no weights")
    return np.ascontiguousarray(model.get_param(name), dtype=np.float32)


def sequence(model: AnyModel) -> list[AnyModel]:
    """Return the layers that a model applies one after the other, without those that only change the container."""
    if kind(model) in _TRANSPARENT:
        return []
    if kind(model) in ("chain", "with_array"):
        return [step for layer in model.layers for step in sequence(layer)]
    return [model]


def read_layer(layers: list[AnyModel]) -> MaxoutLayer:
    """Take a maxout layer, and the layer norm that may follow it, from the front of `layers`."""
    maxout = _take(layers, "maxout")
    weights, bias = parameter(maxout, "W"), parameter(maxout, "b")
    if not layers or kind(layers[0]) != "layernorm":
        return MaxoutLayer(weights, bias)
    norm = _take(layers, "layernorm")
    return MaxoutLayer(weights, bias, parameter(norm, "G"), parameter(norm, "b"))


def affine(weights: Floats, bias: Floats) -> MaxoutLayer:
    """Turn a linear layer [outputs, inputs] into a maxout layer of one piece."""
    return MaxoutLayer(np.ascontiguousarray(weights[:, None, :]), np.ascontiguousarray(bias[:, None]))


def read_tok2vec(model: AnyModel, below: AnyModel | None = None) -> Tok2Vec:
    """Read a tok2vec: a whole model, or the layers `below` its last one. Raises `Unsupported`."""
    pads = {
        id(inner): layer.attrs["pad"]
        for layer in _walk(model)
        if kind(layer) == "with_array"
        for inner in sequence(layer)
    }
    layers = [layer for layer in sequence(model) if layer is not below]
    tables, statics = _read_embedding(layers)
    mix = read_layer(layers)
    convolutions, windows = [], set()
    steps = list(layers)
    for residual in steps:
        convolution, window = _read_convolution(residual)
        convolutions.append(convolution)
        windows.add(window)
    window = windows.pop() if windows else 1
    if windows or any(pads.get(id(step)) != window * len(steps) for step in steps):
        raise Unsupported("convolutions with different windows, or with another padding than their receptive field")
    found = Tok2Vec(tables, statics, mix, tuple(convolutions), window)
    _check_widths(found)
    return found


def _read_embedding(layers: list[AnyModel]) -> tuple[tuple[HashTable, ...], Floats | None]:
    if layers and kind(layers[0]) == "concatenate" and kind(layers[0].layers[-1]) == "staticvectors":
        both = layers.pop(0).layers
        if len(both) != 2:  # noqa: PLR2004
            raise Unsupported("an embedding of more than attributes and static vectors")
        inner = sequence(both[0])
        tables = _read_tables(inner)
        if inner:
            raise Unsupported(f"the layer {kind(inner[0])!r} in an embedding")
        return tables, parameter(both[1], "W")
    return _read_tables(layers), None


def _read_tables(layers: list[AnyModel]) -> tuple[HashTable, ...]:
    attributes = _take(layers, "featureextractor").attrs["columns"]
    if layers and kind(layers[0]) == "concatenate":
        branches = [sequence(branch) for branch in layers.pop(0).layers]
    else:  # of a single attribute
        branches = [[layers.pop(0) for _ in range(min(2, len(layers)))]]
    tables = []
    for branch in branches:
        column = _take(branch, "array_getitem").attrs["index"]
        embed = _take(branch, "hashembed")
        if branch or not isinstance(column, tuple) or column[0] not in _ALL_ROWS or not isinstance(column[1], int):
            raise Unsupported("an embedding that is not of one attribute")
        tables.append(HashTable(parameter(embed, "E"), int(embed.attrs["seed"]), str(attributes[column[1]])))
    return tuple(tables)


def _read_convolution(model: AnyModel) -> tuple[MaxoutLayer, int]:
    if kind(model) != "residual":
        raise Unsupported(f"the layer {kind(model)!r} in an encoder")
    layers = sequence(model.layers[0])
    window = int(_take(layers, "expand_window").attrs["window_size"])
    layer = read_layer(layers)
    if layers:
        raise Unsupported(f"the layer {kind(layers[0])!r} in a convolution")
    return layer, window


def _check_widths(found: Tok2Vec) -> None:
    inputs = sum(table.weights.shape[1] for table in found.tables)
    inputs += 0 if found.statics is None else found.statics.shape[0]
    fits = found.mix.weights.shape[2] == inputs and all(
        layer.weights.shape[0] == found.width and layer.weights.shape[2] == found.width * (2 * found.window + 1)
        for layer in found.convolutions
    )
    if not fits:
        raise Unsupported("layers whose widths do not fit one another")


def _take(layers: list[AnyModel], expected: str) -> AnyModel:
    if not layers or kind(layers[0]) != expected:
        raise Unsupported(
            f"the layer {kind(layers[0])!r} where {expected!r} was expected" if layers else f"no {expected!r}"
        )
    return layers.pop(0)


def _walk(model: AnyModel) -> list[AnyModel]:
    return [model, *(inner for layer in model.layers for inner in _walk(layer))]
