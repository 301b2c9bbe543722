"""Turn every error that leaves the application into problem details."""

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from spanwise.service.errors import (
    BodyTooLarge,
    InternalError,
    MethodNotAllowed,
    NotFound,
    ServiceError,
    UnpackedTooLarge,
)
from spanwise.service.http.request_record import record_of
from spanwise.service.http.responses import LingeringProblemResponse, ProblemResponse


async def answer_service_error(request: Request, error: Exception) -> Response:
    """Answer a `ServiceError` as problem details."""
    if not isinstance(error, ServiceError):
        raise error
    return problem_response(request, error)


def problem_response(request: Request, error: ServiceError) -> Response:
    """Build problem details with the request's id, and note their code for the access log."""
    record = record_of(request)
    record.code = error.code
    still_sends = isinstance(error, BodyTooLarge) and not isinstance(error, UnpackedTooLarge)
    response = LingeringProblemResponse if still_sends else ProblemResponse
    return response(error, record.request_id)


async def answer_framework_error(request: Request, error: Exception) -> Response:
    """Answer Starlette's own errors: an unknown path, a method that the path does not have."""
    if not isinstance(error, HTTPException):
        raise error
    if error.status_code == NotFound.status:
        return problem_response(request, NotFound())
    if error.status_code == MethodNotAllowed.status:
        return problem_response(request, MethodNotAllowed(dict(error.headers or {})))
    return problem_response(request, InternalError())


async def leave_to_the_middleware(request: Request, error: Exception) -> Response:  # noqa: ARG001 - Starlette's signature
    """Let an unknown error through: Starlette would answer in plain text before `RequestMiddleware` answers."""
    raise error


def register(app: FastAPI) -> None:
    """Register all exception handlers of the service."""
    app.add_exception_handler(ServiceError, answer_service_error)
    app.add_exception_handler(HTTPException, answer_framework_error)
    app.add_exception_handler(Exception, leave_to_the_middleware)
