"""Hooks that teach Schemathesis JSON Lines: how to make, send and read bodies, and how to check lines of an answer."""

import json
from typing import Any

import jsonschema_rs
import schemathesis
from hypothesis import strategies as st

MEDIA_TYPES = ("application/jsonl", "application/x-ndjson")

_documents = st.fixed_dictionaries(
    {"text": st.text(min_size=1, max_size=50)},
    optional={"id": st.text(min_size=1, max_size=10), "language": st.sampled_from(["en", "tlh", ""])},
)
_anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda part: st.lists(part, max_size=3) | st.dictionaries(st.text(max_size=5), part, max_size=3),
    max_leaves=5,
)
_lines = (_documents | _anything).map(lambda value: json.dumps(value).encode()) | st.binary(max_size=30)

for media_type in MEDIA_TYPES:
    schemathesis.openapi.media_type(media_type, st.lists(_lines, max_size=8).map(b"\n".join))


@schemathesis.hook
def filter_case(_: schemathesis.HookContext, case: schemathesis.Case) -> bool:
    """Leave out bodies with null for an optional field: the service takes it for absent, which no schema says."""
    body = case.body if isinstance(case.body, dict) else {}
    return not any(value is None and name not in {"text", "documents"} for name, value in body.items())


@schemathesis.serializer(*MEDIA_TYPES)
def send_lines(_: schemathesis.SerializationContext, value: Any) -> bytes:
    """Send a body as it is; in a negative test it can be of any type."""
    return value if isinstance(value, bytes) else str(value).encode(errors="replace")


@schemathesis.deserializer(*MEDIA_TYPES)
def read_lines(_: schemathesis.DeserializationContext, response: schemathesis.Response) -> str:
    """Read an answer in lines as text, which is all that its schema says; `every_line_is_a_result` checks the lines."""
    return response.content.decode()


@schemathesis.check
def every_line_is_a_result(
    _: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case
) -> None:
    """Check that every line is a `BatchResult`, as `x-itemSchema` says, and that the lines are in order."""
    if response.status_code != 200 or "application/jsonl" not in response.headers.get("content-type", [""])[0]:
        return
    document = case.operation.schema.raw_schema
    schema = {"$ref": "#/components/schemas/BatchResult", "components": document["components"]}
    validator = jsonschema_rs.validator_for(schema)
    results = [json.loads(line) for line in response.content.splitlines()]
    for result in results:
        if error := next(validator.iter_errors(result), None):
            raise AssertionError(f"a line is no BatchResult: {error.message}")
    indexes = [result["index"] for result in results]
    if indexes != sorted(set(indexes)):
        raise AssertionError("the results are not in the order of the lines")
