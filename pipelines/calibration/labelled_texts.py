"""Read texts whose entities somebody has annotated: JSON Lines in the common forms, or spaCy's DocBin.

A line of JSON is one of these; positions are code points, `[start, end)`, and further fields are passed over:

    {"text": "Tim Cook left.", "entities": [{"start": 0, "end": 8, "label": "PERSON"}]}
    {"text": "Tim Cook left.", "entities": [[0, 8, "PERSON"]]}
    {"text": "Tim Cook left.", "spans": [{"start": 0, "end": 8, "label": "PERSON"}], "answer": "accept"}
    ["Tim Cook left.", {"entities": [[0, 8, "PERSON"]]}]

The third is Prodigy's; texts with another answer than `accept` are left out. The fourth is that of spaCy 2. A file that
ends in `.spacy` holds a DocBin; of that, texts without any annotation of entities are left out.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from spanwise.pipelines.calibration.refusals import LabelledTextsRefused
from spanwise.pipelines.load_errors import first_line

DOC_BIN = ".spacy"
_ACCEPTED = "accept"


class LabelledSpan(NamedTuple):
    """An annotated entity at `[start, end)` in code points."""

    start: int
    end: int
    label: str


@dataclass(frozen=True, slots=True)
class LabelledText:
    """A text with all its entities, in the order of the text; `place` says where in the file it stands."""

    place: str
    text: str
    entities: tuple[LabelledSpan, ...]


@dataclass(frozen=True, slots=True)
class LabelledTexts:
    """The texts of a file, and how many were left out because nobody accepted or annotated them."""

    texts: list[LabelledText]
    left_out: int


class _Unfit(Exception):
    """What is wrong with one text."""


def read_labelled_texts(path: Path) -> LabelledTexts:
    """Read a file of annotated texts. Raises `LabelledTextsRefused`, which names the first place that is wrong."""
    read = _doc_bin if path.suffix == DOC_BIN else _json_lines
    texts: list[LabelledText] = []
    left_out = 0
    try:
        for place, record in read(path):
            if record is None:
                left_out += 1
                continue
            try:
                text, spans = _text_and_spans(record)
                texts.append(LabelledText(place, text, _checked(text, spans)))
            except _Unfit as error:
                raise LabelledTextsRefused(f"{path}, {place}: {error}.") from None
    except OSError as error:
        raise LabelledTextsRefused(f"Cannot read {path}: {error.strerror}.") from None
    return LabelledTexts(texts, left_out)


def _json_lines(path: Path) -> Iterator[tuple[str, Any]]:
    """Yield the value of each line that is not blank; None for one that an annotator did not accept."""
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            place = f"line {number}"
            content = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
            if not content.strip():
                continue
            try:
                value = json.loads(content)
            except (ValueError, RecursionError):
                raise LabelledTextsRefused(f"{path}, {place}: it is not JSON in UTF-8.") from None
            refused = isinstance(value, dict) and value.get("answer", _ACCEPTED) != _ACCEPTED
            yield place, None if refused else value


def _doc_bin(path: Path) -> Iterator[tuple[str, Any]]:
    """Yield the documents of a DocBin as records; None for one without any annotation of entities."""
    from spacy.tokens import DocBin  # noqa: PLC0415 - it takes a second to import, and only this form needs it
    from spacy.vocab import Vocab  # noqa: PLC0415

    content = path.read_bytes()
    try:
        docs = list(DocBin().from_bytes(content).get_docs(Vocab()))
    except Exception as error:
        raise LabelledTextsRefused(f"{path} is no DocBin of spaCy: {first_line(error)}.") from error
    for number, doc in enumerate(docs, 1):
        spans = [(span.start_char, span.end_char, span.label_) for span in doc.ents]
        annotated = doc.has_annotation("ENT_IOB")
        yield f"document {number}", {"text": doc.text, "entities": spans} if annotated else None


def _text_and_spans(record: Any) -> tuple[str, list[LabelledSpan]]:
    if isinstance(record, list) and len(record) == 2 and isinstance(record[1], dict):  # noqa: PLR2004 - spaCy 2's pair
        record = {"text": record[0], **record[1]}
    if not isinstance(record, dict):
        raise _Unfit("it is no object with `text` and `entities`")
    text = record.get("text")
    if not isinstance(text, str):
        raise _Unfit("it has no `text`")
    if "entities" not in record and "spans" not in record:
        raise _Unfit("it has neither `entities` nor `spans`; a text without entities has an empty list")
    spans = record["entities"] if "entities" in record else record["spans"]
    if not isinstance(spans, list):
        raise _Unfit("its entities are no list")
    return text, [_span(number, span) for number, span in enumerate(spans, 1)]


def _span(number: int, span: Any) -> LabelledSpan:
    """Return an annotated entity; `number` counts those of the text from 1."""
    if isinstance(span, dict):
        span = [span.get(key) for key in ("start", "end", "label")]
    if not isinstance(span, list | tuple) or len(span) < 3:  # noqa: PLR2004 - spaCy allows more after the three
        raise _Unfit(f"entity {number} has no start, end and label")
    start, end, label = span[:3]
    if type(start) is not int or type(end) is not int or not isinstance(label, str) or not label:
        raise _Unfit(f"entity {number} has no start, end and label")
    return LabelledSpan(start, end, label)


def _checked(text: str, spans: list[LabelledSpan]) -> tuple[LabelledSpan, ...]:
    """Return the entities in the order of the text. Raises `_Unfit` for one that no pipeline could find."""
    for number, span in enumerate(spans, 1):
        if not 0 <= span.start < span.end <= len(text):
            raise _Unfit(f"entity {number} does not lie in its text of {len(text)} code points")
        if text[span.start].isspace() or text[span.end - 1].isspace():
            raise _Unfit(f"entity {number} starts or ends with white space: positions count code points")
    ordered = tuple(sorted(spans))
    for before, after in pairwise(ordered):
        if after.start < before.end:
            raise _Unfit(f"the entities at {before.start} and {after.start} overlap")
    return ordered
