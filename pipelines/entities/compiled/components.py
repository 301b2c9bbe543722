"""Read spaCy's components: the greedy named-entity recognizer, the sentence recognizer, the sentencizer.

Sources: `spacy/ml/models/parser.py` and `spacy/ml/parser_model.pyx` (how states are scored), `spacy/pipeline/ner.py`,
`spacy/pipeline/senter.pyx`, `spacy/pipeline/sentencizer.pyx`, `spacy/pipeline/tok2vec.py` (listeners).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from spacy.language import Language
from spacy.pipeline import EntityRecognizer, SentenceRecognizer, Sentencizer
from spacy.pipeline import Tok2Vec as Tok2VecComponent

from spanwise.pipelines.entities.compiled.layers import (
    AnyModel,
    Floats,
    MaxoutLayer,
    Tok2Vec,
    affine,
    kind,
    parameter,
    read_tok2vec,
    sequence,
)
from spanwise.pipelines.entities.compiled.unsupported import Unsupported
from spanwise.pipelines.kernels import constants

_FEATURES = (3, 6)


@dataclass(frozen=True, slots=True)
class Decoder:
    """The recognizer's state scorer: `lower` [features, hidden, pieces, inputs] and, mostly, an upper layer."""

    linear: MaxoutLayer
    lower: Floats
    bias: Floats
    missing: Floats
    upper: Floats | None
    upper_bias: Floats | None
    actions: tuple[str, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """The label of each action, in order."""
        return tuple(action.partition("-")[2] for action in self.actions)

    def spec(self) -> tuple[Any, ...]:
        """Describe the decoder for the kernels (`kernels/python/decoder_spec.h`). Raises `Unsupported`."""
        number = {action: i for i, action in enumerate(self.actions)}
        moves, in_of, last_of = [], [], []
        for action, label in zip(self.actions, self.labels, strict=True):
            moves.append(_move(action.partition("-")[0], label))
            in_of.append(number.get(f"I-{label}", -1))
            last_of.append(number.get(f"L-{label}", -1))
            if moves[-1] == constants.MOVE_B and (in_of[-1] < 0 or last_of[-1] < 0):
                raise Unsupported(f"the label {label!r} can begin and not end")
        arrays = (moves, in_of, last_of, range(len(moves)))
        integers = tuple(np.array(array, dtype=np.int32).tobytes() for array in arrays)
        return (self.linear.spec, self.lower, self.bias, self.missing, self.upper, self.upper_bias, *integers)


def _move(letter: str, label: str) -> int:
    """Return the kernels' number of an action's move. An action without a label is for preset entities, except O."""
    moves = {"B": constants.MOVE_B, "I": constants.MOVE_I, "L": constants.MOVE_L, "U": constants.MOVE_U}
    if letter == "O":
        return constants.MOVE_O
    return moves.get(letter, constants.MOVE_NONE) if label else constants.MOVE_NONE


@dataclass(frozen=True, slots=True)
class EntityModel:
    """A named-entity recognizer."""

    tok2vec: Tok2Vec
    decoder: Decoder


@dataclass(frozen=True, slots=True)
class SentenceModel:
    """A sentence recognizer: two classes over a tok2vec, the second for a sentence's first token."""

    tok2vec: Tok2Vec
    classes: MaxoutLayer


@dataclass(frozen=True, slots=True)
class SentenceRules:
    """A sentencizer: a sentence ends with one of the tokens `ends`, and with the punctuation after that token."""

    ends: frozenset[str]


def greedy_model(component: Any) -> AnyModel:
    """Return the model of a transition-based component that is decoded greedily. Raises `Unsupported`."""
    if component.cfg.get("beam_width", 1) != 1:
        raise Unsupported("a beam search")
    model: AnyModel = component.model
    if kind(model) != "tb_framework":
        raise Unsupported(f"the layer {kind(model)!r} where 'tb_framework' was expected")
    return model


def unlearnt(model: AnyModel, count: int) -> int:
    """Return how many of the last of `count` actions a transition model has not learnt. Raises `Unsupported`.

    spaCy adds actions to a recognizer when it meets a given entity of a label that the recognizer does not know. It
    scores them below all others, so that they are taken within given entities alone.
    """
    unseen = set(model.attrs.get("unseen_classes") or ())
    if unseen != set(range(count - len(unseen), count)):
        raise Unsupported("a transition model with classes that it has not learnt")
    return len(unseen)


def read_entities(nlp: Language, name: str) -> EntityModel:
    """Read a named-entity recognizer. Raises `Unsupported`."""
    component: Any = nlp.get_pipe(name)
    if type(component) is not EntityRecognizer:
        raise Unsupported(f"entities by {type(component).__name__}")
    model = greedy_model(component)
    tok2vec, linear, _ = below(nlp, name, model.get_ref("tok2vec"), "linear")
    lower = model.get_ref("lower")
    weights, missing = parameter(lower, "W"), parameter(lower, "pad")
    if weights.shape[0] not in _FEATURES:
        raise Unsupported(f"states of {weights.shape[0]} tokens")
    upper = model.get_ref("upper") if model.attrs["has_upper"] else None
    actions = tuple(component.moves.get_class_name(i) for i in range(component.moves.n_moves))
    scored = int(upper.get_dim("nO")) if upper else int(weights.shape[1])
    if scored != len(actions):
        raise Unsupported("another number of scores than of actions")
    known = len(actions) - unlearnt(model, len(actions))
    bias = parameter(lower, "b")
    if upper is None:
        weights, missing, bias = weights[:, :known], missing[:, :, :known], bias[:known]
    decoder = Decoder(
        affine(parameter(linear, "W"), parameter(linear, "b")),
        np.ascontiguousarray(weights),
        np.ascontiguousarray(bias),
        np.ascontiguousarray(missing[0]),
        np.ascontiguousarray(parameter(upper, "W")[:known]) if upper else None,
        np.ascontiguousarray(parameter(upper, "b")[:known]) if upper else None,
        actions[:known],
    )
    return EntityModel(tok2vec, decoder)


def read_sentences(nlp: Language, name: str) -> SentenceModel | SentenceRules:
    """Read the component that sets sentence boundaries. Raises `Unsupported`."""
    component: Any = nlp.get_pipe(name)
    if type(component) is Sentencizer:
        return SentenceRules(frozenset(component.punct_chars))
    if type(component) is not SentenceRecognizer:
        raise Unsupported(f"sentences by {type(component).__name__}")
    tok2vec, softmax, _ = below(nlp, name, component.model, "softmax")
    return SentenceModel(tok2vec, affine(parameter(softmax, "W"), parameter(softmax, "b")))


def below(nlp: Language, name: str, model: AnyModel, output: str) -> tuple[Tok2Vec, AnyModel, bool]:
    """Split a component's model into the tok2vec and the output layer on top, and tell whether the tok2vec is shared.

    Raises `Unsupported`.
    """
    *_, top = sequence(model) or [model]
    if kind(top) != output:
        raise Unsupported(f"the layer {kind(top)!r} where {output!r} was expected")
    listeners = [layer for layer in model.walk() if kind(layer) == "tok2vec"]
    if listeners:
        if sequence(model) != [*listeners, top]:
            raise Unsupported("layers between a shared tok2vec and the output")
        return read_tok2vec(shared_tok2vec(nlp, name)), top, True
    return read_tok2vec(model, below=top), top, False


def shared_tok2vec(nlp: Language, name: str) -> AnyModel:
    """Return the model of the tok2vec that a component shares with others. Raises `Unsupported`.

    With several of them, a component would hear the last one before it: such a pipeline is not supported.
    """
    shared: list[Any] = [nlp.get_pipe(each) for each in nlp.pipe_names]
    shared = [component for component in shared if type(component) is Tok2VecComponent]
    if len(shared) != 1:
        raise Unsupported(f"{len(shared)} components to share a tok2vec with {name!r}")
    model: AnyModel = shared[0].model
    return model
