"""Memory does not grow with the number of words that a worker meets.

`make new-words` watches the same over 200,000 texts.
"""

import random
import string
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from spanwise.pipelines import Analyzer, Document
from tests.conftest import ENGLISH

WARM_UP, TEXTS, ALLOWED_MB = 5_000, 10_000, 3
BATCH = 64


def never_seen(count: int, seed: int) -> Iterator[list[Document]]:
    """Yield batches of texts made of random words, so that nearly every word occurs once."""
    chance = random.Random(seed)
    for _ in range(count // BATCH):
        words = [
            ["".join(chance.choices(string.ascii_lowercase, k=9)).title() for _ in range(20)] for _ in range(BATCH)
        ]
        yield [Document("The " + " of ".join(each) + ".", frozenset({"entities", "sentences"})) for each in words]


def resident_mb() -> float:
    """Return the resident memory of this process in megabytes."""
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * 4096 / 1e6


@pytest.mark.process
def test_never_seen_words_leave_no_memory_behind() -> None:
    """Analysing 10,000 texts of new words changes resident memory by less than 3 MB.

    It is measured in a process of its own, which no other test has grown.
    """
    done = subprocess.run([sys.executable, "-m", __name__], check=True, capture_output=True, text=True)
    assert abs(float(done.stdout)) < ALLOWED_MB


if __name__ == "__main__":
    analyzer = Analyzer.load(ENGLISH)
    for batch in never_seen(WARM_UP, 0):
        analyzer.analyze(batch)
    before = resident_mb()
    for batch in never_seen(TEXTS, 1):
        analyzer.analyze(batch)
    print(resident_mb() - before)
