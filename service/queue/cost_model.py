"""What a text is likely to cost: microseconds of one NLP thread, learned from what was measured.

A character costs between 1 and some 400 units of work, so characters alone say little. Four facts are cheap to count
and say more: the text itself, its characters, its symbols (punctuation, signs and emoji, which tokenizer rules cut one
by one) and its capitals (which begin the names whose sentiment may be asked for). Every pipeline has a rate for each
fact and each set of features, and one for a call of the engine, whatever the number of texts in it.

After every micro-batch the rates take a step towards the time that was measured: a gradient step on the square of
log(measured / estimated), in which each rate moves by its share of the estimate. So rates stay positive, a rate that
had no part in an estimate is left alone, and a fact's unit does not matter. One measurement counts as at most four
times too much or too little, and moves the rates by a twentieth of the way once forty have been seen: a machine that
stood still for a minute spoils nothing.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from spanwise.pipelines import Analyzer
from spanwise.schemas import Feature

Facts = tuple[int, int, int]
"""The characters (code points) of a text, and how many of them are symbols and capitals."""

_COUNTED_WHOLE = 16_384  # characters; of a longer text, slices are counted
_SLICES = 8
_SLICE_CHARACTERS = 1_024

_FEW = 8  # one in so many characters

_CAPITALS = bytes(range(ord("A"), ord("Z") + 1))
_SYMBOLS = bytes(byte for byte in range(33, 127) if not chr(byte).isalnum()) + bytes(
    # The first bytes, in UTF-8, of U+0080-00BF, U+2000-2FFF (punctuation, signs, arrows), U+F000-FFFF (full width)
    # and of all characters beyond the basic plane, of which emoji are by far the commonest.
    [0xC2, 0xE2, 0xEF, *range(0xF0, 0xF5)]
)
_ALL_ELSE = bytes(set(range(256)) - set(_SYMBOLS) - set(_CAPITALS))

_LARGEST_ERROR = math.log(4)
_SMALLEST_GAIN = 0.05
_SETTLED = 100  # micro-batches of a pipeline, after which only some are learned from
_LEARN_FROM_ONE_IN = 8
_SMALLEST_RATE, _LARGEST_RATE = 0.001, 1e6  # microseconds
_MAX_FEATURE_SETS = 64  # for each pipeline; what is beyond shares the rates of all features


def facts_of(text: str) -> Facts:
    """Count what an estimate is made of, in about a microsecond for a short text.

    Where symbols and capitals together are few, as in prose, half of them are taken for either.
    """
    characters = len(text)
    if characters > _COUNTED_WHOLE:
        return _facts_of_slices(text)
    marked = text.encode("utf-8", "surrogatepass").translate(None, _ALL_ELSE)
    both = len(marked)
    capitals = both // 2 if both * _FEW <= characters else both - len(marked.translate(None, _CAPITALS))
    return characters, both - capitals, capitals


def _facts_of_slices(text: str) -> Facts:
    characters = len(text)
    step = characters // _SLICES
    seen = "".join([text[start : start + _SLICE_CHARACTERS] for start in range(0, step * _SLICES, step)])
    counted, symbols, capitals = facts_of(seen)
    return characters, symbols * characters // counted, capitals * characters // counted


@dataclass(slots=True, eq=False)
class Rates:
    """Microseconds of an NLP thread for a text, and for each of its characters, symbols and capitals."""

    text: float = 100.0
    character: float = 5.0
    symbol: float = 20.0
    capital: float = 20.0
    batches: int = 0
    """How many micro-batches these rates were learned from."""

    def cost_of(self, facts: Facts) -> int:
        """Return the estimated microseconds, at least 1."""
        characters, symbols, capitals = facts
        return 1 + int(self.text + self.character * characters + self.symbol * symbols + self.capital * capitals)


_SPACYS = Rates(text=2_000.0, character=30.0, symbol=160.0, capital=60.0)
"""Tagger, parser and lemmatizer of the default pipeline: 3 s for 100,000 characters of prose, 19 s for brackets."""


def _at_least_spacys(seed: Rates) -> Rates:
    return Rates(
        max(seed.text, _SPACYS.text),
        max(seed.character, _SPACYS.character),
        max(seed.symbol, _SPACYS.symbol),
        max(seed.capital, _SPACYS.capital),
    )


class Priced(Protocol):
    """A text whose cost was estimated: by which rates, from which facts."""

    rates: Rates
    facts: Facts


class PipelineCosts:
    """The rates of one pipeline. Used on the event loop alone."""

    def __init__(self, call: float = 200.0, seed: Rates | None = None) -> None:
        """`call` is what a call of the engine costs, in microseconds; `seed` is where new feature sets start."""
        self.call = call
        self._seed = seed or Rates()
        self._rest = replace(self._seed)
        self._batches = 0
        self._of_features: dict[frozenset[Feature], Rates] = {}

    def rates_of(self, features: frozenset[Feature], analyzer: Analyzer | None = None) -> Rates:
        """Return the rates of a set of features of this pipeline.

        A new set starts from the seed, which was measured with the features of callers who name none. Where these are
        computed by kernels and the set takes spaCy's own components, it starts at no less than what they cost.
        """
        if (rates := self._of_features.get(features)) is None:
            if len(self._of_features) >= _MAX_FEATURE_SETS:
                return self._rest
            rates = self._of_features[features] = self._first(features, analyzer)
        return rates

    def _first(self, features: frozenset[Feature], analyzer: Analyzer | None) -> Rates:
        if analyzer is None or analyzer.computes_in_kernels(features):
            return replace(self._seed)
        if not analyzer.computes_in_kernels(analyzer.default_features):
            return replace(self._seed)
        return _at_least_spacys(self._seed)

    def learn(self, batch: Sequence[Priced], microseconds: float) -> None:
        """Take one step towards the time that a micro-batch took.

        Once the rates are settled, one micro-batch in eight is enough.
        """
        self._batches += 1
        if self._batches > _SETTLED and self._batches % _LEARN_FROM_ONE_IN:
            return
        groups = _by_rates(batch)
        parts = [
            (rates.text * texts, rates.character * characters, rates.symbol * symbols, rates.capital * capitals)
            for rates, (texts, characters, symbols, capitals) in groups
        ]
        estimate = self.call + sum(map(sum, parts))
        error = math.log(max(microseconds, 1.0) / estimate)
        error = max(-_LARGEST_ERROR, min(_LARGEST_ERROR, error))
        squares = self.call * self.call + sum(part * part for four in parts for part in four)
        reach = error * estimate / squares  # times a rate's part of the estimate: its whole step, as a logarithm
        self.call = _moved(self.call, _SMALLEST_GAIN * reach * self.call)
        for (rates, _), (text, character, symbol, capital) in zip(groups, parts, strict=True):
            step = reach * max(_SMALLEST_GAIN, 2 / (2 + rates.batches))
            rates.text = _moved(rates.text, step * text)
            rates.character = _moved(rates.character, step * character)
            rates.symbol = _moved(rates.symbol, step * symbol)
            rates.capital = _moved(rates.capital, step * capital)
            rates.batches += 1


def _by_rates(batch: Iterable[Priced]) -> list[tuple[Rates, tuple[int, int, int, int]]]:
    """Return each set of rates in the batch, with the sums of what it was applied to."""
    sums: dict[Rates, list[int]] = {}
    for priced in batch:
        if (four := sums.get(priced.rates)) is None:
            four = sums[priced.rates] = [0, 0, 0, 0]
        characters, symbols, capitals = priced.facts
        four[0] += 1
        four[1] += characters
        four[2] += symbols
        four[3] += capitals
    return [(rates, (four[0], four[1], four[2], four[3])) for rates, four in sums.items()]


def _moved(rate: float, step: float) -> float:
    return max(_SMALLEST_RATE, min(_LARGEST_RATE, rate * math.exp(step)))
