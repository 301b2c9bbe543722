"""Every error that leaves the application leaves it as problem details."""

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from spanwise.service.errors import BodyTooLarge, InternalError, MethodNotAllowed, NotFound, ServiceError
from spanwise.service.http.request_record import observed
from spanwise.service.http.responses import LingeringProblemResponse, ProblemResponse


async def answer_service_error(request: Request, error: Exception) -> Response:
    """A `ServiceError` as the response it describes."""
    if not isinstance(error, ServiceError):
        raise error
    return problem_response(request, error)


def problem_response(request: Request, error: ServiceError) -> Response:
    """Problem details with the request's id; its code goes to the access log, too."""
    seen = observed(request)
    seen.code = error.code
    response = LingeringProblemResponse if isinstance(error, BodyTooLarge) else ProblemResponse
    return response(error, seen.request_id)


async def answer_framework_error(request: Request, error: Exception) -> Response:
    """Starlette's own errors: no such path, no such method."""
    if not isinstance(error, HTTPException):
        raise error
    headers = dict(error.headers or {})
    if error.status_code == NotFound.status:
        return await answer_service_error(request, NotFound("There is nothing at this path."))
    if error.status_code == MethodNotAllowed.status:
        return await answer_service_error(
            request, MethodNotAllowed("This path does not answer this method; see Allow.", headers=headers)
        )
    return await answer_service_error(request, InternalError())


def register(app: FastAPI) -> None:
    """All handlers, in one place."""
    app.add_exception_handler(ServiceError, answer_service_error)
    app.add_exception_handler(HTTPException, answer_framework_error)
