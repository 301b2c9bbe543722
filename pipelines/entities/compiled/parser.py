"""Read spaCy's dependency parser for the kernels, and parse with it: vectors of tokens in, trees out.

Sources: `spacy/ml/models/parser.py` and `spacy/ml/parser_model.pyx` (how states are scored),
`spacy/pipeline/dep_parser.pyx`, `spacy/pipeline/_parser_internals/` (actions, decorated labels). Nothing is assumed:
what is not known raises `Unsupported`. The vectors are those of the tok2vec, the pipeline's shared one or the parser's
own, before the parser's linear layer; reading that tok2vec is not done here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from spacy.language import Language
from spacy.pipeline import DependencyParser

from spanwise.pipelines.entities.compiled.components import greedy_model, unlearnt
from spanwise.pipelines.entities.compiled.layers import Floats, MaxoutLayer, affine, kind, parameter, sequence
from spanwise.pipelines.entities.compiled.unsupported import Unsupported
from spanwise.pipelines.kernels import NOT_BUILT, ParserKernels, constants

ROOT = "ROOT"
"""The label that spaCy gives to every token without a head."""

_PLACES = (8, 13)
_ARCS = ("L", "R")
_SEPARATOR = "||"
_SUBTOKEN = "subtok"


class Parse(NamedTuple):
    """The trees of a text, by tokens."""

    heads: list[int]
    """The index of each token's head; a root is its own head."""
    labels: list[int]
    """Indexes of `CompiledParser.labels`."""
    starts: bytes
    """A byte for each token, 1 where a sentence begins."""
    left_edges: list[int]
    """The first token of each token's subtree."""
    right_edges: list[int]
    """The last token of each token's subtree."""


@dataclass(frozen=True, slots=True)
class ParserModel:
    """A parser as the kernels know it.

    `lower` is [places, hidden, pieces, inputs]; `actions` are spaCy's names, such as `S` and `L-nsubj`.
    """

    linear: MaxoutLayer
    lower: Floats
    bias: Floats
    missing: Floats
    upper: MaxoutLayer | None
    actions: tuple[str, ...]
    labels: tuple[str, ...]
    """Every label that a token may have on the way to its tree or in it, and so decorated ones too."""

    def spec(self) -> dict[str, Any]:
        """Describe the parser for the kernels (`kernels/python/parser_spec.h`)."""
        number = {label: i for i, label in enumerate(self.labels)}
        arcs = [action.partition("-") for action in self.actions]
        parts = [_parts(label) for label in self.labels]
        return {
            "linear": self.linear.spec,
            "lower": self.lower,
            "bias": self.bias,
            "missing": self.missing,
            "upper": self.upper.spec if self.upper else None,
            "moves": _integers(_move(action) for action in self.actions),
            "labels": _integers(number[label] if move in _ARCS else -1 for move, _, label in arcs),
            "decorations": _integers(number[part] if pair else -1 for pair in parts for part in pair or ("", "")),
            "root": number[ROOT],
        }


class CompiledParser:
    """A parser's kernels. Any number of threads may share them."""

    def __init__(self, model: ParserModel, *, instructions: str | None = None) -> None:
        """Copy the weights. `instructions` names a processor's instruction set; by default the best one is taken."""
        self.labels = model.labels
        self.width = int(model.linear.weights.shape[2])
        """Values of a token's vector."""
        self._kernels = ParserKernels(**model.spec(), instructions=instructions)

    @property
    def instructions(self) -> str:
        """The name of the instruction set."""
        return self._kernels.instructions

    def parse(
        self, vectors: Floats, counts: Sequence[int], spaces: bytes | None = None, starts: bytes | None = None
    ) -> list[Parse]:
        """Parse texts, whose tokens follow one another in `vectors` [tokens, width]; the GIL is released.

        `counts` says how many tokens each text has. `spaces` has a byte for each token, not 0 for white space (None:
        there is none). `starts` holds the sentence boundaries that components before the parser have set, as `int8`
        for each token: 1 for a start, -1 for none, 0 for unknown (None: all unknown). Raises ValueError where the sizes
        do not fit.
        """
        total = len(vectors)
        if not total:
            return [Parse([], [], b"", [], []) for _ in counts]
        lengths = np.array(counts, dtype=np.uint32).tobytes()
        answers = self._kernels.parse(vectors, lengths, bytes(total) if spaces is None else spaces, starts)
        heads, labels, begun, lefts, rights = (memoryview(answer) for answer in answers)
        integers = [view.cast("i") for view in (heads, labels, lefts, rights)]
        parses, first = [], 0
        for count in counts:
            last = first + count
            of_heads, of_labels, of_lefts, of_rights = (view[first:last].tolist() for view in integers)
            parses.append(Parse(of_heads, of_labels, bytes(begun[first:last]), of_lefts, of_rights))
            first = last
        return parses


def read_parser(nlp: Language, name: str) -> ParserModel:
    """Read a dependency parser. Raises `Unsupported`."""
    component: Any = nlp.get_pipe(name)
    if type(component) is not DependencyParser:
        raise Unsupported(f"trees by {type(component).__name__}")
    model = greedy_model(component)
    *_, linear = sequence(model.get_ref("tok2vec")) or [model]
    if kind(linear) != "linear":
        raise Unsupported(f"the layer {kind(linear)!r} where 'linear' was expected")
    lower = model.get_ref("lower")
    weights, missing = parameter(lower, "W"), parameter(lower, "pad")
    if weights.shape[0] not in _PLACES:
        raise Unsupported(f"states of {weights.shape[0]} tokens")
    upper = model.get_ref("upper") if model.attrs["has_upper"] else None
    actions = tuple(component.moves.get_class_name(i) for i in range(component.moves.n_moves))
    scored = int(upper.get_dim("nO")) if upper else int(weights.shape[1])
    if scored != len(actions):
        raise Unsupported("another number of scores than of actions")
    if unlearnt(model, scored):
        raise Unsupported("actions that the model has not learnt")
    if not {"S", "D"} <= {action.partition("-")[0] for action in actions}:
        raise Unsupported("a parser that cannot shift or not reduce")
    return ParserModel(
        affine(parameter(linear, "W"), parameter(linear, "b")),
        weights,
        parameter(lower, "b"),
        np.ascontiguousarray(missing[0]),
        affine(parameter(upper, "W"), parameter(upper, "b")) if upper else None,
        actions,
        _labels(actions, learns_tokens=component.cfg.get("learn_tokens") is True),
    )


def compile_parser(nlp: Language, name: str, *, instructions: str | None = None) -> CompiledParser:
    """Read a dependency parser and make its kernels. Raises `Unsupported`."""
    if ParserKernels is None:
        raise Unsupported(NOT_BUILT)
    return CompiledParser(read_parser(nlp, name), instructions=instructions)


def _labels(actions: Sequence[str], *, learns_tokens: bool) -> tuple[str, ...]:
    """List the roots' label, the labels of arcs, and the parts of decorated ones. Raises `Unsupported`."""
    labels = [ROOT]
    for action in actions:
        move, _, label = action.partition("-")
        if move in _ARCS:
            labels += (label, *(_parts(label) or ()))
    if "" in labels:
        raise Unsupported("arcs without a label, which spaCy takes for missing")
    if learns_tokens or _SUBTOKEN in labels:
        raise Unsupported("a parser that merges tokens")
    return tuple(dict.fromkeys(labels))


def _parts(label: str) -> tuple[str, str] | None:
    """Take a decorated label apart; None where it is a plain one. Raises `Unsupported`."""
    if _SEPARATOR not in label:
        return None
    plain, *heads = label.split(_SEPARATOR)
    if len(heads) != 1:
        raise Unsupported(f"the label {label!r}, which is decorated twice")
    return plain, heads[0]


def _move(action: str) -> int:
    """Return the kernels' number of an action's move."""
    moves = {"S": "SHIFT", "D": "REDUCE", "L": "LEFT_ARC", "R": "RIGHT_ARC", "B": "BREAK"}
    return int(getattr(constants, moves[action.partition("-")[0]]))


def _integers(values: Iterable[int]) -> bytes:
    return np.fromiter(values, dtype=np.int32).tobytes()
