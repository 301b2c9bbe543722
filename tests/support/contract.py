"""Check answers against the published OpenAPI document: status, media type, headers and schema."""

from typing import Any

from jsonschema import Draft202012Validator

JSON_PATHS = frozenset({"/v1/entities", "/v1/sentiment", "/v1/analyze", "/v1/batch"})
ANALYSIS_PATHS = JSON_PATHS | {"/v1/stream"}


class Contract:
    """An OpenAPI document that answers can be checked against."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document

    def check(self, method: str, path: str, status: int, headers: Any, body: Any) -> None:
        """Raise AssertionError or a validation error when the answer is not what the document promises."""
        assert headers.get("x-request-id"), "every response carries X-Request-ID"
        media_type = headers["content-type"]
        operation = self.document["paths"].get(path, {}).get(method.lower())
        if operation is None:
            assert media_type == "application/problem+json"
            self.validate({"$ref": "#/components/schemas/Problem"}, body)
            assert status in (404, 405)
            return
        documented = operation["responses"].get(str(status))
        assert documented, f"{method} {path} answered {status}, which is not documented"
        assert media_type in documented["content"], f"{path} answered {media_type}"
        schema = documented["content"][media_type]["schema"]
        if item_schema := schema.get("x-itemSchema"):
            for line in body:
                self.validate(item_schema, line)
        else:
            self.validate(schema, body)
        if status >= 400:
            assert body["status"] == status
            assert body["request_id"] == headers["x-request-id"]
            examples = documented["content"][media_type]["examples"]
            assert body["code"] in examples, f"{path} answered {status} {body['code']}, which is not documented"
        if status in (429, 503):
            assert int(headers["retry-after"]) >= 1
        if path in ANALYSIS_PATHS and status not in (401, 429, 500):
            names = [part.partition(";")[0].strip() for part in headers["server-timing"].split(",")]
            assert names == ["queue", "nlp", "encode"]
        assert_no_nulls(body)

    def validate(self, schema: dict[str, Any], value: Any) -> None:
        """Check a value against a schema that refers to the document's components."""
        Draft202012Validator({**schema, "components": self.document["components"]}).validate(value)


def assert_no_nulls(value: Any) -> None:
    """Assert that no field is null: a field that has no value is absent."""
    assert value is not None, "an answer holds a null"
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        assert_no_nulls(part)
