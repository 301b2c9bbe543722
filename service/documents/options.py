"""The options of a request, checked against a pipeline and turned into documents for the queue."""

from dataclasses import dataclass

from spanwise.pipelines import Analyzer, Document, Registry
from spanwise.schemas import (
    DEFAULT_FEATURES,
    AnalyzeRequest,
    BatchRequest,
    EntitiesRequest,
    Feature,
    FieldError,
    OffsetEncoding,
    SentimentRequest,
    StreamOptions,
    given,
)
from spanwise.service.documents.document_language import DETECTION_IS_OFF, DocumentLanguage

_ENTITIES: frozenset[Feature] = frozenset({"entities"})
_SENTIMENT: frozenset[Feature] = frozenset({"sentiment", "sentences"})


@dataclass(frozen=True, slots=True)
class Options:
    """What is wanted of one or many texts. `features` is None where the caller leaves them to the pipeline."""

    features: frozenset[Feature] | None = None
    offset_encoding: OffsetEncoding = "codepoint"
    labels: tuple[str, ...] | None = None
    """As they were sent."""
    min_confidence: float | None = None
    min_score: float | None = None
    top: int | None = None
    raw_scores: bool = False
    pointer: str = "/features"
    """The JSON Pointer to where the request names the features; empty where its path does."""

    def document(self, text: str, analyzer: Analyzer, by: DocumentLanguage) -> Document:
        """Return a text with these options, as the pipeline takes it that was chosen `by` its language."""
        features = analyzer.default_features if self.features is None else self.features
        return Document(
            text,
            features,
            self.offset_encoding,
            None if self.labels is None else frozenset(self.labels),
            self.min_confidence,
            self.min_score,
            self.top,
            self.raw_scores,
            by.detected,
            by.assumed,
        )

    def unsupported(self, analyzer: Analyzer, registry: Registry) -> FieldError | None:
        """Return what is wrong where a pipeline lacks a feature, or what an option applies to."""
        if self.features is None:
            if not analyzer.default_features:
                reason = f"The pipeline {analyzer.title} offers neither entities nor sentiment: name features."
                return _unsupported_feature(self.pointer, reason, analyzer, registry, DEFAULT_FEATURES)
        elif not self.features <= analyzer.features:
            missing = self.features - analyzer.features
            reason = f"The pipeline {analyzer.title} does not offer {', '.join(sorted(missing))}."
            if "language" in missing and registry.detector is None:
                reason += f" {DETECTION_IS_OFF}"
            return _unsupported_feature(self.pointer, reason, analyzer, registry, missing)
        if self.min_confidence is not None and not analyzer.has_confidence:
            return _unsupported_option("min_confidence", analyzer, "its entities have no confidence")
        if self.raw_scores and analyzer.calibrations is None:
            return _unsupported_option("raw_scores", analyzer, "spaCy's own engine serves it, and gives no raw scores")
        if "categories" not in analyzer.features:
            for name in ("min_score", "top"):
                if getattr(self, name) is not None:
                    return _unsupported_option(name, analyzer, "it gives no categories")
        return None


def entities_options(body: EntitiesRequest) -> Options:
    """Return the options of a request for entities."""
    return Options(
        _ENTITIES,
        body.offset_encoding,
        given(body.labels),
        given(body.min_confidence),
        raw_scores=body.raw_scores,
        pointer="",
    )


def sentiment_options(body: SentimentRequest) -> Options:
    """Return the options of a request for sentiment."""
    return Options(_SENTIMENT, body.offset_encoding, pointer="")


def options_of(body: AnalyzeRequest | BatchRequest | StreamOptions) -> Options:
    """Return the options of a request that names its features."""
    return Options(
        given(body.features),
        body.offset_encoding,
        given(body.labels),
        given(body.min_confidence),
        given(body.min_score),
        given(body.top),
        body.raw_scores,
    )


def _unsupported_feature(
    pointer: str, reason: str, analyzer: Analyzer, registry: Registry, missing: frozenset[Feature]
) -> FieldError:
    """Say what the pipeline offers instead, and which other pipelines offer what is missing."""
    names = [other.name for other in registry if missing <= other.features]
    others = f"These do: {', '.join(names)}." if names else "No loaded pipeline does."
    detail = f"{reason} It offers: {', '.join(sorted(analyzer.features))}. {others}"
    return FieldError(pointer=pointer, code="unsupported_feature", detail=detail)


def _unsupported_option(name: str, analyzer: Analyzer, reason: str) -> FieldError:
    detail = f"The pipeline {analyzer.title} cannot apply {name}: {reason}."
    return FieldError(pointer=f"/{name}", code="unsupported_option", detail=detail)
