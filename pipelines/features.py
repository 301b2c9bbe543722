"""Annotations and scores written as they go on the wire, in the caller's own unit."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from spanwise.pipelines.entities.engine import EntitySpan, SentenceSpan
from spanwise.pipelines.offsets import convert_offsets
from spanwise.pipelines.sentiment import Scores, TextScores, pure_sentiment, text_sentiment
from spanwise.schemas import AnalyzeResponse, Entity, Feature, OffsetEncoding, Sentence


@dataclass(frozen=True, slots=True)
class Document:
    """A text and what is wanted of it. `features` must be among the analyzer's own."""

    text: str = field(repr=False)  # it must not get into a log by way of somebody's repr
    features: frozenset[Feature] = frozenset({"entities", "sentiment"})
    offset_encoding: OffsetEncoding = "codepoint"
    labels: frozenset[str] | None = None
    """Only entities with these labels; None: all."""


def chosen_entities(document: Document, found: Sequence[EntitySpan]) -> Sequence[EntitySpan]:
    """Those with the labels that the document asks for."""
    labels = document.labels
    return found if labels is None else [span for span in found if span.label in labels]


class Findings(NamedTuple):
    """Of one text; `scores`, and `towards` of each entity, are there where they are wanted."""

    entities: Sequence[EntitySpan]
    sentences: Sequence[SentenceSpan]
    scores: TextScores | None
    towards: Sequence[Scores] | None


def write_answer(start: AnalyzeResponse, document: Document, found: Findings) -> AnalyzeResponse:
    """The sections that are asked for; `start` holds language and pipeline."""
    answer = start.copy()
    answer["offset_encoding"] = document.offset_encoding
    if "entities" in document.features or found.towards is not None:
        answer["entities"] = _write_entities(document, found.entities, found.towards)
    if found.scores is not None:
        answer["sentiment"] = text_sentiment(found.scores, [end - start for start, end in found.sentences])
    if "sentences" in document.features:
        answer["sentences"] = _write_sentences(document, found.sentences, found.scores)
    return answer


def _write_entities(document: Document, spans: Sequence[EntitySpan], towards: Sequence[Scores] | None) -> list[Entity]:
    text = document.text
    bounds = _bounds(document, spans)
    entities = []
    for span, start, end in zip(spans, bounds[::2], bounds[1::2], strict=True):
        entity = Entity(text=text[span.start : span.end], label=span.label, start=start, end=end)
        if span.confidence is not None:
            entity["confidence"] = span.confidence
        entities.append(entity)
    if towards is not None:
        for entity, scores in zip(entities, towards, strict=True):
            entity["sentiment"] = pure_sentiment(scores)
    return entities


def _write_sentences(document: Document, found: Sequence[SentenceSpan], scores: TextScores | None) -> list[Sentence]:
    bounds = _bounds(document, found)
    sentences = [
        Sentence(start=start, end=end, text=document.text[span.start : span.end])
        for span, start, end in zip(found, bounds[::2], bounds[1::2], strict=True)
    ]
    if scores is not None:
        for sentence, each in zip(sentences, scores.sentences, strict=True):
            sentence["sentiment"] = pure_sentiment(each)
    return sentences


def _bounds(document: Document, spans: Sequence[EntitySpan] | Sequence[SentenceSpan]) -> list[int]:
    """Start, end, start, end, ... of spans that do not overlap, in the document's unit."""
    flat = [position for span in spans for position in (span.start, span.end)]
    return convert_offsets(document.text, flat, document.offset_encoding)


def slice_of(text: str, start: int, end: int, encoding: OffsetEncoding) -> str:
    """What a caller gets who cuts the text at these offsets."""
    if encoding == "utf16":
        return text.encode("utf-16-le")[2 * start : 2 * end].decode("utf-16-le")
    if encoding == "utf8":
        return text.encode()[start:end].decode()
    return text[start:end]
