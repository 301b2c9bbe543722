"""Names are swapped at random while the model learns: what a text says does not depend on them.

After Maudslay et al. 2019, "It's All in the Name: Mitigating Gender Bias with Name-Based Counterfactual Data
Substitution".
"""

from collections.abc import Sequence

import numpy as np

from spanwise.pipelines.sentiment.tokens import Token, tokenize
from training.dataset import Ints, Sentence, Types
from training.names import listed_names

NAME_SHARE = 0.8  # of sentences that get other names
LISTED_SHARE = 0.5  # of names from `names`, which may sound good or bad
POOL = 8000  # names of a kind


class Swapper:
    """Gives other versions of a sentence."""

    def __init__(self, types: Types, sentences: Sequence[Sentence], seed: int = 1) -> None:
        self._random = np.random.default_rng(seed)
        self.types = types
        self._listed = {
            kind: [self.number(tokenize(name)) for name in names] for kind, names in listed_names(seed).items()
        }
        self._pools = self._collect(sentences)

    def number(self, tokens: Sequence[Token]) -> tuple[Ints, Ints]:
        """Their types and flags."""
        numbers = [self.types.number(token.key) for token in tokens]
        return np.array(numbers, dtype=np.int32), np.array([token.flags for token in tokens], dtype=np.int32)

    def _collect(self, sentences: Sequence[Sentence]) -> dict[int, list[tuple[Ints, Ints]]]:
        pools: dict[int, dict[bytes, tuple[Ints, Ints]]] = {}
        for sentence in sentences:
            for first, end, kind in sentence.names:
                if end - first <= 4 and sentence.flags[first] & 3:
                    name = sentence.types[first:end], sentence.flags[first:end]
                    pools.setdefault(kind, {}).setdefault(name[0].tobytes(), name)
        chosen = {}
        for kind, found in pools.items():
            names = list(found.values())
            order = self._random.permutation(len(names))[:POOL]
            chosen[kind] = [names[i] for i in order]
        return chosen

    def swapped(self, sentence: Sentence, keep: tuple[int, int] | None = None) -> tuple[Ints, Ints, int]:
        """Types and flags, and where the token `keep[0]` is now; the tokens of `keep` stay as they are."""
        types, flags, place = sentence.types, sentence.flags, keep[0] if keep else 0
        if sentence.names and self._random.random() < NAME_SHARE:
            types, flags, place = self._with_other_names(sentence, types, flags, keep, place)
        return types, flags, place

    def _with_other_names(
        self, sentence: Sentence, types: Ints, flags: Ints, keep: tuple[int, int] | None, place: int
    ) -> tuple[Ints, Ints, int]:
        new_types, new_flags, done = [], [], 0
        for first, end, kind in sentence.names:
            listed = self._random.random() < LISTED_SHARE
            pool = (self._listed.get(kind) if listed else None) or self._pools.get(kind)
            if not pool or first < done or (keep and first < keep[1] and end > keep[0]):
                continue
            name_types, name_flags = pool[self._random.integers(len(pool))]
            new_types += [types[done:first], name_types]
            new_flags += [flags[done:first], name_flags]
            if keep and end <= keep[0]:
                place += len(name_types) - (end - first)
            done = end
        return (
            np.concatenate([*new_types, types[done:]]),
            np.concatenate([*new_flags, flags[done:]]),
            place,
        )
