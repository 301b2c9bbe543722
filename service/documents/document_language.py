"""Find out by which language a document's pipeline is chosen: the one that is named, detected or assumed."""

import asyncio
from typing import Final, NamedTuple

from spanwise.pipelines import DetectedLanguage, Registry
from spanwise.pipelines.language import UNDETERMINED, detect_among, is_auto, why_undetermined
from spanwise.schemas import FieldError
from spanwise.service.errors import ValidationFailed
from spanwise.service.runtime import Runtime


class DocumentLanguage(NamedTuple):
    """The language that chooses the pipeline, and what the answer is to say of it."""

    language: str | None
    """None: the default pipeline serves the text."""
    detected: DetectedLanguage | None = None
    assumed: bool = False
    """Whether the text is to be checked, because nobody has named its language."""
    error: FieldError | None = None
    """What is wrong, where no pipeline can be chosen; then nothing else counts."""


_ASSUMED: Final = DocumentLanguage(None, assumed=True)
_UNCHECKED: Final = DocumentLanguage(None)


async def resolve_language(runtime: Runtime, named: str | None, text: str) -> DocumentLanguage:
    """Return the language that chooses the pipeline of a text.

    Detection takes some microseconds on the event loop, however long the text is, because the pipeline must be known
    before the text is queued. Only the first one waits for the library to be loaded, in a thread.
    """
    if named is None:
        return _ASSUMED if runtime.settings.language_detection == "on" else _UNCHECKED
    if not is_auto(named):
        return DocumentLanguage(named)
    registry = runtime.registry
    if registry.detector is None:
        return DocumentLanguage(None, error=detection_is_off(registry))
    if not registry.detector.loaded:
        await asyncio.to_thread(registry.detector.load)
    languages = registry.languages
    detected = detect_among(registry.detector, text, languages)
    if detected.language == UNDETERMINED:
        return DocumentLanguage(None, error=_unsupported(why_undetermined(detected, languages)))
    return DocumentLanguage(detected.language, detected)


async def require_language(runtime: Runtime, named: str | None, text: str) -> DocumentLanguage:
    """Do the same for a whole request. Raise `ValidationFailed` where something is wrong."""
    resolved = await resolve_language(runtime, named, text)
    if resolved.error:
        raise ValidationFailed([resolved.error])
    return resolved


def detection_is_off(registry: Registry) -> FieldError:
    """Return the error of a caller who asks a service to detect languages that does not."""
    return _unsupported(f"This service does not detect languages. There are: {', '.join(registry.languages)}.")


def _unsupported(detail: str) -> FieldError:
    return FieldError(pointer="/language", code="unsupported_language", detail=detail)
