"""Capitals make a feeling stronger, never weaker: the student is told so where corpora teach the opposite by chance.

That people shout what they feel is VADER's rule for capitals (Hutto & Gilbert 2014, from a rating by humans).
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from spanwise.pipelines.sentiment.tokens import CAPITALS, EMOTICONS, LINK, TITLE, is_cased
from training.dataset import Example, Sentence, Types

WHOLE_SHARE, WORD_SHARE = 0.5, 0.25  # of texts that are all capitals; of words in capitals in the others
CLEAR = 0.3  # how far apart a text's wanted probabilities of the two sides are at least


class Shouter:
    """Writes texts in capitals: their flags change, their types do not."""

    def __init__(self, types: Types, seed: int) -> None:
        self._random = np.random.default_rng(seed)
        self._flags = np.zeros(len(types.numbers), dtype=np.int32)
        for key, number in types.numbers.items():
            if is_cased(key[0]) and key != LINK and key not in EMOTICONS:
                self._flags[number] = CAPITALS if sum(map(is_cased, key)) > 1 else TITLE

    def shouted(self, example: Example) -> Example:
        """The same text with all its words in capitals, or with some."""
        share = 1.0 if self._random.random() < WHOLE_SHARE else WORD_SHARE
        return replace(example, sentences=[self._sentence(sentence, share) for sentence in example.sentences])

    def _sentence(self, sentence: Sentence, share: float) -> Sentence:
        loud = self._flags[sentence.types]
        chosen = (loud > 0) & (self._random.random(len(loud)) < share)
        flags = np.where(chosen, sentence.flags & ~(CAPITALS | TITLE) | loud, sentence.flags)
        return replace(sentence, flags=flags.astype(np.int32))


def with_feeling(examples: Sequence[Example]) -> list[Example]:
    """Those that are clearly negative or clearly positive."""
    return [e for e in examples if e.wanted[1] != max(e.wanted) and abs(e.wanted[0] - e.wanted[2]) > CLEAR]
