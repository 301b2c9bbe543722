"""The OpenAPI document: FastAPI derives it from the endpoints; this adds errors, headers, keys, limits and examples.

Every error is documented with its own media type and an example, from which generators make a typed `Problem`.
"""

import json
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import TypeAdapter

from spanwise.schemas import Problem, StreamDocument
from spanwise.service import errors
from spanwise.service.errors import ServiceError
from spanwise.service.http.bodies import JSON_LINES
from spanwise.service.http.deadlines import REQUEST_TIMEOUT_HEADER
from spanwise.service.http.problem_examples import REQUEST_ID, example_errors
from spanwise.service.http.responses import problem
from spanwise.service.settings import Settings

# Requests and the service's answers to them, which contract/examples.py records.
_EXAMPLES = files("spanwise.service.http") / "examples.json"
_PROBLEM_JSON = "application/problem+json"
_PROBLEM_REF = {"$ref": "#/components/schemas/Problem"}
_REQUEST_ID_HEADER = {
    "description": "The caller's `X-Request-ID`, when it is 1-128 characters of `A-Z a-z 0-9 . _ -`; else a fresh one.",
    "schema": {"type": "string"},
}
_RETRY_AFTER_HEADER = {
    "description": "Whole seconds after which to try again.",
    "schema": {"type": "integer", "minimum": 1},
}
_ACCEPT_ENCODING_HEADER = {
    "description": "`gzip, zstd`, where the request has another `Content-Encoding`, or more than one.",
    "schema": {"type": "string"},
}
_SERVER_TIMING_HEADER = {
    "description": "Milliseconds in the queue, in analysis and in encoding: `queue;dur=…, nlp;dur=…, encode;dur=…`.",
    "schema": {"type": "string"},
}

TIMEOUT_PARAMETER: dict[str, Any] = {
    "parameters": [
        {
            "name": REQUEST_TIMEOUT_HEADER,
            "in": "header",
            "required": False,
            "description": "How long the caller is willing to wait, in milliseconds. Then the answer is 504, and work "
            "that was not begun never will be.",
            "schema": {"type": "integer", "minimum": 1},
        }
    ]
}


def _lines_of(item: str) -> dict[str, Any]:
    """Describe a media type of JSON Lines.

    OpenAPI 3.1 has no keyword for the schema of a line, and generators fail on the one of 3.2.
    """
    return {"schema": {"type": "string", "format": "binary", "x-itemSchema": {"$ref": f"#/components/schemas/{item}"}}}


Responses = dict[int | str, dict[str, Any]]


def problems(*kinds: type[ServiceError]) -> Responses:
    """Document the errors that an operation can answer, by status. `document` fills in the examples."""
    documented: Responses = {}
    for kind in kinds:
        entry = documented.setdefault(
            kind.status,
            {
                "description": kind.title,
                "headers": {"X-Request-ID": _REQUEST_ID_HEADER},
                "content": {_PROBLEM_JSON: {"schema": _PROBLEM_REF, "examples": {}}},
            },
        )
        if issubclass(kind, (errors.RateLimited, errors.Unavailable)):
            entry["headers"]["Retry-After"] = _RETRY_AFTER_HEADER
        if issubclass(kind, errors.UnsupportedMediaType):
            entry["headers"]["Accept-Encoding"] = _ACCEPT_ENCODING_HEADER
        entry["content"][_PROBLEM_JSON]["examples"][kind.code] = {}
    return documented


PROTECTED_ERRORS: Responses = problems(
    errors.MalformedRequest, errors.Unauthorized, errors.RateLimited, errors.InternalError, errors.Overloaded
)
READINESS_ERRORS: Responses = problems(errors.NotReady, errors.ShuttingDown)
ANALYSIS_ERRORS: Responses = {
    200: {"headers": {"X-Request-ID": _REQUEST_ID_HEADER}},
    **problems(
        errors.MalformedJson,
        errors.MalformedRequest,
        errors.Unauthorized,
        errors.BodyTooLarge,
        errors.UnsupportedMediaType,
        errors.ValidationFailed,
        errors.RateLimited,
        errors.InternalError,
        errors.Overloaded,
        errors.ShuttingDown,
        errors.DeadlineExceeded,
    ),
}
STREAM_BODY: dict[str, Any] = {
    "parameters": [
        {
            **TIMEOUT_PARAMETER["parameters"][0],
            "description": "How long a line may take, in milliseconds, from when it was read to its result. Then the "
            "result is a `deadline_exceeded`, and work that was not begun never will be.",
        }
    ],
    "requestBody": {
        "required": True,
        "description": "JSON Lines: one `StreamDocument` per line, each ended by a line feed.",
        "content": {media_type: _lines_of("StreamDocument") for media_type in JSON_LINES},
    },
}
STREAM_RESPONSES: Responses = {
    200: {
        "description": "JSON Lines: one `BatchResult` per line. The last one is an error without an `id` when the "
        "service ends the stream early (`shutting_down`, or `deadline_exceeded` when nothing was sent for too long): "
        "its `index` is that of the first line that was not accepted.",
        "headers": {"X-Request-ID": _REQUEST_ID_HEADER},
        "content": {JSON_LINES[0]: _lines_of("BatchResult")},
    },
    **problems(
        errors.MalformedRequest,
        errors.Unauthorized,
        errors.UnsupportedMediaType,
        errors.ValidationFailed,
        errors.RateLimited,
        errors.InternalError,
        errors.Overloaded,
        errors.ShuttingDown,
    ),
}
_UNTIMED = (errors.Unauthorized.status, errors.RateLimited.status)  # answered by the middleware, before the route
for _status, _documented in (*ANALYSIS_ERRORS.items(), *STREAM_RESPONSES.items()):
    if _status not in _UNTIMED:
        _documented["headers"]["Server-Timing"] = _SERVER_TIMING_HEADER

NO_KEY_NEEDED: dict[str, Any] = {"security": []}
"""For operations that need no API key."""


def operation_id(route: APIRoute) -> str:
    """Name the operation after the endpoint's function: generated clients get short names."""
    return route.name


def document(app: FastAPI, settings: Settings) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of this app under these settings."""
    spec: dict[str, Any] = get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        description=app.description,
        routes=app.routes,
        tags=app.openapi_tags,
        contact=app.contact,
        license_info=app.license_info,
        servers=[{"url": settings.root_path or "/"}],
    )
    components = spec["components"]
    schemas: dict[str, Any] = components["schemas"]
    schemas.update(_schemas_of(Problem) | _schemas_of(StreamDocument))
    components["securitySchemes"] = {
        "ApiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        "Bearer": {"type": "http", "scheme": "bearer"},
    }
    spec["security"] = [{"ApiKey": []}, {"Bearer": []}, {}]
    operations = [operation for methods in spec["paths"].values() for operation in methods.values()]
    for part in _objects([schemas, [operation.get("parameters") for operation in operations]]):
        if isinstance(part.get("title"), str):  # a dict is a property named `title`
            del part["title"]
        part.pop("uniqueItems", None)  # a repeated value is accepted
    for schema in schemas.values():
        _set_limit(schema, "text", "maxLength", settings.max_text_characters)
        _set_limit(schema, "documents", "maxItems", settings.max_batch_documents)
    examples = json.loads(_EXAMPLES.read_text("utf-8"))
    for operation in operations:
        for parameter in operation.get("parameters", ()):
            if parameter["name"] == REQUEST_TIMEOUT_HEADER:
                parameter["schema"]["maximum"] = settings.max_timeout_ms
        _add_examples(operation, examples[operation["operationId"]])
        _add_problem_examples(operation, settings)
    return spec


def _add_examples(operation: dict[str, Any], examples: dict[str, dict[str, Any]]) -> None:
    """Add each example to the request and to the answer, under the same name."""
    for key, place in (("request", operation.get("requestBody")), ("answer", operation["responses"]["200"])):
        for media_type in place["content"].values() if place else ():
            media_type["examples"] = {
                name: {"summary": example["summary"], "value": example[key]} for name, example in examples.items()
            }


def _add_problem_examples(operation: dict[str, Any], settings: Settings) -> None:
    """Add an example to every problem that the operation documents."""
    errors_by_code = example_errors(operation, settings)
    for response in operation["responses"].values():
        for code, example in response["content"].get(_PROBLEM_JSON, {}).get("examples", {}).items():
            if code not in errors_by_code:
                raise LookupError(
                    f"The error {code} is documented for {operation['operationId']} and has no example: add an "
                    "instance to service/http/problem_examples.py."
                )
            example["value"] = problem(errors_by_code[code], REQUEST_ID)


def _set_limit(schema: dict[str, Any], name: str, keyword: str, limit: int) -> None:
    """Replace the default limit of a property by the configured one; schemas without such a limit stay as they are."""
    field = schema.get("properties", {}).get(name, {})
    if keyword in field:
        field[keyword] = limit


def _schemas_of(kind: Any) -> dict[str, Any]:
    """Return the JSON schema of a type and those that it refers to, by name."""
    schema = TypeAdapter(kind).json_schema(ref_template="#/components/schemas/{model}")
    inner: dict[str, Any] = schema.pop("$defs", {})
    return {**inner, kind.__name__: schema}


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    """Yield every object within a JSON value, at any depth."""
    if isinstance(value, dict):
        yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _objects(part)
