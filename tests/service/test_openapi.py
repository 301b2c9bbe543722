"""The OpenAPI document: what generators and people read."""

from collections.abc import Iterator
from typing import Any

import pytest
from openapi_spec_validator import validate

from pipelines import Registry
from service.app import create_app
from service.settings import Settings
from tests.service.contract import JSON_PATHS

OPERATIONS = {
    ("post", "/v1/entities"): "extract_entities",
    ("post", "/v1/sentiment"): "analyze_sentiment",
    ("post", "/v1/analyze"): "analyze",
    ("post", "/v1/batch"): "analyze_batch",
    ("post", "/v1/stream"): "analyze_stream",
    ("get", "/v1/pipelines"): "list_pipelines",
    ("get", "/livez"): "get_liveness",
    ("get", "/readyz"): "get_readiness",
}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """As served; no pipeline is needed to write it."""
    return create_app(Settings(), Registry({})).openapi()


def everything(value: Any) -> Iterator[Any]:
    """Every object in a document."""
    if isinstance(value, dict):
        yield value
        for part in value.values():
            yield from everything(part)
    elif isinstance(value, list):
        for part in value:
            yield from everything(part)


@pytest.mark.smoke
def test_the_document_is_valid(document: dict[str, Any]) -> None:
    """OpenAPI 3.1."""
    assert document["openapi"] == "3.1.0"
    validate(document)


def test_every_operation_has_its_agreed_id(document: dict[str, Any]) -> None:
    """With a tag, a summary and a description; nothing else is in the document."""
    found = {(m, path): op for path, methods in document["paths"].items() for m, op in methods.items()}
    assert {key: operation["operationId"] for key, operation in found.items()} == OPERATIONS
    for operation in found.values():
        assert operation["tags"]
        assert operation["summary"]
        assert operation["description"]


def test_errors_are_documented_with_their_media_type(document: dict[str, Any]) -> None:
    """Each status with an example per code, and nothing left of the framework's own error shape."""
    assert "HTTPValidationError" not in document["components"]["schemas"]
    for path in JSON_PATHS:
        responses = document["paths"][path]["post"]["responses"]
        assert set(responses) == {"200", "400", "401", "413", "415", "422", "429", "500", "503", "504"}
        for status, response in responses.items():
            if status != "200":
                assert list(response["content"]) == ["application/problem+json"]
    overload = document["paths"]["/v1/analyze"]["post"]["responses"]["503"]
    assert set(overload["content"]["application/problem+json"]["examples"]) == {"overloaded", "shutting_down"}
    assert "Retry-After" in overload["headers"]


def test_generators_find_nothing_to_choke_on(document: dict[str, Any]) -> None:
    """No null, no property titles, strict requests, a discriminated union of batch results."""
    schemas = document["components"]["schemas"]
    for part in everything(document):
        assert part.get("type") != "null"
        assert "null" not in part.get("type", "") if isinstance(part.get("type"), list) else True
    for name, schema in schemas.items():
        for field in schema.get("properties", {}).values():
            assert "title" not in field
        if name.endswith("Request") or name == "BatchDocument":
            assert schema["additionalProperties"] is False
    assert schemas["BatchResult"]["discriminator"]["propertyName"] == "status"
    assert schemas["EntitiesRequest"]["properties"]["text"]["maxLength"] == 100_000
    assert schemas["BatchRequest"]["properties"]["documents"]["maxItems"] == 128


def test_the_document_is_the_same_every_time() -> None:
    """Sets have no order: a default must not change from one process to the next."""
    schemas = create_app(Settings(), Registry({})).openapi()["components"]["schemas"]
    assert schemas["AnalyzeRequest"]["properties"]["features"]["default"] == ["entities", "sentiment"]


def test_only_probes_and_docs_need_no_key(document: dict[str, Any]) -> None:
    """The rest names the schemes that it accepts."""
    assert document["paths"]["/livez"]["get"]["security"] == []
    assert document["paths"]["/readyz"]["get"]["security"] == []
    assert "security" not in document["paths"]["/v1/entities"]["post"]
    assert {"ApiKey": []} in document["security"]
