"""The sentiment model in numpy: the kernels are compared with it, and it serves where they could not be built."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from typing import Literal

import numpy as np

from spanwise.pipelines.annotations import Scores, TextScores
from spanwise.pipelines.sentiment.artefact import CLASSES, MAX_DISTANCE, Artefact, Floats, Network
from spanwise.pipelines.sentiment.model import Span, Target
from spanwise.pipelines.sentiment.tokens import (
    CAPITALS,
    FLAGS,
    STRETCHED,
    TITLE,
    WAS_TITLE,
    Token,
    sentence_tokens,
    unstretched,
)

NGRAMS = (3, 4, 5)
NGRAM_KEY = 24  # code points of a word that n-grams are made of
WINDOW = 64  # tokens on either side of a target that are looked at
TARGETS = 300  # of a text that are looked at by themselves in any case
TARGET_ROWS = TARGETS * (2 * WINDOW + 1)  # of all targets of a text: a row for each and for each word beside it
LIMIT = 30.0  # of an attention's logit
EPSILON = 1e-8


def ngram_buckets(key: str, buckets: int) -> list[int]:
    """Return the rows of a word's n-grams among the buckets, with repeats (Bojanowski et al. 2017, "fastText")."""
    word = f"<{key[:NGRAM_KEY]}>"
    return [fnv1a(word[i : i + n].encode()) % buckets for n in NGRAMS for i in range(len(word) - n + 1)]


def fnv1a(data: bytes) -> int:
    """Return the 32-bit hash of Fowler, Noll and Vo."""
    value = 2166136261
    for byte in data:
        value = (value ^ byte) * 16777619 & 0xFFFFFFFF
    return value


class ReferenceModel:
    """Implements `SentimentModel`."""

    name: Literal["reference"] = "reference"

    def __init__(self, artefact: Artefact) -> None:
        self._model = artefact
        self._rows = {key: row for row, key in enumerate(artefact.vocabulary)}
        self._word = lru_cache(maxsize=1 << 14)(self._word_uncached)

    def score(self, texts: Sequence[str], sentences: Sequence[Sequence[Span]]) -> list[TextScores]:
        """See `SentimentModel.score`."""
        return [self._score_text(text, spans) for text, spans in zip(texts, sentences, strict=True)]

    def score_targets(self, texts: Sequence[str], targets: Sequence[Sequence[Target]]) -> list[list[Scores]]:
        """See `SentimentModel.score_targets`."""
        return [self._score_targets_of(text, of_text) for text, of_text in zip(texts, targets, strict=True)]

    def _score_text(self, text: str, spans: Sequence[Span]) -> TextScores:
        tokens = [sentence_tokens(text[start:end]) for start, end in spans or [(0, len(text))]]
        outputs = [self._sentence(each) if each else self._model.empty for each in tokens]
        logits = np.stack([o for o, each in zip(outputs, tokens, strict=True) if each] or [self._model.empty])
        whole = logits[0, :CLASSES]
        if len(logits) > 1:
            shares = np.exp(logits[:, CLASSES] - logits[:, CLASSES].max())
            mean = (shares / shares.sum()) @ logits[:, :CLASSES]
            whole = mean * len(logits) ** self._model.exponent + np.log(len(logits)) * self._model.bias
        return TextScores(_softmax(whole), [_softmax(o[:CLASSES]) for o in outputs] if spans else [])

    def _sentence(self, tokens: Sequence[Token]) -> Floats:
        rows = np.stack([self._embedding(token) for token in tokens])
        return _run(self._model.sentence, rows, None)

    def _score_targets_of(self, text: str, targets: Sequence[Target]) -> list[Scores]:
        """Score targets by themselves until one does not fit the rows of its text, and then by their sentences."""
        found: list[Scores] = []
        rows = 0
        for target, tokens in zip(targets, _tokens_around(text, targets), strict=True):
            first, last = _words_of(target, tokens)
            rows += min(first, WINDOW) + 1 + min(len(tokens) - last, WINDOW)
            if rows > TARGET_ROWS:
                break
            found.append(self._score_target(tokens, first, last))
        by_sentence: dict[tuple[int, int], Scores] = {}
        for target in targets[len(found) :]:
            sentence = target.sentence_start, target.sentence_end
            if sentence not in by_sentence:
                by_sentence[sentence] = self._score_text(text, [sentence]).sentences[0]
            found.append(by_sentence[sentence])
        return found

    def _score_target(self, tokens: Sequence[Token], first: int, last: int) -> Scores:
        """Score what a sentence says about its words [first, last)."""
        own = self._model.mask + self._model.positions[MAX_DISTANCE]
        common = [t for t in tokens[first:last] if not t.flags & (CAPITALS | TITLE | WAS_TITLE)]
        if common:
            own = own + np.mean([self._embedding(token) for token in common], axis=0)
        before, after = tokens[max(0, first - WINDOW) : first], tokens[last : last + WINDOW]
        rows = [
            self._embedding(token) + self._position(distance)
            for distance, token in (
                *((i - len(before), token) for i, token in enumerate(before)),
                *((i + 1, token) for i, token in enumerate(after)),
            )
        ]
        rows.insert(len(before), own)
        return _softmax(_run(self._model.target, np.stack(rows), len(before)))

    def _position(self, distance: int) -> Floats:
        found: Floats = self._model.positions[max(-MAX_DISTANCE, min(MAX_DISTANCE, distance)) + MAX_DISTANCE]
        return found

    def _embedding(self, token: Token) -> Floats:
        row = self._word(token.key, bool(token.flags & STRETCHED))
        for bit in range(FLAGS):
            if token.flags >> bit & 1:
                row = row + self._model.flags[bit]
        return row

    def _word_uncached(self, key: str, is_stretched: bool) -> Floats:
        model = self._model
        row = self._rows.get(key)
        if row is None and is_stretched:
            row = next((self._rows[known] for known in unstretched(key) if known in self._rows), None)
        if row is not None:
            rows = np.array([row])
        else:
            rows = np.array(ngram_buckets(key, model.buckets)) + len(model.vocabulary)
        values: Floats = (model.embeddings[rows].astype(np.float32) * model.scales[rows, None]).mean(
            0, dtype=np.float32
        )
        return values


def _tokens_around(text: str, targets: Sequence[Target]) -> Iterator[list[Token]]:
    """Of each target's sentence, cut once for all targets in a row."""
    for (start, end), together in groupby(targets, key=lambda t: (t.sentence_start, t.sentence_end)):
        tokens = sentence_tokens(text[start:end])
        yield from (tokens for _ in together)


def _words_of(target: Target, tokens: Sequence[Token]) -> tuple[int, int]:
    """Return the range of a sentence's tokens that a target covers."""
    start, end = target.start - target.sentence_start, target.end - target.sentence_start
    first = bisect_right(tokens, start, key=lambda token: token.end)
    return first, max(first, bisect_left(tokens, end, key=lambda token: token.start))


def _run(network: Network, rows: Floats, place: int | None) -> Floats:
    """Rows [tokens, width] to outputs; `place` is the target's row."""
    layers = len(network.gain)
    x = np.pad(rows, ((layers, layers), (0, 0)))
    for layer in range(layers):
        window = np.concatenate([x[:-2], x[1:-1], x[2:]], axis=1)
        weights = network.weights[layer]
        pieces = (window @ weights.reshape(-1, weights.shape[2]).T).reshape(-1, *weights.shape[:2])
        value = (pieces + network.bias[layer]).max(2)
        centred = value - value.mean(1, keepdims=True)
        scaled = centred / np.sqrt(np.square(centred).mean(1, keepdims=True) + EPSILON)
        x = x[1:-1] + scaled * network.gain[layer] + network.shift[layer]
    shares = np.exp(np.clip(x @ network.attention.T, -LIMIT, LIMIT))
    pooled = (shares / shares.sum(0)).T @ x
    features = [*pooled, x.max(0)]
    if place is not None:
        features.append(x[place])
    hidden = (network.hidden @ np.concatenate(features) + network.hidden_bias).max(1)
    outputs: Floats = network.output @ hidden + network.output_bias
    return outputs


def _softmax(logits: Floats) -> Scores:
    shares = np.exp(logits - logits.max()).astype(np.float64)
    negative, neutral, positive = (shares / shares.sum()).tolist()
    return Scores(negative, neutral, positive)
