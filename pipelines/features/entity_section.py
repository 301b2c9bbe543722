"""The section `entities` of an answer, and the sentiment that the feature `entity_sentiment` adds to each entity."""

from spanwise.pipelines.annotations import Annotations
from spanwise.pipelines.document import Document
from spanwise.pipelines.features.console_table import CLASSES, ConsoleTable, sentiment_cells
from spanwise.pipelines.offsets import span_bounds
from spanwise.pipelines.sentiment import pure_sentiment
from spanwise.schemas import AnalyzeResponse, Entity

RAW_DIGITS = 6
"""Decimals of a raw score; more than those of a confidence, because most raw scores are just below 1."""


def write_entities(answer: AnalyzeResponse, document: Document, found: Annotations) -> None:
    """Put the entities into the answer, in the document's unit.

    An entity has `confidence` where that is calibrated, and `raw_score` where the document asks for it.
    """
    text = document.text
    bounds = span_bounds(text, found.entities, document.offset_encoding)
    entities = []
    for span, start, end in zip(found.entities, bounds[::2], bounds[1::2], strict=True):
        entity = Entity(text=text[span.start : span.end], label=span.label, start=start, end=end)
        if span.confidence is not None:
            entity["confidence"] = span.confidence
        if document.raw_scores and span.raw_score is not None:
            entity["raw_score"] = round(span.raw_score, RAW_DIGITS)
        if span.id is not None:
            entity["id"] = span.id
        if span.kb_id is not None:
            entity["kb_id"] = span.kb_id
        if span.extensions is not None:
            entity["extensions"] = dict(span.extensions)
        entities.append(entity)
    answer["entities"] = entities


def write_entity_sentiment(answer: AnalyzeResponse, document: Document, found: Annotations) -> None:
    """Add to every entity what the text says about it; entities that were not asked for come with it."""
    if "entities" not in answer:
        write_entities(answer, document, found)
    for entity, scores in zip(answer["entities"], found.target_sentiment or (), strict=True):
        entity["sentiment"] = pure_sentiment(scores)


def tabulate_entities(answer: AnalyzeResponse) -> ConsoleTable | None:
    """Return the entities as rows, with their sentiment where there is one."""
    if "entities" not in answer:
        return None
    entities = answer["entities"]
    certain = ("confidence",) if any("confidence" in entity for entity in entities) else ()
    raw = ("raw score",) if any("raw_score" in entity for entity in entities) else ()
    towards = ("what the text says of it", *CLASSES) if any("sentiment" in entity for entity in entities) else ()
    rows = [
        (
            entity["text"],
            entity["label"],
            str(entity["start"]),
            str(entity["end"]),
            *((f"{entity['confidence']:.2f}" if "confidence" in entity else "",) if certain else ()),
            *((f"{entity['raw_score']:.6f}" if "raw_score" in entity else "",) if raw else ()),
            *(sentiment_cells(entity["sentiment"]) if "sentiment" in entity else ()),
        )
        for entity in entities
    ]
    return ConsoleTable("Entities", ("entity", "label", "start", "end", *certain, *raw, *towards), rows)
