"""Dependency parsers with random weights, documents with vectors of any values, and how close spaCy's choices are."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import spacy
from numpy.typing import NDArray
from spacy.language import Language
from spacy.tokens import Doc

from spanwise.pipelines.entities.compiled.layers import Floats
from spanwise.pipelines.entities.compiled.parser import CompiledParser, Parse, ParserModel, compile_parser, read_parser

WIDTH = 32
"""Values of a token's vector."""

LABELS = ("nsubj", "dobj", "det", "prep", "nsubj||dobj", "prep||det", "det||missing", "dobj||ROOT")
"""Labels of arcs. Some are decorated, as those of lifted arcs are, one of them with a label that no arc has."""

LISTENER = {"@architectures": "spacy.Tok2VecListener.v1", "width": WIDTH, "upstream": "*"}

TIE = 1e-4
"""Choices that are as close as this are counted as equal."""


def parser(**changed: Any) -> dict[str, Any]:
    """Return the configuration of a parser over a shared tok2vec."""
    model = {
        "@architectures": "spacy.TransitionBasedParser.v2",
        "state_type": "parser",
        "extra_state_tokens": False,
        "hidden_width": 24,
        "maxout_pieces": 2,
        "use_upper": True,
        "nO": None,
        "tok2vec": LISTENER,
    }
    return {"model": {**model, **changed}}


def parser_pipeline(config: dict[str, Any], seed: int = 0, labels: Sequence[str] = LABELS) -> Language:
    """Return a pipeline of a parser with random weights. Its vectors are those that a Doc has as its tensor."""
    nlp = spacy.blank("en")
    component: Any = nlp.add_pipe("parser", config=config)
    shift, reduce, left, right, _ = component.moves.action_types
    for move in (shift, reduce):
        component.moves.add_action(move, "")
    for label in labels:
        component.moves.add_action(left, label)
        component.moves.add_action(right, label)
    nlp.initialize()
    random = np.random.default_rng(seed)
    for layer in component.model.walk():
        for name in layer.param_names:
            if layer.has_param(name):
                shape = layer.get_param(name).shape
                spread = 1.0 if name in {"b", "pad"} else 3.0 / np.sqrt(shape[-1])
                layer.set_param(name, random.normal(scale=spread, size=shape).astype("float32"))
    return nlp


class Both(NamedTuple):
    """spaCy's parser and the compiled one."""

    nlp: Language
    model: ParserModel
    compiled: CompiledParser


def both(nlp: Language, **options: Any) -> Both:
    """Compile the parser of a pipeline."""
    return Both(nlp, read_parser(nlp, "parser"), compile_parser(nlp, "parser", **options))


def random_doc(nlp: Language, spaces: Sequence[bool], starts: Sequence[int], seed: int) -> Doc:
    """Return a Doc with random vectors. Its tokens are white space where `spaces` says so, `starts` is preset."""
    doc = Doc(nlp.vocab, words=["\n" if space else "word" for space in spaces])
    doc.tensor = np.random.default_rng(seed).normal(size=(len(doc), WIDTH)).astype("float32")
    for token, start in zip(doc, starts, strict=True):
        token.is_sent_start = {1: True, -1: False, 0: None}[start]
    return doc


def vectors_of(docs: Sequence[Doc], width: int) -> Floats:
    """Return the vectors of all tokens, one text after the other. Of a tensor of several parts the last is taken."""
    parts: list[Any] = [doc.tensor[:, -width:] for doc in docs if len(doc)]
    return np.ascontiguousarray(np.concatenate(parts)) if parts else np.zeros((0, width), np.float32)


def compiled_parses(one: Both, docs: Sequence[Doc]) -> list[Parse]:
    """Parse documents that have vectors with the kernels."""
    starts = [(token.is_sent_start is True) - (token.is_sent_start is False) for doc in docs for token in doc]
    return one.compiled.parse(
        vectors_of(docs, one.compiled.width),
        [len(doc) for doc in docs],
        bytes(token.is_space for doc in docs for token in doc),
        np.array(starts, np.int8).tobytes(),
    )


def spacy_parse(doc: Doc, labels: Sequence[str]) -> Parse:
    """Return what spaCy has found, in the form of the compiled parser's answer."""
    return Parse(
        [token.head.i for token in doc],
        [labels.index(token.dep_) for token in doc],
        bytes(bool(token.is_sent_start) for token in doc),
        [token.left_edge.i for token in doc],
        [token.right_edge.i for token in doc],
    )


def assert_same_trees(one: Both, docs: Sequence[Doc], ties: int | None = None) -> list[Parse]:
    """Assert that documents which are not parsed yet get spaCy's trees. Return the trees.

    In so many documents ties may have been broken in another way, by default in one of fifty.
    """
    found = compiled_parses(one, docs)
    margins: list[float] = []
    for doc, parse in zip(docs, found, strict=True):
        before = doc.copy()
        one.nlp.get_pipe("parser")(doc)
        if parse != spacy_parse(doc, one.compiled.labels):
            margins.append(smallest_margin(one, before))
            assert margins[-1] < TIE, (len(doc), parse, spacy_parse(doc, one.compiled.labels))
    assert len(margins) <= (len(docs) // 50 if ties is None else ties)
    return found


def smallest_margin(one: Both, doc: Doc) -> float:
    """Return how far apart the two best valid actions were where spaCy's parser was least sure, in its scores.

    `doc` is not parsed yet. The states are spaCy's, the scores are computed by NumPy in double precision.
    """
    component: Any = one.nlp.get_pipe("parser")
    moves = component.moves
    (state,) = moves.init_batch([doc])
    linear = one.model.linear
    tokens = vectors_of([doc], one.compiled.width) @ linear.weights[:, 0].T.astype(np.float64) + linear.bias[:, 0]
    smallest = float("inf")
    while not state.is_final():
        scores = _scores(one.model, tokens, _places(state, len(one.model.lower)))
        valid = [i for i, action in enumerate(one.model.actions) if moves.is_valid(state, action)]
        ranked = sorted(valid, key=lambda i: -scores[i])
        if len(ranked) > 1:
            smallest = min(smallest, float(scores[ranked[0]] - scores[ranked[1]]))
        moves.apply_transition(state, one.model.actions[ranked[0]])
    return smallest


def _places(state: Any, count: int) -> list[int]:
    s, b, left, right = state.S, state.B, state.L, state.R
    first = [b(0), b(1), s(0), s(1), s(2)]
    if count == 8:
        return [*first, left(b(0), 1), left(s(0), 1), right(s(0), 1)]
    return [
        *first, left(s(0), 1), right(s(0), 1), left(b(0), 1), right(s(0), 2),
        left(s(1), 1), left(s(1), 2), right(s(1), 1), right(s(1), 2),
    ]  # fmt: skip


def _scores(model: ParserModel, tokens: NDArray[Any], places: Sequence[int]) -> NDArray[np.float64]:
    hidden = model.bias.astype(np.float64)
    for place, token in enumerate(places):
        hidden = hidden + (model.missing[place] if token < 0 else model.lower[place] @ tokens[token])
    scores: NDArray[np.float64] = hidden.max(axis=1)
    if model.upper:
        scores = model.upper.weights[:, 0] @ scores + model.upper.bias[:, 0]
    return scores
