"""The feature `language`: the language that was detected takes the place of the pipeline's in the answer."""

from spanwise.pipelines.annotations import Annotations
from spanwise.pipelines.document import Document
from spanwise.pipelines.features.console_table import ConsoleTable
from spanwise.pipelines.language.detector import UNDETERMINED
from spanwise.pipelines.language.language_codes import detector_code
from spanwise.schemas import AnalyzeResponse


def write_language(answer: AnalyzeResponse, _document: Document, found: Annotations) -> None:
    """Put the detected language and its confidence into the answer; `und` has no confidence.

    The language of the pipeline that served the text keeps the name that the pipeline has for it.
    """
    if found.language is None:
        return
    detected = found.language.language
    if detected != detector_code(answer["language"]):
        answer["language"] = detected
    if detected != UNDETERMINED:
        answer["language_confidence"] = found.language.confidence


def tabulate_language(answer: AnalyzeResponse) -> ConsoleTable | None:
    """Return the language as one row, where it was detected."""
    if "language_confidence" not in answer:
        return None
    return ConsoleTable(
        "Language", ("language", "confidence"), [(answer["language"], f"{answer['language_confidence']:.2f}")]
    )
