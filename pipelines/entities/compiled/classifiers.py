"""Read text classifiers from their Thinc models: `textcat` and `textcat_multilabel`.

Nothing is assumed: the layers are walked, and what is not known raises `Unsupported`. Known are the architectures
`spacy.TextCatBOW.v1` to `v3`, `TextCatCNN.v1` and `v2`, `TextCatReduce.v1`, `TextCatEnsemble.v2` and
`TextCatParametricAttention.v1`, with any tok2vec that `layers.py` knows, of their own or shared; sources:
`spacy/ml/models/textcat.py` and `thinc/layers/`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from spacy.attrs import NAMES, intify_attr
from spacy.language import Language
from spacy.pipeline.textcat import TextCategorizer
from spacy.pipeline.textcat_multilabel import MultiLabel_TextCategorizer

from spanwise.pipelines.entities.compiled.components import shared_tok2vec
from spanwise.pipelines.entities.compiled.layers import (
    AnyModel,
    Floats,
    MaxoutLayer,
    Tok2Vec,
    affine,
    kind,
    parameter,
    read_layer,
    read_tok2vec,
    sequence,
)
from spanwise.pipelines.entities.compiled.unsupported import Unsupported
from spanwise.pipelines.kernels import constants

_MOST_WEIGHTS = 1 << 28
"""Weights of a layer over n-grams: a gigabyte."""

_POOLINGS = {"reduce_first": "POOL_FIRST", "reduce_last": "POOL_LAST", "reduce_max": "POOL_MAX",
             "reduce_mean": "POOL_MEAN"}  # fmt: skip
_ACTIVATIONS = {"softmax_activation": "ACTIVATION_SOFTMAX", "logistic": "ACTIVATION_LOGISTIC"}
_CONTAINERS = {"chain", "resizable", "with_cpu"}
_TRANSPARENT = {"dropout", "list2ragged", "noop"}


@dataclass(frozen=True, slots=True)
class Ngrams:
    """A linear layer over n-grams of 1 to `longest` tokens, which are keyed by an attribute.

    `weights` are flat: the row of a hash begins at the hash modulo `rows`, times `stride`.
    """

    weights: Floats
    bias: Floats
    rows: int
    stride: int
    longest: int
    attribute: str
    activation: str

    def spec(self, attributes: Sequence[str]) -> tuple[Any, ...]:
        """Describe the layer for the kernels (`kernels/python/classifier_spec.h`)."""
        column, activation = attributes.index(self.attribute), getattr(constants, self.activation)
        return (self.weights, self.bias, self.rows, self.stride, self.longest, column, activation)


@dataclass(frozen=True, slots=True)
class Vectors:
    """The vectors of a tok2vec made into one: by poolings side by side, or by attention with a `query` [width]."""

    tok2vec: Tok2Vec
    poolings: tuple[str, ...]
    query: Floats | None = None
    keys: MaxoutLayer | None = None
    residual: MaxoutLayer | None = None

    def spec(self, network: Any) -> tuple[Any, ...]:
        """Describe the layers for the kernels. `network` is the tok2vec's description, or whose it is."""
        poolings = np.array([getattr(constants, name) for name in self.poolings], dtype=np.int32).tobytes()
        keys, residual = (layer and layer.spec for layer in (self.keys, self.residual))
        return (network, poolings, self.query, keys, residual)


@dataclass(frozen=True, slots=True)
class Classifier:
    """A text classifier: n-grams, vectors or both; then an output layer, without which the n-grams' scores stand."""

    labels: tuple[str, ...]
    ngrams: Ngrams | None
    vectors: Vectors | None
    output: MaxoutLayer | None
    activation: str

    @property
    def tok2vec(self) -> Tok2Vec | None:
        """The network that it reads the vectors of; None for n-grams alone."""
        return self.vectors.tok2vec if self.vectors else None

    def spec(self, attributes: Sequence[str], network_of: Callable[[Tok2Vec], Any]) -> tuple[Any, ...]:
        """Describe the classifier for the kernels."""
        return (
            self.ngrams and self.ngrams.spec(attributes),
            self.vectors and self.vectors.spec(network_of(self.vectors.tok2vec)),
            self.output and self.output.spec,
            getattr(constants, self.activation),
        )


def read_classifier(nlp: Language, name: str) -> Classifier:
    """Read a text classifier. Raises `Unsupported`."""
    component: Any = nlp.get_pipe(name)
    if type(component) not in (TextCategorizer, MultiLabel_TextCategorizer):
        raise Unsupported(f"categories by {type(component).__name__}")
    labels = tuple(component.labels)
    found = _read(labels, component.model, lambda: read_tok2vec(shared_tok2vec(nlp, name)))
    outputs = found.output.weights.shape[0] if found.output else len(found.ngrams.bias) if found.ngrams else 0
    if outputs != len(labels):
        raise Unsupported("another number of scores than of labels")
    return found


def _read(labels: tuple[str, ...], model: AnyModel, shared: Callable[[], Tok2Vec]) -> Classifier:
    tok2vec = next((layer.get_ref("tok2vec") for layer in model.walk() if layer.has_ref("tok2vec")), None)
    layers = flat(model, tok2vec)
    if tok2vec is None:
        ngrams = _read_ngrams(layers)
        if layers:
            raise Unsupported(f"the layer {kind(layers[0])!r} behind n-grams")
        return Classifier(labels, ngrams, None, None, "ACTIVATION_NONE")
    output, activation = read_output(layers)
    ensemble = None
    if layers and kind(layers[0]) == "concatenate" and tok2vec is not layers[0]:
        if len(layers) != 1 or len(layers[0].layers) != 2:  # noqa: PLR2004
            raise Unsupported("an ensemble of other parts than n-grams and vectors")
        linear, cnn = layers[0].layers
        below = flat(linear, tok2vec)
        ensemble = _read_ngrams(below)
        if below:
            raise Unsupported(f"the layer {kind(below[0])!r} in an ensemble")
        layers = flat(cnn, tok2vec)
    vectors = _read_vectors(layers, tok2vec, shared)
    classifier = Classifier(labels, ensemble, vectors, output, activation)
    _check_widths(classifier)
    return classifier


def flat(model: AnyModel, tok2vec: AnyModel | None) -> list[AnyModel]:
    """Return the layers that are applied one after the other, the tok2vec as a single one."""
    if model is tok2vec:
        return [model]
    if kind(model) in _TRANSPARENT:
        return []
    if kind(model) in _CONTAINERS:
        return [step for layer in model.layers for step in flat(layer, tok2vec)]
    return [model]


def take(layers: list[AnyModel], *kinds: str) -> AnyModel:
    """Take the first layer, which must be of one of these kinds."""
    if not layers or kind(layers[0]) not in kinds:
        found = repr(kind(layers[0])) if layers else "nothing"
        raise Unsupported(f"{found} where {' or '.join(kinds)} was expected in a classifier")
    return layers.pop(0)


def _read_ngrams(layers: list[AnyModel]) -> Ngrams:
    """Take a layer over n-grams, and the activation that may follow it, from the front of `layers`."""
    extract, linear = take(layers, "extract_ngrams"), take(layers, "sparselinear")
    activation = _ACTIVATIONS[kind(layers.pop(0))] if layers and kind(layers[0]) in _ACTIVATIONS else "ACTIVATION_NONE"
    longest = int(extract.attrs["ngram_size"])
    if longest > constants.LONGEST_NGRAM:
        raise Unsupported(f"n-grams of {longest} tokens")
    number = intify_attr(extract.attrs["attr"])
    weights, bias = parameter(linear, "W"), parameter(linear, "b")
    classes, rows = len(bias), int(linear.get_dim("length"))
    if weights.size != classes * rows or weights.size > _MOST_WEIGHTS or not 0 < rows < 1 << 30:
        raise Unsupported("weights of n-grams of another number than classes times rows, or more than 2^28")
    attribute = NAMES[number] if number is not None and number < len(NAMES) else str(number)
    if linear.attrs["v1_indexing"]:  # overlapping rows: the hashes are masked, which is modulo for a power of two
        if rows & (rows - 1):
            raise Unsupported("n-grams hashed to a number of rows that is no power of two")
        overlapping = np.ascontiguousarray(weights.ravel()[: rows - 1 + classes])
        return Ngrams(overlapping, bias, rows, 1, max(1, longest), attribute, activation)
    by_row = np.ascontiguousarray(weights.reshape(classes, rows).T).ravel()
    return Ngrams(by_row, bias, rows, classes, max(1, longest), attribute, activation)


def read_output(layers: list[AnyModel]) -> tuple[MaxoutLayer, str]:
    """Take the output layer and its activation from the end of `layers`."""
    activation = "ACTIVATION_NONE"
    if layers and kind(layers[-1]) in _ACTIVATIONS:
        activation = _ACTIVATIONS[kind(layers.pop())]
    if not layers or kind(layers[-1]) not in ("linear", "softmax"):
        raise Unsupported("no output layer behind the vectors of a classifier")
    top = layers.pop()
    weights, bias = parameter(top, "W"), parameter(top, "b")
    if kind(top) == "softmax":
        if not top.attrs.get("softmax_normalize", True) or activation != "ACTIVATION_NONE":
            raise Unsupported("a softmax that is not normalized, or has an activation behind it")
        temperature = np.float32(top.attrs.get("softmax_temperature", 1.0))
        return affine(weights / temperature, bias / temperature), "ACTIVATION_SOFTMAX"
    return affine(weights, bias), activation


def _read_vectors(layers: list[AnyModel], tok2vec: AnyModel, shared: Callable[[], Tok2Vec]) -> Vectors:
    if not layers or layers.pop(0) is not tok2vec:
        raise Unsupported("layers between a classifier's tokens and its tok2vec")
    network = read_encoder(tok2vec, shared)
    if layers and kind(layers[0]).startswith("parametricattention"):
        return _read_attention(layers, network)
    pooled = take(layers, "concatenate", *_POOLINGS)
    branches = pooled.layers if kind(pooled) == "concatenate" else [pooled]
    if layers or any(kind(branch) not in _POOLINGS for branch in branches) or len(branches) > len(_POOLINGS):
        raise Unsupported("poolings that are not known, or layers behind them")
    return Vectors(network, tuple(_POOLINGS[kind(branch)] for branch in branches))


def read_encoder(tok2vec: AnyModel, shared: Callable[[], Tok2Vec]) -> Tok2Vec:
    """Read the tok2vec of a classifier, its own or the `shared` one that it listens to."""
    listeners = [layer for layer in tok2vec.walk() if kind(layer) == "tok2vec"]
    if listeners and sequence(tok2vec) != listeners:
        raise Unsupported("layers between a shared tok2vec and the classifier")
    return shared() if listeners else read_tok2vec(tok2vec)


def _read_attention(layers: list[AnyModel], network: Tok2Vec) -> Vectors:
    attention = take(layers, "parametricattention", "parametricattention_v2")
    query = parameter(attention, "Q")
    keys = _read_keys(attention.get_ref("key_transform")) if attention.has_ref("key_transform") else None
    take(layers, "reduce_sum")
    residual = take(layers, "residual")
    inner = flat(residual.layers[0], None)
    layer = read_layer(inner)
    if layers or inner:
        raise Unsupported("layers behind the attention of a classifier")
    return Vectors(network, ("POOL_ATTENTION",), query, keys, layer)


def _read_keys(model: AnyModel) -> MaxoutLayer | None:
    if kind(model) == "noop":
        return None
    if kind(model) != "gelu":
        raise Unsupported(f"attention to keys made by {kind(model)!r}")
    return affine(parameter(model, "W"), parameter(model, "b"))


def _check_widths(found: Classifier) -> None:
    vectors, output = found.vectors, found.output
    if vectors is None or output is None:
        return
    width = vectors.tok2vec.width
    squares = [layer.weights.shape for layer in (vectors.keys, vectors.residual) if layer]
    inputs = width * len(vectors.poolings) + (len(found.ngrams.bias) if found.ngrams else 0)
    if (
        (vectors.query is not None and vectors.query.shape != (width,))
        or any((outputs, values) != (width, width) for outputs, _, values in squares)
        or output.weights.shape[2] != inputs
    ):
        raise Unsupported("layers of a classifier whose widths do not fit one another")
