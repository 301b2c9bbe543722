"""Every error that the service answers, each with its status, code and title.

ServiceError
├── MalformedJson           400
│   ├── NotUtf8
│   └── BrokenBody
├── MalformedRequest        400
│   └── UnknownHost
├── Unauthorized            401
├── NotFound                404
├── MethodNotAllowed        405
├── RequestTimeout          408
├── BodyTooLarge            413
│   └── UnpackedTooLarge
├── UnsupportedMediaType    415
│   └── UnsupportedContentCoding   with Accept-Encoding
├── ValidationFailed        422
├── RateLimited             429   with Retry-After
├── HeadersTooLarge         431
├── InternalError           500
├── Unavailable             503   with Retry-After
│   ├── Overloaded
│   │   └── QuotaUnknown
│   ├── ShuttingDown
│   └── NotReady
└── DeadlineExceeded        504

An error's constructor writes its `detail`, so that the examples of the OpenAPI document, which are built from
instances, hold the very sentences that callers receive. Docstrings here are for developers alone.

`CallerGone` is no answer: it ends a request whose caller has closed the connection.
"""

from collections.abc import Sequence
from typing import ClassVar

from spanwise.schemas import ErrorCode, FieldError


class CallerGone(Exception):
    """The caller closed the connection before it had its answer."""


class ServiceError(Exception):
    """The root of all errors that are answered. `detail` never holds any part of what the caller sent."""

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
    """The body, or a line of a stream, is not JSON."""

    status, code, title = 400, "malformed_json", "Malformed JSON"

    def __init__(self, what: str, position: int | None) -> None:
        """Say where the JSON breaks. `what` is "body" or "line"; `position` counts characters, None: it is empty."""
        where = ": it is empty" if position is None else f" at character {position}"
        super().__init__(f"The {what} is not JSON{where}.")


class NotUtf8(MalformedJson):
    """The body, or a line of a stream, has bytes that are not UTF-8."""

    def __init__(self, what: str, byte: int, encoding: str | None) -> None:
        """Say which byte is the first wrong one, or that everything is in another encoding, such as "UTF-16"."""
        ServiceError.__init__(
            self, f"The {what} is {encoding}, not UTF-8." if encoding else f"The {what} is not UTF-8 at byte {byte}."
        )


class BrokenBody(MalformedJson):
    """The body is declared as compressed, and cannot be unpacked."""

    def __init__(self, coding: str) -> None:
        ServiceError.__init__(self, f"The body is not {coding} as its Content-Encoding says, or ends too early.")


class MalformedRequest(ServiceError):
    """The bytes that arrived are not HTTP, or could be read in two ways."""

    status, code, title = 400, "malformed_request", "Malformed request"

    def __init__(self, detail: str = "The bytes that were sent are not HTTP/1.1 as RFC 9112 defines it.") -> None:
        super().__init__(detail)


class RequestTimeout(ServiceError):
    """A part of a request's head came, and the rest did not in time."""

    status, code, title = 408, "request_timeout", "Request timeout"

    def __init__(self) -> None:
        super().__init__("The request's headers did not arrive in time.")


class HeadersTooLarge(ServiceError):
    """The request line and the headers are longer, or more, than the server reads."""

    status, code, title = 431, "headers_too_large", "Headers too large"

    def __init__(self, max_bytes: int, max_headers: int) -> None:
        super().__init__(f"A request may have {max_bytes} bytes of headers, and {max_headers} of them.")


class UnknownHost(MalformedRequest):
    """The request names a host that is not among those configured, or none."""

    def __init__(self) -> None:
        ServiceError.__init__(self, "This service does not answer for the host that the request names.")


class Unauthorized(ServiceError):
    """The request has no API key, or an unknown one."""

    status, code, title = 401, "unauthorized", "Unauthorized"

    def __init__(self, detail: str = "Send an API key as X-API-Key or Authorization: Bearer.") -> None:
        super().__init__(detail, headers={"WWW-Authenticate": "Bearer"})


class NotFound(ServiceError):
    """No route has this path."""

    status, code, title = 404, "not_found", "Not found"

    def __init__(self) -> None:
        super().__init__("There is nothing at this path.")


class MethodNotAllowed(ServiceError):
    """The path exists for other methods, which the header `Allow` lists."""

    status, code, title = 405, "method_not_allowed", "Method not allowed"

    def __init__(self, headers: dict[str, str]) -> None:
        super().__init__("This path does not answer this method; see Allow.", headers=headers)


class BodyTooLarge(ServiceError):
    """The body has more bytes than the limit."""

    status, code, title = 413, "body_too_large", "Body too large"

    def __init__(self, max_bytes: int) -> None:
        super().__init__(f"The body has more than {max_bytes} bytes.")


class UnpackedTooLarge(BodyTooLarge):
    """The body unpacks to more bytes than the limit. All of it has arrived."""

    def __init__(self, max_bytes: int) -> None:
        ServiceError.__init__(self, f"The body unpacks to more than {max_bytes} bytes.")


class UnsupportedMediaType(ServiceError):
    """The body's Content-Type is not one that the operation accepts."""

    status, code, title = 415, "unsupported_media_type", "Unsupported media type"

    def __init__(self, *accepted: str) -> None:
        super().__init__(f"Send the request as {' or '.join(accepted)}.")


class UnsupportedContentCoding(UnsupportedMediaType):
    """The body is compressed in a way that is not read. `Accept-Encoding` says what is (RFC 9110, 15.5.16)."""

    def __init__(self, *accepted: str) -> None:
        ServiceError.__init__(
            self,
            f"Send the request with one Content-Encoding, {' or '.join(accepted)}, or with none.",
            headers={"Accept-Encoding": ", ".join(accepted)},
        )


class ValidationFailed(ServiceError):
    """The body is JSON but does not match the contract; `errors` lists every violation."""

    status, code, title = 422, "validation_failed", "Validation failed"

    def __init__(self, errors: Sequence[FieldError]) -> None:
        count = f"{len(errors)} things are" if len(errors) > 1 else "One thing is"
        super().__init__(f"{count} wrong with the request; see `errors`.", errors=errors)


class RateLimited(ServiceError):
    """The caller has used up its quota of requests, or of characters."""

    status, code, title = 429, "rate_limited", "Rate limited"

    def __init__(self, retry_after: int, *, characters: bool = False) -> None:
        what = "characters" if characters else "requests"
        super().__init__(f"This API key's {what} are spent for now.", headers={"Retry-After": str(retry_after)})


class InternalError(ServiceError):
    """A defect of the service. The detail reveals nothing; the log has the traceback under the request's id."""

    status, code, title = 500, "internal_error", "Internal error"

    def __init__(self) -> None:
        super().__init__("Something went wrong in the service. The log has more under this request's id.")


class Unavailable(ServiceError):
    """The instance cannot serve the request now; the header `Retry-After` says when to try again."""

    status, title = 503, "Service unavailable"

    def __init__(self, detail: str, retry_after: int) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after)})


class Overloaded(Unavailable):
    """The queue has no room for this request, or too many streams are open."""

    code = "overloaded"

    def __init__(self, retry_after: int) -> None:
        super().__init__("More work is waiting than the service accepts. Try again later.", retry_after)


class QuotaUnknown(Overloaded):
    """The Redis that counts does not answer, and the settings say that nobody is served without it."""

    def __init__(self, retry_after: int = 1) -> None:
        Unavailable.__init__(self, "Quotas cannot be checked now. Try again later.", retry_after)


class ShuttingDown(Unavailable):
    """The process has begun to shut down."""

    code = "shutting_down"

    def __init__(self, retry_after: int = 1) -> None:
        super().__init__("This instance is shutting down. Try again; another one will answer.", retry_after)


class NotReady(Unavailable):
    """`/readyz` alone answers this: the pipelines are not loaded, or the NLP threads are stuck."""

    code = "not_ready"

    NOT_LOADED = "the pipelines are not loaded"
    STALLED = "the NLP threads do not get on with their work"

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__("; ".join(reasons), 1)


class DeadlineExceeded(ServiceError):
    """The caller's deadline, or the configured one, passed before the answer was ready."""

    status, code, title = 504, "deadline_exceeded", "Deadline exceeded"

    def __init__(self) -> None:
        super().__init__("The deadline passed before the answer was there.")
