"""The gate against breaking changes: each kind of break is planted and found, and additions pass."""

import copy
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contract.breaking import breaks
from contract.gate import main
from tests.contract.tools import OPENAPI

Document = dict[str, Any]


@pytest.fixture
def document() -> Document:
    """Load a fresh copy of the committed document, for a test to change."""
    document: Document = json.loads(OPENAPI.read_text("utf-8"))
    return document


def schema(document: Document, name: str) -> Any:
    """Return a type of the document."""
    return document["components"]["schemas"][name]


def field(document: Document, name: str, of: str) -> Any:
    """Return a field of a type."""
    return schema(document, of)["properties"][name]


def analyze(document: Document) -> Any:
    """Return the operation that analyses one text."""
    return document["paths"]["/v1/analyze"]["post"]


BREAKS: dict[str, tuple[Callable[[Document], Any], str]] = {
    "path removed": (lambda d: d["paths"].pop("/v1/batch"), "/v1/batch: the path is gone"),
    "operation removed": (
        lambda d: d["paths"]["/v1/batch"].update(get=d["paths"]["/v1/batch"].pop("post")),
        "POST /v1/batch: the operation is gone",
    ),
    "operationId changed": (lambda d: analyze(d).update(operationId="x"), "operationId has changed"),
    "request field removed": (
        lambda d: schema(d, "AnalyzeRequest")["properties"].pop("labels"),
        "POST /v1/analyze request.labels: the field is gone",
    ),
    "request field newly required": (
        lambda d: schema(d, "BatchDocument")["required"].append("id"),
        "POST /v1/batch request.documents[].id: it is newly required",
    ),
    "new request field that is required": (
        lambda d: (
            schema(d, "SentimentRequest")["properties"].update(model={"type": "string"}),
            schema(d, "SentimentRequest")["required"].append("model"),
        ),
        "POST /v1/sentiment request.model: it is newly required",
    ),
    "request enum value removed": (
        lambda d: schema(d, "OffsetEncoding")["enum"].remove("utf8"),
        "POST /v1/entities request.offset_encoding: the value utf8 is no longer accepted",
    ),
    "request enum introduced": (
        lambda d: field(d, "language", of="EntitiesRequest").update(enum=["en"]),
        "request.language: only certain values",
    ),
    "upper limit narrowed": (
        lambda d: field(d, "text", of="EntitiesRequest").update(maxLength=99_999),
        "POST /v1/entities request.text: its maxLength is narrower, 99999 after 100000",
    ),
    "upper limit introduced": (
        lambda d: field(d, "language", of="EntitiesRequest").update(maxLength=2),
        "request.language: its maxLength is narrower, 2 after none",
    ),
    "lower limit raised": (
        lambda d: field(d, "documents", of="BatchRequest").update(minItems=2),
        "request.documents: its minItems is narrower, 2 after 1",
    ),
    "request type changed": (
        lambda d: field(d, "text", of="EntitiesRequest").update(type="array"),
        "request.text: its type has changed from string to array",
    ),
    "line of a stream narrowed": (
        lambda d: field(d, "text", of="StreamDocument").update(maxLength=1),
        "POST /v1/stream request line.text: its maxLength is narrower",
    ),
    "request media type removed": (
        lambda d: d["paths"]["/v1/stream"]["post"]["requestBody"]["content"].pop("application/x-ndjson"),
        "the media type application/x-ndjson is gone",
    ),
    "parameter removed": (
        lambda d: d["paths"]["/v1/stream"]["post"]["parameters"].pop(0),
        "POST /v1/stream parameter features: it is gone",
    ),
    "parameter newly required": (
        lambda d: analyze(d)["parameters"][0].update(required=True),
        "parameter X-Request-Timeout-Ms: it is newly required",
    ),
    "parameter narrowed": (
        lambda d: analyze(d)["parameters"][0]["schema"].update(maximum=1),
        "parameter X-Request-Timeout-Ms: its maximum is narrower",
    ),
    "response field removed": (
        lambda d: schema(d, "Entity")["properties"].pop("label"),
        "POST /v1/entities 200.entities[].label: the field is gone",
    ),
    "response field made optional": (
        lambda d: schema(d, "Entity")["required"].remove("label"),
        "POST /v1/entities 200.entities[].label: it may be absent now",
    ),
    "response enum value added": (
        lambda d: schema(d, "SentimentLabel")["enum"].append("ironic"),
        "POST /v1/sentiment 200.sentiment.label: the value ironic is new",
    ),
    "error code added": (
        lambda d: schema(d, "ErrorCode")["enum"].append("teapot"),
        "GET /v1/pipelines 401.code: the value teapot is new",
    ),
    "response enum opened": (
        lambda d: schema(d, "SentimentLabel").pop("enum"),
        "200.sentiment.label: any value may be answered now",
    ),
    "response type changed": (
        lambda d: field(d, "start", of="Entity").update(type="number"),
        "200.entities[].start: its type has changed from integer to number",
    ),
    "response of a batch, in one arm": (
        lambda d: schema(d, "BatchError")["required"].remove("error"),
        "POST /v1/batch 200.results[] as BatchError.error: it may be absent now",
    ),
    "line of a stream's answer": (
        lambda d: schema(d, "BatchOk")["properties"].pop("index"),
        "POST /v1/stream 200 line as BatchOk.index: the field is gone",
    ),
    "response arm added": (
        lambda d: schema(d, "BatchResult")["oneOf"].append({"$ref": "#/components/schemas/Sentence"}),
        "200.results[] as Sentence: it is new",
    ),
    "discriminator changed": (
        lambda d: schema(d, "BatchResult")["discriminator"].update(propertyName="kind"),
        "its discriminator has changed",
    ),
    "answer removed": (lambda d: analyze(d)["responses"].pop("200"), "POST /v1/analyze: the response 200 is gone"),
    "answer's media type removed": (
        lambda d: analyze(d)["responses"]["503"].update(content={}),
        "POST /v1/analyze 503: the media type application/problem+json is gone",
    ),
    "body newly required": (
        lambda d: d["paths"]["/livez"]["get"].update(requestBody={"required": True, "content": {}}),
        "GET /livez: a body is newly required",
    ),
    "body removed": (lambda d: analyze(d).pop("requestBody"), "POST /v1/analyze: the request's body is gone"),
}

ADDITIONS: dict[str, Callable[[Document], Any]] = {
    "a path": lambda d: d["paths"].update({"/v2/analyze": d["paths"]["/v1/analyze"]}),
    "an operation": lambda d: d["paths"]["/v1/analyze"].update(get=d["paths"]["/livez"]["get"]),
    "an optional request field": lambda d: schema(d, "AnalyzeRequest")["properties"].update(model={"type": "string"}),
    "a value that requests may have": lambda d: d["paths"]["/v1/stream"]["post"]["parameters"][2].update(
        schema={"type": "string", "enum": ["codepoint", "utf16", "utf8", "utf32"]}
    ),
    "a wider limit": lambda d: field(d, "text", of="AnalyzeRequest").update(maxLength=200_000),
    "no limit any more": lambda d: field(d, "text", of="AnalyzeRequest").pop("maxLength"),
    "a response field": lambda d: (
        schema(d, "Entity")["properties"].update(wikidata={"type": "string"}),
        schema(d, "Entity")["required"].append("wikidata"),
    ),
    "a response field that is always there now": lambda d: schema(d, "Entity")["required"].append("confidence"),
    "an error": lambda d: analyze(d)["responses"].update({"418": analyze(d)["responses"]["400"]}),
    "an optional parameter": lambda d: analyze(d)["parameters"].append(
        {"name": "x", "in": "query", "schema": {"type": "string"}}
    ),
    "another media type": lambda d: analyze(d)["requestBody"]["content"].update(
        {"application/cbor": {"schema": {"type": "string"}}}
    ),
    "words": lambda d: analyze(d).update(description="Better said.", summary="So."),
}


@pytest.mark.parametrize("kind", BREAKS)
def test_a_planted_break_is_found(document: Document, kind: str) -> None:
    """Every kind of break is found, and its line says where and what it is."""
    plant, told = BREAKS[kind]
    changed = copy.deepcopy(document)
    plant(changed)
    found = breaks(document, changed)
    assert any(told in line for line in found), found


@pytest.mark.parametrize("kind", ADDITIONS)
def test_an_addition_passes(document: Document, kind: str) -> None:
    """No kind of addition counts as a break."""
    changed = copy.deepcopy(document)
    ADDITIONS[kind](changed)
    assert changed != document
    assert breaks(document, changed) == []


def test_the_same_document_breaks_nothing(document: Document) -> None:
    """A document breaks nothing compared with itself, even if a type in it contains itself."""
    tree = {"type": "object", "properties": {"child": {"$ref": "#/components/schemas/Tree"}}}
    document["components"]["schemas"]["Tree"] = tree
    schema(document, "Entity")["properties"]["tree"] = {"$ref": "#/components/schemas/Tree"}
    assert breaks(document, document) == []


def git(root: Path, *arguments: str) -> None:
    """Run git in a repository of the test's own."""
    who = ["-c", "user.name=t", "-c", "user.email=t@example.invalid", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(root), *who, *arguments], check=True, capture_output=True)


def test_the_gate_compares_with_the_last_release(
    tmp_path: Path, document: Document, capsys: pytest.CaptureFixture[str]
) -> None:
    """The last release is the one with the highest version that has a document."""
    path = tmp_path / "openapi.json"
    git(tmp_path, "init", "-q")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "nothing yet")
    git(tmp_path, "tag", "v0.1.0")
    path.write_text(json.dumps(document))
    assert main([], tmp_path) == 0
    assert "nothing to compare with" in capsys.readouterr().out
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "a document")
    git(tmp_path, "tag", "v0.9.0")
    del document["paths"]["/v1/stream"]
    path.write_text(json.dumps(document))
    assert main([], tmp_path) == 1
    assert "/v1/stream: the path is gone" in capsys.readouterr().out
    git(tmp_path, "commit", "-q", "-a", "-m", "a break")
    git(tmp_path, "tag", "v0.10.0")
    assert main([], tmp_path) == 0
    assert "compared with v0.10.0, no breaking changes" in capsys.readouterr().out


def test_the_gate_compares_with_a_given_file(tmp_path: Path, document: Document) -> None:
    """A given document is compared with, whatever has been released."""
    given = tmp_path / "old.json"
    given.write_text(json.dumps(document))
    (tmp_path / "openapi.json").write_text(json.dumps(document))
    assert main([str(given)], tmp_path) == 0
    document["paths"]["/v0"] = document["paths"]["/livez"]
    given.write_text(json.dumps(document))
    assert main([str(given)], tmp_path) == 1


def test_a_list_that_may_grow_is_marked_before_it_does(document: Document) -> None:
    """A new feature in `/v1/pipelines` passes because the list is marked; unmarked it is a break, and so elsewhere."""
    grown = copy.deepcopy(document)
    schema(grown, "Feature")["enum"].append("weather")
    assert breaks(document, grown) == []
    features = field(grown, "features", "Pipeline")
    del features["x-extensible-enum"]
    old = copy.deepcopy(document)
    del field(old, "features", "Pipeline")["x-extensible-enum"]
    assert any("the value weather is new" in line for line in breaks(old, grown))
    features["x-extensible-enum"] = True
    assert breaks(old, grown) == []
    old["info"]["version"] = "1.2.0"
    assert any("the value weather is new" in line for line in breaks(old, grown))
