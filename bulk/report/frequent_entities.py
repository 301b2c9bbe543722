"""How often each entity was found, in bounded memory, whatever the number of texts.

A corpus of millions of texts has millions of entities that occur once. Where more than `capacity` different ones are
held, the rarest are dropped, and the largest count that was dropped is added to `dropped_below`: a count that is left
is too low by at most that number (lossy counting, Manku and Motwani 2002, with a bucket as large as the table).
"""

import heapq
from collections.abc import Collection, Iterable
from typing import NamedTuple

SENTIMENT_LABELS = ("negative", "neutral", "positive", "mixed")


class EntityCount(NamedTuple):
    """An entity, how often it was found, and how often with each sentiment."""

    text: str
    label: str
    times: int
    sentiments: dict[str, int]


class FrequentEntities:
    """Counts entities by their text and label."""

    def __init__(self, capacity: int = 200_000) -> None:
        self.dropped_below = 0
        self._capacity = capacity
        self._counts: dict[tuple[str, str], list[int]] = {}
        self._places = {label: number for number, label in enumerate(SENTIMENT_LABELS)}

    def __len__(self) -> int:
        return len(self._counts)

    def add(self, found: Iterable[tuple[str, str, str | None, int]]) -> None:
        """Add counts of entities: text, label, the label of its sentiment or None, how often."""
        for text, label, sentiment, times in found:
            counts = self._counts.get((text, label))
            if counts is None:
                counts = self._counts[text, label] = [0] * (len(SENTIMENT_LABELS) + 1)
            counts[self._places.get(sentiment or "", len(SENTIMENT_LABELS))] += times
        if len(self._counts) > self._capacity:
            self._drop_the_rarest()

    def most_frequent(self, number: int, without: Collection[str] = ()) -> list[EntityCount]:
        """Return the most frequent entities, those of some labels left out; equally frequent ones by their text."""
        counted = (item for item in self._counts.items() if item[0][1] not in without)
        ordered = heapq.nsmallest(number, counted, key=lambda item: (-sum(item[1]), item[0]))
        return [
            EntityCount(
                text, label, sum(counts), {name: counts[place] for name, place in self._places.items() if counts[place]}
            )
            for (text, label), counts in ordered
        ]

    def _drop_the_rarest(self) -> None:
        """Drop counts until half of the capacity is left, or fewer where many have the same count."""
        totals = sorted((sum(counts) for counts in self._counts.values()), reverse=True)
        limit = totals[self._capacity // 2]
        self._counts = {key: counts for key, counts in self._counts.items() if sum(counts) > limit}
        self.dropped_below += limit
