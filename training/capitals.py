"""Texts in capitals, from which the student learns that capitals never weaken a feeling.

The corpora teach the opposite by chance. The rule is VADER's (Hutto & Gilbert 2014), who had humans rate such texts.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from spanwise.pipelines.sentiment.characters import is_cased
from spanwise.pipelines.sentiment.tokens import CAPITALS, EMOTICONS, LINK, SMALL, TITLE, WAS_TITLE
from training.corpora import NEGATIVE, NEUTRAL, POSITIVE
from training.dataset import Example, Sentence, Types

WHOLE_SHARE, WORD_SHARE = 0.5, 0.25  # the share of texts all in capitals; the share of words in capitals in the others
CLEAR = 0.3  # the least difference between the wanted probabilities of positive and negative in a text with a feeling


class Shouter:
    """A writer of texts in capitals. It changes the flags of tokens, not their types."""

    def __init__(self, types: Types, seed: int) -> None:
        self._random = np.random.default_rng(seed)
        self._flags = np.zeros(len(types.numbers), dtype=np.int32)
        for key, number in types.numbers.items():
            if is_cased(key[0]) and key != LINK and key not in EMOTICONS:
                self._flags[number] = CAPITALS if sum(map(is_cased, key)) > 1 else TITLE

    def shouted(self, example: Example) -> Example:
        """Return the text with all or some of its words in capitals."""
        share = 1.0 if self._random.random() < WHOLE_SHARE else WORD_SHARE
        return replace(example, sentences=[self._sentence(sentence, share) for sentence in example.sentences])

    def _sentence(self, sentence: Sentence, share: float) -> Sentence:
        loud = self._flags[sentence.types]
        chosen = (loud > 0) & (self._random.random(len(loud)) < share)
        flags = np.where(chosen, sentence.flags & ~(CAPITALS | TITLE | SMALL | WAS_TITLE) | loud, sentence.flags)
        return replace(sentence, flags=flags.astype(np.int32))


def with_feeling(examples: Sequence[Example]) -> list[Example]:
    """Select the examples that are clearly negative or clearly positive."""
    return [
        e
        for e in examples
        if e.wanted[NEUTRAL] != max(e.wanted) and abs(e.wanted[NEGATIVE] - e.wanted[POSITIVE]) > CLEAR
    ]
