"""A text with its options, as the service's queue holds it and an `Analyzer` analyses it."""

from dataclasses import dataclass, field

from spanwise.pipelines.annotations import DetectedLanguage
from spanwise.schemas import DEFAULT_FEATURES, Feature, OffsetEncoding


@dataclass(frozen=True, slots=True)
class Document:
    """A text and the features wanted of it, which must be among the analyzer's own."""

    text: str = field(repr=False)  # a repr must never carry a text into a log
    features: frozenset[Feature] = DEFAULT_FEATURES
    offset_encoding: OffsetEncoding = "codepoint"
    labels: frozenset[str] | None = None
    """Only entities with these labels; None: all."""
    min_confidence: float | None = None
    """Only entities with at least this confidence; None: all."""
    min_score: float | None = None
    """Only categories with at least this score; None: all."""
    top: int | None = None
    """At most that many categories, the highest scores first; None: all."""
    raw_scores: bool = False
    """Whether entities shall have the model's own probability besides."""
    detected: DetectedLanguage | None = None
    """The language that chose the pipeline, where one was to be detected; the answer says how sure that is."""
    language_assumed: bool = False
    """Whether nobody has named the language: then a text that is plainly of another one gets a warning."""
