"""Detect the language of a text, among the 60 that eldc knows.

eldc compares n-grams with tables that lie in its shared library: 20 MB that are read in as texts touch them, and that
all processes share. So nothing of the library is imported before the first text whose language is asked for.
"""

import re
import threading
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from typing import Any, Final

from spanwise.pipelines.annotations import DetectedLanguage
from spanwise.pipelines.language.language_codes import detector_code
from spanwise.pipelines.language.language_confidence import PLAIN, SURE, confidence

UNDETERMINED: Final = "und"
"""The code of ISO 639 for a language that could not be determined."""

_PIECE = 160
SAMPLED = 3 * _PIECE
"""Characters that are read of a text at most. Accuracy is that of whole texts; a longer sample costs more."""

PLAIN_CHARACTERS = 40
PLAIN_PROSE_CHARACTERS = 25
"""What a text must have, in all and in words of lower case, to be plainly of another language."""

_NO_PROSE = re.compile(r"[\d@/#_<>{}=|\\]")
_FIRST_TEXT = "The first text takes a thousand times as long as the following ones."
_LOADING = threading.Lock()


@dataclass(eq=False)
class LanguageDetector:
    """Detects languages. Any number of threads may use it; a call takes some 10 µs at most, however long the text."""

    _eldc: Any = field(default=None, repr=False)
    """An instance of eldc with settings of its own, so that other users of the library do not change ours."""

    @property
    def loaded(self) -> bool:
        """Whether the library is imported already."""
        return self._eldc is not None

    def load(self) -> Any:
        """Import the library and detect once, which takes milliseconds; more if its file is not in the page cache."""
        if self._eldc is not None:
            return self._eldc
        with _LOADING:
            if self._eldc is None:
                eldc = import_module("eldc")
                eldc.init()
                instance = eldc.instance()
                instance.set_scores(2)
                instance.detect_details(_FIRST_TEXT)
                self._eldc = instance
        return self._eldc

    @cached_property
    def codes(self) -> frozenset[str]:
        """The codes of all languages that it knows."""
        return frozenset(import_module("eldc").LANGUAGES)

    def detect(self, text: str) -> DetectedLanguage:
        """Return the most likely language of all that the detector knows, whether or not a pipeline serves it."""
        return self._detect(sample_of(text))

    def differs(self, text: str, language: str) -> bool:
        """Say whether the text is plainly of another language than that of a pipeline.

        Names do not count: a table of Dutch football clubs is no Dutch. So the words without capitals, digits and
        signs must be of the other language too. A language that the detector does not know differs from nothing.
        """
        expected = detector_code(language)
        if len(text) < PLAIN_CHARACTERS or expected not in self.codes:
            return False
        sample = sample_of(text)
        if self.load().detect(sample) in (expected, UNDETERMINED):
            return False
        found = self._detect(sample)
        if found.confidence < PLAIN:
            return False
        prose = " ".join(word for word in sample.split() if word == word.lower() and not _NO_PROSE.search(word))
        if len(prose) < PLAIN_PROSE_CHARACTERS:
            return False
        again = self._detect(prose)
        return again.guess == found.guess and again.confidence >= PLAIN

    def _detect(self, sample: str) -> DetectedLanguage:
        scores = self.load().detect_details(sample).scores
        if not scores:
            return DetectedLanguage(UNDETERMINED, 0.0, UNDETERMINED)
        (code, score), *others = scores.items()
        next_score = others[0][1] if others else 0.0
        sure = round(confidence(score, next_score, len(sample)), 4)
        return DetectedLanguage(code if sure >= SURE else UNDETERMINED, sure, code)


def sample_of(text: str) -> str:
    """Return the whole of a short text, and three pieces of a long one: of its beginning, middle and end.

    eldc reads 1,000 bytes at most and stops at a NUL; a lone surrogate makes it raise.
    """
    if len(text) > SAMPLED:
        middle = (len(text) - _PIECE) // 2
        text = f"{text[:_PIECE]} {text[middle : middle + _PIECE]} {text[-_PIECE:]}"
    if "\0" in text:
        text = text.replace("\0", " ")
    if text.isascii():
        return text
    return text.encode("utf-8", "ignore").decode("utf-8")


DETECTOR: Final = LanguageDetector()
"""The detector that analyzers share: eldc's tables exist once in a process."""
