"""The section `extensions` of an answer; the custom attributes of spans stand beside them (`entity_section.py`)."""

import orjson

from spanwise.pipelines.annotations import Annotations
from spanwise.pipelines.document import Document
from spanwise.pipelines.features.console_table import ConsoleTable
from spanwise.schemas import AnalyzeResponse


def write_extensions(answer: AnalyzeResponse, _document: Document, found: Annotations) -> None:
    """Put the values of the Doc's declared custom attributes into the answer."""
    answer["extensions"] = found.extensions or {}


def tabulate_extensions(answer: AnalyzeResponse) -> ConsoleTable | None:
    """Return the custom attributes as rows, their values as JSON."""
    if "extensions" not in answer:
        return None
    rows = [(name, orjson.dumps(value).decode()) for name, value in answer["extensions"].items()]
    return ConsoleTable("Extensions", ("attribute", "value"), rows)
