"""The sentiment model by the compiled kernels: they read the artefact once, and score without the GIL.

The reference works without kernels, so its constants stand in Python. They are compared with those of the kernels when
this module is imported.
"""

from array import array
from collections.abc import Sequence
from itertools import chain
from types import ModuleType
from typing import Any, Literal

from spanwise.pipelines.annotations import Scores, TextScores
from spanwise.pipelines.kernels import SentimentKernels, constants
from spanwise.pipelines.sentiment import artefact as artefact_constants
from spanwise.pipelines.sentiment import characters, gate, reference_model, tokens
from spanwise.pipelines.sentiment.artefact import Artefact, Floats, Network
from spanwise.pipelines.sentiment.characters import PUNCTUATION, character_tables, class_of
from spanwise.pipelines.sentiment.model import Span, Target
from spanwise.pipelines.sentiment.tokens import EMOTICONS


class CompiledModel:
    """Implements `SentimentModel`."""

    name: Literal["compiled"] = "compiled"

    def __init__(self, artefact: Artefact, instructions: str | None = None) -> None:
        """Hand the artefact to the kernels. `instructions` names an instruction set; the default is the best one."""
        classes, read_as = character_tables()
        self._kernels = SentimentKernels(
            characters=(classes.tobytes(), read_as.tobytes(), _emoticons()),
            vocabulary=tuple(artefact.vocabulary),
            codes=artefact.embeddings,
            scales=artefact.scales,
            flags=artefact.flags,
            positions=artefact.positions,
            mask=artefact.mask[None],
            empty=artefact.empty[:3],
            text=(artefact.exponent, artefact.bias),
            sentence=_described(artefact.sentence),
            target=_described(artefact.target),
            instructions=instructions,
        )

    def score(self, texts: Sequence[str], sentences: Sequence[Sequence[Span]]) -> list[TextScores]:
        """Score texts that were cut into sentences: see `SentimentModel.score`."""
        found = self._kernels.score(tuple(texts), _counts(sentences), _flat(sentences))
        return [TextScores(Scores(*whole), [Scores(*each) for each in of_text]) for whole, of_text in found]

    def score_targets(self, texts: Sequence[str], targets: Sequence[Sequence[Target]]) -> list[list[Scores]]:
        """Score what each text says about each of its targets: see `SentimentModel.score_targets`."""
        found = self._kernels.score_targets(tuple(texts), _counts(targets), _flat(targets))
        return [[Scores(*each) for each in of_text] for of_text in found]

    def gate(self, texts: Sequence[str], weights: Floats) -> list[float]:
        """Return what the first words of each text weigh: see `gate.py`."""
        return self._kernels.gate(tuple(texts), weights)

    def tokenize(self, text: str) -> list[tuple[int, int, str, int]]:
        """Return the tokens of a text as `tokens.tokenize` does, by the kernels."""
        return self._kernels.tokenize(text)


def _counts(items: Sequence[Sequence[Any]]) -> "array[int]":
    return array("I", map(len, items))


def _flat(items: Sequence[Sequence[Sequence[int]]]) -> "array[int]":
    return array("I", chain.from_iterable(chain.from_iterable(items)))


def _emoticons() -> tuple[tuple[str, int], ...]:
    """Return the emoticons by their first character, the longest first, each with 1 where all of it is punctuation."""
    ordered = sorted(EMOTICONS, key=lambda emoticon: (emoticon[0], -len(emoticon), emoticon))
    return tuple((emoticon, int(all(class_of(c) == PUNCTUATION for c in emoticon))) for emoticon in ordered)


def _described(network: Network) -> tuple[Any, ...]:
    """Describe a network for the kernels (`read_network` in `kernels/python/sentiment_spec.c`)."""
    layers = tuple(zip(network.weights, network.bias, network.gain, network.shift, strict=True))
    return (
        layers,
        _plain(network.attention, None),
        (network.hidden, network.hidden_bias, None, None),
        _plain(network.output, network.output_bias),
    )


def _plain(weights: Floats, bias: Floats | None) -> tuple[Any, ...]:
    """Describe a layer of one piece, without layer normalization."""
    values = bias if bias is not None else weights[:, 0] * 0
    return (weights[:, None], values[:, None], None, None)


def _check_constants(kernels: ModuleType) -> None:
    """Raise an ImportError where a constant of the kernels is not that of the reference."""
    for name, value in _CONSTANTS.items():
        if getattr(kernels, name, None) != value:
            raise ImportError(
                f"The compiled kernels have another {name} than pipelines/sentiment ({value}): "
                "change both, then rebuild the kernels by `make install`."
            )


_CONSTANTS = {
    "SENTIMENT_CLASSES": artefact_constants.CLASSES,
    "SENTENCE_OUTPUTS": artefact_constants.CLASSES + 1,
    "MAX_DISTANCE": artefact_constants.MAX_DISTANCE,
    "TARGET_WINDOW": reference_model.WINDOW,
    "TARGET_ROWS": reference_model.TARGET_ROWS,
    "GATE_POINTS": gate.POINTS,
    "GATE_WORDS": gate.WORDS,
    "ATTENTION_LIMIT": reference_model.LIMIT,
    "MIN_NGRAM": min(reference_model.NGRAMS),
    "MAX_NGRAM": max(reference_model.NGRAMS),
    "NGRAM_KEY": reference_model.NGRAM_KEY,
    "WORD_IS_CAPITALS": tokens.CAPITALS,
    "WORD_IS_TITLE": tokens.TITLE,
    "WORD_IS_STRETCHED": tokens.STRETCHED,
    "WORD_IS_HASHTAG": tokens.HASHTAG,
    "SENTIMENT_FLAGS": tokens.FLAGS,
    "WORD_IS_SMALL": tokens.SMALL,
    "WORD_WAS_TITLE": tokens.WAS_TITLE,
    "LONG_WORD": tokens.LONG,
    "TITLE_CASE": tokens.TITLE_CASE,
    "MAX_STARS": tokens.MAX_STARS,
    "FULL_STAR": ord(characters.STARS[0]),
    "EMPTY_STAR": ord(characters.STARS[1]),
    "CHARACTER_SPACE": characters.SPACE,
    "CHARACTER_WORD": characters.WORD,
    "CHARACTER_SYMBOL": characters.SYMBOL,
    "CHARACTER_PUNCTUATION": characters.PUNCTUATION,
    "CHARACTER_IGNORED": characters.IGNORED,
    "CHARACTER_CLASS_BITS": characters.CLASS,
    "CHARACTER_CASED": characters.CASED,
    "CHARACTER_UPPER": characters.UPPER,
    "TAGS_START": characters.LAST_WORD,
    "MAX_KEY": tokens.MAX_KEY,
}
"""The constants of the reference, by the names that they have in `kernels/sentiment/*.h`."""

_check_constants(constants)
