"""Two sentences joined into one, so that the student learns to ignore what is said of anything but the target.

The idea is that of Yun et al. 2019 ("CutMix"), and of the sentences with several targets in MAMS (Jiang et al. 2019).
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from spanwise.pipelines.sentiment.tokens import tokenize
from training.dataset import Ints, Sentence, TargetExample
from training.swapping import Swapper

SHARE, LONGEST = 0.5, 24  # the share of targets that get a second sentence; its greatest length in tokens
JOINTS = (
    ", but",
    ";",
    ", while",
    ".",
    ", and",
    "and",
    "but",
    ", whereas",
    "!",
    "-",
    ", yet",
    ":",
    ", although",
    "when",
)


class Joiner:
    """A joiner, which puts the sentence of another target before or after a target's own."""

    def __init__(self, targets: Sequence[TargetExample], swapper: Swapper, seed: int) -> None:
        self._random = np.random.default_rng(seed)
        self._others = [t.sentence for t in targets if len(t.sentence.types) <= LONGEST]
        self._joints = [swapper.number(tuple(tokenize(joint))) for joint in JOINTS]

    def joined(self, targets: Sequence[TargetExample]) -> list[TargetExample]:
        """Return the same targets, a share of them in longer sentences."""
        return [self._join(t) if self._random.random() < SHARE else t for t in targets]

    def _join(self, target: TargetExample) -> TargetExample:
        own, other = target.sentence, self._others[self._random.integers(len(self._others))]
        joint = self._joints[self._random.integers(len(self._joints))]
        if self._random.random() < 0.5:
            return replace(target, sentence=_concatenated(own, joint, other))
        before = len(other.types) + len(joint[0])
        return replace(
            target, sentence=_concatenated(other, joint, own), first=target.first + before, end=target.end + before
        )


def _concatenated(one: Sentence, joint: tuple[Ints, Ints], other: Sentence) -> Sentence:
    before = len(one.types) + len(joint[0])
    names = [(first + before, end + before, kind) for first, end, kind in other.names]
    return Sentence(
        np.concatenate([one.types, joint[0], other.types]),
        np.concatenate([one.flags, joint[1], other.flags]),
        [*one.names, *names],
    )
