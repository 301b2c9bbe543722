"""Read span categorizers from their Thinc models: `spancat` and `spancat_singlelabel`.

Nothing is assumed: the layers are walked, and what is not known raises `Unsupported`. Known is the architecture
`spacy.SpanCategorizer.v1` with the reducer `spacy.mean_max_reducer.v1`, over any tok2vec that `layers.py` knows, of its
own or shared; with the scorers `spacy.LinearLogistic.v1` and `Softmax.v1` and `v2`; with suggesters of n-grams.
Sources: `spacy/ml/models/spancat.py`, `spacy/pipeline/spancat.py`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from spacy.language import Language
from spacy.pipeline import SpanCategorizer as SpanCategorizerComponent
from spacy.pipeline.spancat import ngram_suggester

from spanwise.pipelines.entities.compiled.classifiers import flat, read_encoder, read_output, take
from spanwise.pipelines.entities.compiled.components import shared_tok2vec
from spanwise.pipelines.entities.compiled.layers import (
    AnyModel,
    MaxoutLayer,
    Tok2Vec,
    kind,
    read_layer,
    read_tok2vec,
)
from spanwise.pipelines.entities.compiled.unsupported import Unsupported
from spanwise.pipelines.kernels import constants

_POOLINGS = ["reduce_last", "reduce_first", "reduce_mean", "reduce_max"]
"""The order of `spacy.mean_max_reducer.v1`; the kernels have the first one first."""


@dataclass(frozen=True, slots=True)
class SpanRules:
    """Which spans get which labels of their scores, and the group that they are written to."""

    key: str
    """The name of the group."""
    labels: tuple[str, ...]
    lengths: tuple[int, ...]
    """The lengths of spans in tokens, in the order in which they are suggested."""
    threshold: float | None
    most_labels: int | None
    """How many labels a span may have; 1: the class with the highest score alone."""
    has_negative: bool
    """Whether there is a class of spans without a label: the last one."""
    may_overlap: bool
    """False: of overlapping spans the one with the highest score stays. Only with one label a span."""

    @property
    def classes(self) -> tuple[str, ...]:
        """The label of each class; the negative one has none."""
        return (*self.labels, *([""] if self.has_negative else []))


@dataclass(frozen=True, slots=True)
class SpanCategorizer:
    """A span categorizer: a maxout layer `hidden` over a span's first vector, last vector, mean and largest values, an
    output layer, and the rules by which spans get labels.
    """

    rules: SpanRules
    tok2vec: Tok2Vec
    hidden: MaxoutLayer
    output: MaxoutLayer
    activation: str

    def spec(self, network: Any) -> tuple[Any, ...]:
        """Describe the categorizer for the kernels (`kernels/python/categorizer_spec.h`).

        `network` is the tok2vec's description, or whose it is.
        """
        rules = self.rules
        return (
            network,
            self.hidden.spec,
            self.output.spec,
            getattr(constants, self.activation),
            np.array(rules.lengths, dtype=np.int32).tobytes(),
            rules.threshold,
            constants.ANY_LABELS if rules.most_labels is None else rules.most_labels,
            len(rules.labels) if rules.has_negative else constants.NO_CLASS,
            rules.may_overlap,
        )


def lasting(categorizers: Iterable[SpanCategorizer]) -> list[SpanCategorizer]:
    """Return the categorizer whose spans stay in each group, in the order of the groups.

    A categorizer replaces a group that one before it has written, and leaves the group at its place.
    """
    return [*{one.rules.key: one for one in categorizers}.values()]


def read_span_categorizer(nlp: Language, name: str) -> SpanCategorizer:
    """Read a span categorizer. Raises `Unsupported`."""
    component: Any = nlp.get_pipe(name)
    if type(component) is not SpanCategorizerComponent:
        raise Unsupported(f"spans by {type(component).__name__}")
    lengths = _read_lengths(component.suggester)
    tok2vec, hidden, output, activation = _read_layers(component.model, lambda: read_tok2vec(shared_tok2vec(nlp, name)))
    labels, has_negative = tuple(component.labels), bool(component.add_negative_label)
    if not labels or output.weights.shape[0] != len(labels) + has_negative:
        raise Unsupported("another number of scores than of labels")
    threshold, most_labels = component.cfg["threshold"], component.cfg["max_positive"]
    if threshold is None and most_labels != 1:
        raise Unsupported("spans of any number of labels without a threshold")
    if most_labels is not None and (not isinstance(most_labels, int) or not 0 <= most_labels < 1 << 31):
        raise Unsupported(f"spans of {most_labels} labels")
    rules = SpanRules(
        key=component.key,
        labels=labels,
        lengths=lengths,
        threshold=None if threshold is None else float(threshold),
        most_labels=most_labels,
        has_negative=has_negative,
        may_overlap=bool(component.cfg["allow_overlap"]),
    )
    return SpanCategorizer(rules, tok2vec, hidden, output, activation)


def _read_lengths(suggester: Any) -> tuple[int, ...]:
    """Read the lengths of `spacy.ngram_suggester.v1` or `spacy.ngram_range_suggester.v1`."""
    if not isinstance(suggester, partial):
        raise Unsupported("spans that another function than one of spaCy's suggests")
    if suggester.func is not ngram_suggester or suggester.args or set(suggester.keywords) != {"sizes"}:
        raise Unsupported(f"spans that are suggested by {getattr(suggester.func, '__name__', 'a function')!r}")
    lengths = tuple(suggester.keywords["sizes"])
    if not lengths or any(not isinstance(length, int) for length in lengths) or len(set(lengths)) != len(lengths):
        raise Unsupported("lengths of spans that are no different whole numbers")
    if not 1 <= min(lengths) <= max(lengths) <= constants.LONGEST_SPAN:
        raise Unsupported(f"spans of {min(lengths)} to {max(lengths)} tokens")
    return lengths


def _read_layers(model: AnyModel, shared: Callable[[], Tok2Vec]) -> tuple[Tok2Vec, MaxoutLayer, MaxoutLayer, str]:
    """Return the tok2vec, the layer over pooled vectors, the output layer and its activation."""
    layers = flat(model, None)
    item = take(layers, "with_getitem")
    encoder = model.get_ref("tok2vec") if model.has_ref("tok2vec") else None
    if item.attrs["idx"] != 0 or encoder is None or flat(item.layers[0], encoder) != [encoder]:
        raise Unsupported("layers between the tokens of a span categorizer and its tok2vec")
    take(layers, "extract_spans")
    tok2vec = read_encoder(encoder, shared)
    output, activation = read_output(layers)
    pooled = take(layers, "concatenate")
    if [kind(branch) for branch in pooled.layers] != _POOLINGS:
        raise Unsupported("another reducer of spans than spacy.mean_max_reducer.v1")
    hidden = read_layer(layers)
    if layers:
        raise Unsupported(f"the layer {kind(layers[0])!r} in a span categorizer")
    width = tok2vec.width
    if hidden.weights.shape[2] != len(_POOLINGS) * width or output.weights.shape[2] != hidden.weights.shape[0]:
        raise Unsupported("layers of a span categorizer whose widths do not fit one another")
    weights = hidden.weights
    last, first, others = weights[:, :, :width], weights[:, :, width : 2 * width], weights[:, :, 2 * width :]
    turned = np.concatenate([first, last, others], axis=2)
    return tok2vec, MaxoutLayer(turned, hidden.bias, hidden.gain, hidden.shift), output, activation
