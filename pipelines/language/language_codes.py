"""Compare the names that pipelines have for their languages with the codes that the detector gives.

The detector knows 60 languages by their codes of ISO 639-1. Where a pipeline is named after one language of a
macrolanguage (ISO 639-3), the detector gives the code of the whole: both written forms of Norwegian are `no`.
"""

from collections.abc import Iterable
from functools import lru_cache

_OF_DETECTOR = {"nb": "no", "nn": "no", "id": "ms", "fil": "tl"}


@lru_cache(maxsize=1 << 8)
def detector_code(language: str) -> str:
    """Return the detector's code for a pipeline's language, whatever its case and region: `no` for `nb-NO`.

    Cached, because a service meets the few languages of its pipelines over and over.
    """
    code = language.replace("_", "-").partition("-")[0].lower()
    return _OF_DETECTOR.get(code, code)


def loaded_as(code: str, languages: Iterable[str]) -> str | None:
    """Return the first of the languages that the detector's code stands for; None if there is none."""
    return next((language for language in languages if detector_code(language) == code), None)
