"""The example of each problem that an operation documents, built from an instance of its error.

So the document shows what callers receive, under the settings in force; a test provokes every error and compares.
"""

from typing import Any, get_args

from spanwise.schemas import ErrorCode, Feature, FieldError
from spanwise.service import errors
from spanwise.service.errors import ServiceError
from spanwise.service.settings import Settings

REQUEST_ID = "8c7f0f4e2b5d4a0f9d6f3a1e5b7c9d10"
"""The request id of every example."""

_EMPTY_TEXT = FieldError(pointer="/text", code="text_empty", detail="The text is empty.")
_OTHER_VIOLATIONS = {
    "analyze_batch": FieldError(pointer="/documents", code="documents_empty", detail="There are no documents."),
    "analyze_stream": FieldError(
        pointer="/features/0",
        code="unsupported_feature",
        detail=f"There is no such feature. There are: {', '.join(get_args(Feature.__value__))}.",
    ),
}
"""By operation id: a violation for operations whose request has no `text`."""


def example_errors(operation: dict[str, Any], settings: Settings) -> dict[ErrorCode, ServiceError]:
    """Return an instance of every error that an operation of the OpenAPI document can answer, by its code."""
    accepted = operation["requestBody"]["content"] if "requestBody" in operation else ()
    violation = _OTHER_VIOLATIONS.get(operation["operationId"], _EMPTY_TEXT)
    examples = (
        errors.MalformedJson("body", 0),
        errors.UnknownHost(),
        errors.Unauthorized(),
        errors.BodyTooLarge(settings.max_body_bytes),
        errors.UnsupportedMediaType(*accepted),
        errors.ValidationFailed([violation]),
        errors.RateLimited(retry_after=60),
        errors.InternalError(),
        errors.Overloaded(retry_after=1) if accepted else errors.QuotaUnknown(),
        errors.ShuttingDown(),
        errors.NotReady([errors.NotReady.STALLED]),
        errors.DeadlineExceeded(),
    )
    return {error.code: error for error in examples}
