"""Read the components that choose classes of tokens: tagger, morphologizer and trainable_lemmatizer.

Each is a linear layer over the vectors of a tok2vec, its own or a shared one; the kernels choose the classes. What a
class means, and when it may replace what earlier components wrote, is said here. Sources: `spacy/ml/models/tagger.py`
(the model), and `set_annotations` in `spacy/pipeline/tagger.pyx`, `morphologizer.pyx` and `edit_tree_lemmatizer.py`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from spacy.language import Language
from spacy.morphology import Morphology
from spacy.parts_of_speech import NAMES as POS_NAMES
from spacy.pipeline import EditTreeLemmatizer, Morphologizer, Tagger
from spacy.strings import StringStore

from spanwise.pipelines.entities.compiled.components import below
from spanwise.pipelines.entities.compiled.layers import MaxoutLayer, Tok2Vec, affine, parameter
from spanwise.pipelines.entities.compiled.token_state import Stage, TokenState
from spanwise.pipelines.entities.compiled.unsupported import Unsupported

_MOST_TREES = 20
"""spaCy orders more candidates than these in another way."""


@dataclass(frozen=True, slots=True)
class TokenClassifier:
    """A component that chooses classes: its tok2vec, its layer, how many classes for a token, and what they mean."""

    tok2vec: Tok2Vec
    shared: bool
    """Whether other components hear the same tok2vec."""
    classes: MaxoutLayer
    best: int
    stage: Stage


@dataclass(frozen=True, slots=True)
class TagStage:
    """Sets tags as a tagger does."""

    labels: Sequence[str]
    overwrite: bool

    def __call__(self, word: str, state: TokenState, choices: Sequence[int]) -> TokenState:  # noqa: ARG002
        """See `Stage`."""
        if state.tag and not self.overwrite:
            return state
        return state._replace(tag=self.labels[choices[0]])


@dataclass(frozen=True, slots=True)
class MorphStage:
    """Sets morphological features and parts of speech as a morphologizer does."""

    features: Sequence[str]
    """Of each class: as spaCy's morphology writes features."""
    given: Sequence[str]
    """Of each class: as the label has them."""
    pos: Sequence[str]
    overwrite: bool
    extend: bool
    normalize: Callable[[dict[str, str]], str]

    def __call__(self, word: str, state: TokenState, choices: Sequence[int]) -> TokenState:  # noqa: ARG002
        """See `Stage`."""
        chosen = choices[0]
        morph, pos = state.morph, state.pos
        if self.extend:
            old, new = Morphology.feats_to_dict(morph), Morphology.feats_to_dict(self.given[chosen])
            morph = self.normalize({**old, **new} if self.overwrite else {**new, **old})
        elif not morph or self.overwrite:
            morph = self.features[chosen]
        if not pos or self.overwrite:
            pos = self.pos[chosen]
        return state._replace(morph=morph, pos=pos)


@dataclass(frozen=True, slots=True)
class EditTreeStage:
    """Sets lemmas as a trainable_lemmatizer does: by the first of the chosen trees that fits the word."""

    trees: Sequence[int]
    apply: Callable[[int, str], str | None]
    overwrite: bool
    backoff: bool
    """Whether a word that no tree fits is its own lemma."""

    def __call__(self, word: str, state: TokenState, choices: Sequence[int]) -> TokenState:
        """See `Stage`."""
        if state.lemma and not self.overwrite:
            return state
        for choice in choices:
            lemma = self.apply(self.trees[choice], word)
            if lemma is not None:
                return state._replace(lemma=lemma)
        return state._replace(lemma=word) if self.backoff else state


def read_classifier(nlp: Language, name: str) -> TokenClassifier:
    """Read a tagger, morphologizer or trainable_lemmatizer. Raises `Unsupported`."""
    component: Any = nlp.get_pipe(name)
    stage, best = _stage(component)
    tok2vec, softmax, shared = below(nlp, name, component.model, "softmax")
    classes = affine(parameter(softmax, "W"), parameter(softmax, "b"))
    if classes.weights.shape[0] != len(component.labels):
        raise Unsupported("another number of scores than of labels")
    return TokenClassifier(tok2vec, shared, classes, best, stage)


def _stage(component: Any) -> tuple[Stage, int]:
    """Return what the classes of a component mean, and how many are chosen for a token."""
    config = component.cfg
    if type(component) is Tagger:
        return TagStage(tuple(component.labels), bool(config["overwrite"])), 1
    if type(component) is Morphologizer:
        return _morph_stage(component), 1
    if type(component) is EditTreeLemmatizer:
        if component.backoff not in ("orth", None):
            raise Unsupported(f"lemmas that fall back to {component.backoff}")
        if component.top_k > _MOST_TREES:
            raise Unsupported(f"a choice of more than {_MOST_TREES} edit trees")
        trees = tuple(map(int, config["labels"]))
        stage = EditTreeStage(trees, component.trees.apply, bool(component.overwrite), component.backoff == "orth")
        return stage, max(1, min(component.top_k, len(trees)))
    raise Unsupported(f"classes of tokens by {type(component).__name__}")


def _morph_stage(component: Any) -> MorphStage:
    config, morphology = component.cfg, Morphology(StringStore())  # keeps less than the pipeline's own would
    given = [config["labels_morph"].get(label, "") for label in component.labels]
    return MorphStage(
        features=tuple(map(morphology.normalize_features, given)),
        given=tuple(given),
        pos=tuple(POS_NAMES[config["labels_pos"].get(label, 0)] for label in component.labels),
        overwrite=bool(config["overwrite"]),
        extend=bool(config["extend"]),
        normalize=morphology.normalize_features,
    )
