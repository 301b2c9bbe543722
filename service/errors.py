"""Every error that the service answers, each with its status, code and title.

ServiceError
├── MalformedJson           400
├── MalformedRequest        400
├── Unauthorized            401
├── NotFound                404
├── MethodNotAllowed        405
├── BodyTooLarge            413
├── UnsupportedMediaType    415
├── ValidationFailed        422
├── RateLimited             429   with Retry-After
├── InternalError           500
├── Unavailable             503   with Retry-After
│   ├── Overloaded
│   ├── ShuttingDown
│   └── NotReady
└── DeadlineExceeded        504

`CallerGone` is no answer: nobody is there to read one.
"""

from collections.abc import Sequence
from typing import ClassVar

from spanwise.schemas import ErrorCode, FieldError


class CallerGone(Exception):
    """The caller hung up before it had its answer."""


class ServiceError(Exception):
    """The root. `detail` never holds any part of what the caller sent."""

    status: ClassVar[int]
    code: ClassVar[ErrorCode]
    title: ClassVar[str]

    def __init__(
        self, detail: str, *, errors: Sequence[FieldError] = (), headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = list(errors)
        self.headers = headers or {}


class MalformedJson(ServiceError):
    """The body is not JSON."""

    status, code, title = 400, "malformed_json", "Malformed JSON"


class Unauthorized(ServiceError):
    """No API key, or a wrong one."""

    status, code, title = 401, "unauthorized", "Unauthorized"


class MalformedRequest(ServiceError):
    """What arrived is not HTTP, or has more headers than the server reads."""

    status, code, title = 400, "malformed_request", "Malformed request"


class NotFound(ServiceError):
    """No such path."""

    status, code, title = 404, "not_found", "Not found"


class MethodNotAllowed(ServiceError):
    """The path exists, for other methods."""

    status, code, title = 405, "method_not_allowed", "Method not allowed"


class BodyTooLarge(ServiceError):
    """The body has more bytes than the limit."""

    status, code, title = 413, "body_too_large", "Body too large"


class UnsupportedMediaType(ServiceError):
    """The body is declared to be something else than JSON, or JSON Lines for a stream."""

    status, code, title = 415, "unsupported_media_type", "Unsupported media type"


class ValidationFailed(ServiceError):
    """The body is JSON and not what the contract asks for."""

    status, code, title = 422, "validation_failed", "Validation failed"

    def __init__(self, errors: Sequence[FieldError]) -> None:
        count = f"{len(errors)} things are" if len(errors) > 1 else "One thing is"
        super().__init__(f"{count} wrong with the request; see `errors`.", errors=errors)


class RateLimited(ServiceError):
    """The key's requests of this minute are spent."""

    status, code, title = 429, "rate_limited", "Rate limited"

    def __init__(self, retry_after: int) -> None:
        super().__init__("This API key's requests are spent for now.", headers={"Retry-After": str(retry_after)})


class InternalError(ServiceError):
    """Our fault. The detail says nothing of the inside; the log has the traceback under the request's id."""

    status, code, title = 500, "internal_error", "Internal error"

    def __init__(self) -> None:
        super().__init__("Something went wrong in the service. The log has more under this request's id.")


class Unavailable(ServiceError):
    """Not now."""

    status, title = 503, "Service unavailable"

    def __init__(self, detail: str, retry_after: int) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after)})


class Overloaded(Unavailable):
    """The queue has no room for this request."""

    code = "overloaded"

    def __init__(self, retry_after: int) -> None:
        super().__init__("More work is waiting than the service accepts. Try again later.", retry_after)


class ShuttingDown(Unavailable):
    """The process is about to end."""

    code = "shutting_down"

    def __init__(self, retry_after: int = 1) -> None:
        super().__init__("This instance is shutting down. Try again; another one will answer.", retry_after)


class NotReady(Unavailable):
    """`/readyz`: the pipelines are not loaded, or the NLP threads do not get on with their work."""

    code = "not_ready"

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__("; ".join(reasons), 1)


class DeadlineExceeded(ServiceError):
    """The caller's deadline, or the configured one, passed first."""

    status, code, title = 504, "deadline_exceeded", "Deadline exceeded"

    def __init__(self) -> None:
        super().__init__("The deadline passed before the answer was there.")
