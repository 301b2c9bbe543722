"""Which language a text is in: detection, how sure it is, and what an answer says of it."""

from spanwise.pipelines.language.detector import DETECTOR, UNDETERMINED, LanguageDetector
from spanwise.pipelines.language.language_choice import AUTO, detect_among, is_auto, why_undetermined
from spanwise.pipelines.language.language_layer import LANGUAGE_LAYERS, add_languages, note_language

__all__ = [
    "AUTO",
    "DETECTOR",
    "LANGUAGE_LAYERS",
    "UNDETERMINED",
    "LanguageDetector",
    "add_languages",
    "detect_among",
    "is_auto",
    "note_language",
    "why_undetermined",
]
