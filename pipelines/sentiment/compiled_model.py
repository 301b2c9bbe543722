"""The sentiment model by the compiled kernels: the artefact is read once, then everything happens without the GIL."""

from array import array
from collections.abc import Sequence
from itertools import chain
from typing import Any, Literal

from spanwise.pipelines.annotations import Scores, TextScores
from spanwise.pipelines.kernels import Sentiment
from spanwise.pipelines.sentiment.artefact import Artefact, Floats, Network
from spanwise.pipelines.sentiment.model import Span, Target
from spanwise.pipelines.sentiment.tokens import EMOTICONS, PUNCTUATION, character_tables, class_of


class CompiledModel:
    """Implements `SentimentModel`."""

    name: Literal["compiled"] = "compiled"

    def __init__(self, artefact: Artefact, instructions: str | None = None) -> None:
        """`instructions`: of those that the processor has, by default the best."""
        classes, lower = character_tables()
        self._kernels = Sentiment(
            characters=(classes.tobytes(), lower.tobytes(), _emoticons()),
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
        """See `SentimentModel.score`."""
        found = self._kernels.score(tuple(texts), _counts(sentences), _flat(sentences))
        return [TextScores(Scores(*whole), [Scores(*each) for each in of_text]) for whole, of_text in found]

    def score_targets(self, texts: Sequence[str], targets: Sequence[Sequence[Target]]) -> list[list[Scores]]:
        """See `SentimentModel.score_targets`."""
        found = self._kernels.score_targets(tuple(texts), _counts(targets), _flat(targets))
        return [[Scores(*each) for each in of_text] for of_text in found]

    def tokenize(self, text: str) -> list[tuple[int, int, str, int]]:
        """What `tokens.tokenize` finds, by the kernels."""
        return self._kernels.tokenize(text)


def _counts(items: Sequence[Sequence[Any]]) -> "array[int]":
    return array("I", map(len, items))


def _flat(items: Sequence[Sequence[Sequence[int]]]) -> "array[int]":
    return array("I", chain.from_iterable(chain.from_iterable(items)))


def _emoticons() -> tuple[tuple[str, int], ...]:
    """By their first character, the longest first; 1 where all of it is punctuation."""
    ordered = sorted(EMOTICONS, key=lambda emoticon: (emoticon[0], -len(emoticon), emoticon))
    return tuple((emoticon, int(all(class_of(c) == PUNCTUATION for c in emoticon))) for emoticon in ordered)


def _described(network: Network) -> tuple[Any, ...]:
    """As `read_sentiment_network` in sentiment_module.c wants it."""
    layers = tuple(zip(network.weights, network.bias, network.gain, network.shift, strict=True))
    return (
        layers,
        _plain(network.attention, None),
        (network.hidden, network.hidden_bias, None, None),
        _plain(network.output, network.output_bias),
    )


def _plain(weights: Floats, bias: Floats | None) -> tuple[Any, ...]:
    """A layer of one piece, without layer norm."""
    values = bias if bias is not None else weights[:, 0] * 0
    return (weights[:, None], values[:, None], None, None)
