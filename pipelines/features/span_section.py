"""The section `spans` of an answer."""

from spanwise.pipelines.annotations import Annotations
from spanwise.pipelines.document import Document
from spanwise.pipelines.features.console_table import ConsoleTable
from spanwise.pipelines.offsets import overlapping_bounds
from spanwise.schemas import AnalyzeResponse, LabelledSpan


def write_spans(answer: AnalyzeResponse, document: Document, found: Annotations) -> None:
    """Put the spans of all groups into the answer, in the document's unit."""
    text = document.text
    bounds = overlapping_bounds(text, found.spans, document.offset_encoding)
    spans = []
    for span, start, end in zip(found.spans, bounds[::2], bounds[1::2], strict=True):
        written = LabelledSpan(key=span.key, text=text[span.start : span.end], label=span.label, start=start, end=end)
        if span.score is not None:
            written["score"] = span.score
        if span.id is not None:
            written["id"] = span.id
        if span.extensions is not None:
            written["extensions"] = dict(span.extensions)
        spans.append(written)
    answer["spans"] = spans


def tabulate_spans(answer: AnalyzeResponse) -> ConsoleTable | None:
    """Return the spans as rows."""
    if "spans" not in answer:
        return None
    rows = [
        (
            span["key"],
            span["text"],
            span["label"],
            str(span["start"]),
            str(span["end"]),
            f"{span['score']:.2f}" if "score" in span else "",
        )
        for span in answer["spans"]
    ]
    return ConsoleTable("Spans", ("group", "span", "label", "start", "end", "score"), rows)
