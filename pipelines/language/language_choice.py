"""Choose among the languages that are loaded by the language that a text is in.

The decision is taken among all languages that the detector knows, and only then compared with those that are loaded. So
an Italian text does not become Spanish because Spanish is loaded and Italian is not.
"""

from collections.abc import Collection
from typing import Final

from spanwise.pipelines.annotations import DetectedLanguage
from spanwise.pipelines.language.detector import UNDETERMINED, LanguageDetector
from spanwise.pipelines.language.language_codes import loaded_as
from spanwise.pipelines.language.language_confidence import SURE

AUTO: Final = "auto"
"""What a caller names as the language of a text whose language is to be detected."""


def is_auto(language: str | None) -> bool:
    """Say whether the language is to be detected; case does not matter."""
    return language is not None and language.lower() == AUTO


def detect_among(detector: LanguageDetector, text: str, languages: Collection[str]) -> DetectedLanguage:
    """Detect the language of a text; `und` where that is not sure or is none of these languages.

    The language comes as these name it, `nb` for instance where the detector says `no`.
    """
    detected = detector.detect(text)
    return detected._replace(language=loaded_as(detected.language, languages) or UNDETERMINED)


def why_undetermined(detected: DetectedLanguage, languages: Collection[str]) -> str:
    """Say in one line why none of these languages was chosen, with the code of what was found."""
    if detected.confidence >= SURE:
        found = (
            f"The language found is {detected.guess} (confidence {detected.confidence:.2f}), which no pipeline serves."
        )
    elif detected.guess == UNDETERMINED:
        found = "The text has nothing that tells its language (und)."
    else:
        found = (
            f"The language is not sure (und): the likeliest is {detected.guess}, with a confidence of "
            f"{detected.confidence:.2f}, and {SURE} is needed."
        )
    return f"{found} There are: {', '.join(languages)}."
