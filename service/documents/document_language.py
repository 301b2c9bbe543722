"""Find out what a document's pipeline is chosen by: what it names, or the language that is detected or assumed."""

import asyncio
from typing import Final, NamedTuple

from spanwise.pipelines import DetectedLanguage, Registry
from spanwise.pipelines.language import UNDETERMINED, detect_among, is_auto, why_undetermined
from spanwise.pipelines.language_tags import contradict
from spanwise.schemas import FieldError
from spanwise.service.errors import ValidationFailed
from spanwise.service.runtime import Runtime

Choice = tuple[str | None, str | None]
"""The pipeline and the language that a text names. A plain tuple, since every request makes one."""


DETECTION_IS_OFF: Final = "This service does not detect languages: SPANWISE_LANGUAGE_DETECTION is off."


class DocumentLanguage(NamedTuple):
    """What chooses the pipeline of a text, and what the answer is to say of its language."""

    choice: Choice
    """With the language that was detected, where it was to be detected."""
    detected: DetectedLanguage | None = None
    assumed: bool = False
    """Whether the text is to be checked, because nobody has named its language."""
    error: FieldError | None = None
    """What is wrong, where no pipeline can be chosen; then nothing else counts."""


_NOTHING_NAMED: Final[Choice] = (None, None)
_ASSUMED: Final = DocumentLanguage(_NOTHING_NAMED, assumed=True)
_UNCHECKED: Final = DocumentLanguage(_NOTHING_NAMED)


async def resolve_language(runtime: Runtime, choice: Choice, text: str) -> DocumentLanguage:
    """Return what chooses the pipeline of a text, with its language detected where that is asked for.

    Detection takes some microseconds on the event loop, however long the text is, because the pipeline must be known
    before the text is queued. Only the first one waits for the library to be loaded, in a thread.
    """
    if choice == _NOTHING_NAMED:
        return _ASSUMED if runtime.settings.language_detection == "on" else _UNCHECKED
    if not is_auto(choice[1]):
        return DocumentLanguage(choice)
    registry = runtime.registry
    if registry.detector is not None and not registry.detector.loaded:
        await asyncio.to_thread(registry.detector.load)
    return detect_choice(registry, choice, text)


def detect_choice(registry: Registry, choice: Choice, text: str) -> DocumentLanguage:
    """Detect the language of a text that names `auto`, among those of the pipelines."""
    if registry.detector is None:
        return DocumentLanguage(_NOTHING_NAMED, error=detection_is_off(registry))
    languages = registry.languages
    detected = detect_among(registry.detector, text, languages)
    if detected.language == UNDETERMINED:
        return DocumentLanguage(_NOTHING_NAMED, error=_unsupported(why_undetermined(detected, languages)))
    return _fitting(registry, choice[0], detected)


def _fitting(registry: Registry, pipeline: str | None, detected: DetectedLanguage) -> DocumentLanguage:
    """Return the choice by the language that was detected, which must be that of the pipeline that is named beside."""
    analyzer = None if pipeline is None else registry.named(pipeline)
    if analyzer is not None and contradict(detected.language, analyzer.language):
        found = f"{detected.guess} (confidence {detected.confidence:.2f})"
        detail = f"The pipeline {analyzer.title} serves {analyzer.language}, and the language found is {found}."
        error = FieldError(pointer="/language", code="conflicting_language", detail=detail)
        return DocumentLanguage(_NOTHING_NAMED, error=error)
    return DocumentLanguage((pipeline, detected.language), detected)


async def require_language(runtime: Runtime, choice: Choice, text: str) -> DocumentLanguage:
    """Do the same for a whole request. Raise `ValidationFailed` where something is wrong."""
    resolved = await resolve_language(runtime, choice, text)
    if resolved.error:
        raise ValidationFailed([resolved.error])
    return resolved


def detection_is_off(registry: Registry) -> FieldError:
    """Return the error of a caller who asks a service to detect languages that does not."""
    return _unsupported(f"{DETECTION_IS_OFF} There are: {', '.join(registry.languages)}.")


def _unsupported(detail: str) -> FieldError:
    return FieldError(pointer="/language", code="unsupported_language", detail=detail)
