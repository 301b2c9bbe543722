"""What the OpenAPI document says beyond what FastAPI reads off the endpoints: errors, headers, keys, limits.

Every error is documented with its own media type and an example; generators so make a typed `Problem` of it.
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
from spanwise.service.http.deadlines import HEADER
from spanwise.service.settings import Settings

# Requests and their real answers: see contract/examples.py.
_EXAMPLES = files("spanwise.service.http") / "examples.json"
_PROBLEM_REF = {"$ref": "#/components/schemas/Problem"}
_REQUEST_ID = {
    "description": "The caller's `X-Request-ID`, when it is 1-128 characters of `A-Z a-z 0-9 . _ -`; else a fresh one.",
    "schema": {"type": "string"},
}
_RETRY_AFTER = {
    "description": "Whole seconds after which to try again.",
    "schema": {"type": "integer", "minimum": 1},
}
_SERVER_TIMING = {
    "description": "Milliseconds in the queue, in analysis and in encoding: `queue;dur=…, nlp;dur=…, encode;dur=…`.",
    "schema": {"type": "string"},
}

TIMEOUT_HEADER: dict[str, Any] = {
    "parameters": [
        {
            "name": HEADER,
            "in": "header",
            "required": False,
            "description": "How long the caller is willing to wait, in milliseconds. Then the answer is 504, and work "
            "that was not begun never will be.",
            "schema": {"type": "integer", "minimum": 1},
        }
    ]
}


def _lines_of(item: str) -> dict[str, Any]:
    """A media type of JSON Lines. 3.1 has no word for what a line holds, and generators fail on that of 3.2."""
    return {"schema": {"type": "string", "format": "binary", "x-itemSchema": {"$ref": f"#/components/schemas/{item}"}}}


Responses = dict[int | str, dict[str, Any]]


def problems(*kinds: type[ServiceError]) -> Responses:
    """Documentation of the errors that an endpoint can answer, by status; those of one status share an entry."""
    documented: Responses = {}
    for kind in kinds:
        entry = documented.setdefault(
            kind.status,
            {
                "description": kind.title,
                "headers": {"X-Request-ID": _REQUEST_ID},
                "content": {"application/problem+json": {"schema": _PROBLEM_REF, "examples": {}}},
            },
        )
        if kind.status in (429, 503):
            entry["headers"]["Retry-After"] = _RETRY_AFTER
        entry["content"]["application/problem+json"]["examples"][kind.code] = {"value": _example(kind)}
    return documented


def _example(kind: type[ServiceError]) -> dict[str, Any]:
    example: dict[str, Any] = {
        "type": f"urn:spanwise:problem:{kind.code}",
        "title": kind.title,
        "status": kind.status,
        "detail": kind.__doc__ or kind.title,
        "code": kind.code,
        "request_id": "8c7f0f4e2b5d4a0f9d6f3a1e5b7c9d10",
    }
    if kind is errors.ValidationFailed:
        example["errors"] = [{"pointer": "/text", "code": "text_empty", "detail": "The text is empty."}]
    return example


PROTECTED_ERRORS: Responses = problems(errors.Unauthorized, errors.RateLimited, errors.InternalError)
READINESS_ERRORS: Responses = problems(errors.NotReady, errors.ShuttingDown)
ANALYSIS_ERRORS: Responses = {
    200: {"headers": {"X-Request-ID": _REQUEST_ID}},
    **problems(
        errors.MalformedJson,
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
            **TIMEOUT_HEADER["parameters"][0],
            "description": "How long a line may take, in milliseconds, from when it was read to its result. Then the "
            "result is a `deadline_exceeded`, and work that was not begun never will be.",
        }
    ],
    "requestBody": {
        "required": True,
        "description": "JSON Lines: one `StreamDocument` per line, each ended by a line feed.",
        "content": {
            media_type: _lines_of("StreamDocument") for media_type in ("application/jsonl", "application/x-ndjson")
        },
    },
}
STREAM_RESPONSES: Responses = {
    200: {
        "description": "JSON Lines: one `BatchResult` per line. The last one is an error without an `id` when the "
        "service ends the stream early (`shutting_down`, or `deadline_exceeded` when nothing was sent for too long): "
        "its `index` is that of the first line that was not accepted.",
        "headers": {"X-Request-ID": _REQUEST_ID},
        "content": {"application/jsonl": _lines_of("BatchResult")},
    },
    **problems(
        errors.Unauthorized,
        errors.UnsupportedMediaType,
        errors.ValidationFailed,
        errors.RateLimited,
        errors.InternalError,
        errors.Overloaded,
        errors.ShuttingDown,
    ),
}
for _status, _documented in (*ANALYSIS_ERRORS.items(), *STREAM_RESPONSES.items()):
    if _status not in (errors.Unauthorized.status, errors.RateLimited.status):  # refused before anything is timed
        _documented["headers"]["Server-Timing"] = _SERVER_TIMING

OPEN: dict[str, Any] = {"security": []}
"""For endpoints that need no API key."""


def operation_id(route: APIRoute) -> str:
    """Short names for generated clients: those of the endpoints' functions."""
    return route.name


def document(app: FastAPI, settings: Settings) -> dict[str, Any]:
    """The OpenAPI 3.1 document of this app under these settings."""
    spec: dict[str, Any] = get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        description=app.description,
        routes=app.routes,
        tags=app.openapi_tags,
        contact=app.contact,
        license_info=app.license_info,
        servers=[{"url": "/"}],
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
        if isinstance(part.get("title"), str):  # else it is a property of that name
            del part["title"]
        part.pop("uniqueItems", None)  # repeating a value does no harm and is no error
    for name in ("EntitiesRequest", "SentimentRequest", "AnalyzeRequest", "BatchDocument", "StreamDocument"):
        schemas[name]["properties"]["text"]["maxLength"] = settings.max_text_characters
    schemas["BatchRequest"]["properties"]["documents"]["maxItems"] = settings.max_batch_documents
    examples = json.loads(_EXAMPLES.read_text("utf-8"))
    for operation in operations:
        for parameter in operation.get("parameters", ()):
            if parameter["name"] == HEADER:
                parameter["schema"]["maximum"] = settings.max_timeout_ms
        _add_examples(operation, examples[operation["operationId"]])
    return spec


def _add_examples(operation: dict[str, Any], examples: dict[str, dict[str, Any]]) -> None:
    """The same names for a request and its answer."""
    for key, place in (("request", operation.get("requestBody")), ("answer", operation["responses"]["200"])):
        for media_type in place["content"].values() if place else ():
            media_type["examples"] = {
                name: {"summary": example["summary"], "value": example[key]} for name, example in examples.items()
            }


def _schemas_of(kind: Any) -> dict[str, Any]:
    schema = TypeAdapter(kind).json_schema(ref_template="#/components/schemas/{model}")
    inner: dict[str, Any] = schema.pop("$defs", {})
    return {**inner, kind.__name__: schema}


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _objects(part)
