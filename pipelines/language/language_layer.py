"""Add what was detected to annotations and answers."""

from collections.abc import Sequence
from typing import Final

from spanwise.pipelines.annotations import Annotations, Layers
from spanwise.pipelines.document import Document
from spanwise.pipelines.language.detector import LanguageDetector
from spanwise.schemas import AnalyzeResponse

LANGUAGE_LAYERS: Final[Layers] = frozenset({"language"})
"""What a detector computes, from the text alone."""

LANGUAGE_MISMATCH: Final = "language_mismatch"


def add_languages(
    detector: LanguageDetector,
    documents: Sequence[Document],
    wanted: Sequence[Layers],
    annotations: Sequence[Annotations],
) -> None:
    """Fill in `language` where it is wanted; what was detected to choose the pipeline is not detected again."""
    for document, layers, found in zip(documents, wanted, annotations, strict=True):
        if "language" in layers:
            found.language = document.detected or detector.detect(document.text)


def note_language(detector: LanguageDetector | None, answer: AnalyzeResponse, document: Document) -> None:
    """Add how sure a detected language is, or a warning where an assumed one is plainly wrong."""
    if document.detected is not None:
        answer["language_confidence"] = document.detected.confidence
    elif document.language_assumed and detector is not None and detector.differs(document.text, answer["language"]):
        answer["warnings"] = [LANGUAGE_MISMATCH]
