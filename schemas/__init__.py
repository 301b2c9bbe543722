"""The wire contract: every request and response type, once. Imports nothing of the other packages.

Requests are Pydantic models, because they are validated. Answers are typed dictionaries, because they are not: what
the pipelines build is the very object that is encoded, and its type is the very type that is published.
"""

from schemas.limits import DEFAULT_LIMITS, Limits
from schemas.problems import ErrorCode, FieldError, Problem
from schemas.requests import (
    AnalyzeRequest,
    BatchDocument,
    BatchRequest,
    EntitiesRequest,
    Feature,
    OffsetEncoding,
    RejectedDocument,
    SentimentRequest,
    given,
)
from schemas.responses import (
    AnalyzeResponse,
    BatchError,
    BatchOk,
    BatchResponse,
    BatchResult,
    DocumentError,
    EntitiesResponse,
    Entity,
    EntityLabel,
    LivenessResponse,
    Pipeline,
    PipelinesResponse,
    ReadinessResponse,
    ScoredSentence,
    Sentence,
    Sentiment,
    SentimentLabel,
    SentimentResponse,
    SentimentScores,
    ServiceLimits,
)

__all__ = [
    "DEFAULT_LIMITS",
    "AnalyzeRequest",
    "AnalyzeResponse",
    "BatchDocument",
    "BatchError",
    "BatchOk",
    "BatchRequest",
    "BatchResponse",
    "BatchResult",
    "DocumentError",
    "EntitiesRequest",
    "EntitiesResponse",
    "Entity",
    "EntityLabel",
    "ErrorCode",
    "Feature",
    "FieldError",
    "Limits",
    "LivenessResponse",
    "OffsetEncoding",
    "Pipeline",
    "PipelinesResponse",
    "Problem",
    "ReadinessResponse",
    "RejectedDocument",
    "ScoredSentence",
    "Sentence",
    "Sentiment",
    "SentimentLabel",
    "SentimentRequest",
    "SentimentResponse",
    "SentimentScores",
    "ServiceLimits",
    "given",
]
