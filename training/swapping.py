"""Random swaps of names during training, from which the model learns that a text's sentiment does not depend on names.

The method is that of Maudslay et al. 2019, "It's All in the Name: Mitigating Gender Bias with Name-Based Counterfactual
Data Substitution".
"""

from collections.abc import Sequence

import numpy as np

from spanwise.pipelines.sentiment.tokens import CAPITALS, TITLE, Token, tokenize
from training.dataset import Ints, Sentence, Types
from training.names import listed_names

NAME_SHARE = 0.8  # the share of sentences that get other names
LISTED_SHARE = 0.5  # the share of new names that come from `names` and may sound good or bad
POOL = 8000  # names of a kind, at most
LONGEST = 4  # tokens of a name that is collected


class Swapper:
    """A swapper of names in sentences. It draws from listed names and from those of the given sentences."""

    def __init__(self, types: Types, sentences: Sequence[Sentence], seed: int = 1) -> None:
        self._random = np.random.default_rng(seed)
        self.types = types
        self._listed = {
            kind: [self.number(tokenize(name)) for name in names] for kind, names in listed_names(seed).items()
        }
        self._pools = self._collect(sentences)

    def number(self, tokens: Sequence[Token]) -> tuple[Ints, Ints]:
        """Return the types and flags of tokens."""
        numbers = [self.types.number(token.key) for token in tokens]
        return np.array(numbers, dtype=np.int32), np.array([token.flags for token in tokens], dtype=np.int32)

    def _collect(self, sentences: Sequence[Sentence]) -> dict[int, list[tuple[Ints, Ints]]]:
        pools: dict[int, dict[bytes, tuple[Ints, Ints]]] = {}
        for sentence in sentences:
            for first, end, kind in sentence.names:
                if end - first <= LONGEST and sentence.flags[first] & (CAPITALS | TITLE):
                    name = sentence.types[first:end], sentence.flags[first:end]
                    pools.setdefault(kind, {}).setdefault(name[0].tobytes(), name)
        chosen = {}
        for kind, found in pools.items():
            names = list(found.values())
            order = self._random.permutation(len(names))[:POOL]
            chosen[kind] = [names[i] for i in order]
        return chosen

    def swapped(self, sentence: Sentence, keep: tuple[int, int] | None = None) -> tuple[Ints, Ints, int]:
        """Return types and flags with other names, and the new place of the token `keep[0]`.

        The tokens `keep[0]` to `keep[1]` (exclusive) stay as they are.
        """
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
