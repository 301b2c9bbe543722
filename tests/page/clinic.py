"""A small pipeline with what the default one lacks: overlapping spans, categories, entities without a confidence."""

from pathlib import Path

from tests.support.models import pipeline

TEXT = "The patient took acetylsalicylic acid for chronic back pain in Mercy General Hospital."
_SPANS = [
    {"label": "SYMPTOM", "pattern": "chronic back pain"},
    {"label": "BODY_PART", "pattern": "back"},
    {"label": "TEMPORAL", "pattern": "chronic"},
    {"label": "DRUG", "pattern": "acetylsalicylic acid"},
    {"label": "PLACE", "pattern": "Mercy General Hospital"},
    {"label": "NAME", "pattern": "Mercy General"},
]


def write_clinic(folder: Path) -> Path:
    """Write the pipeline into a folder, and return the folder."""
    nlp = pipeline({"textcat_multilabel": {}})
    nlp.add_pipe("span_ruler").add_patterns(_SPANS)  # type: ignore[attr-defined]
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "ORG", "pattern": "Mercy General Hospital"}])  # type: ignore[attr-defined]
    nlp.to_disk(folder)
    return folder
