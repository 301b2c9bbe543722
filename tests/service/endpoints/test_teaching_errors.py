"""Errors that say what to send instead, and nothing of what was sent."""

from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.anyio

FIELDS = "There are: text, language, pipeline, offset_encoding."


async def errors(client: httpx.AsyncClient, path: str, body: Any) -> list[dict[str, str]]:
    """Send a request that is refused, and return what its errors say."""
    answer = await client.post(path, json=body)
    assert answer.status_code == 422
    found: list[dict[str, str]] = answer.json()["errors"]
    return found


@pytest.mark.parametrize(
    ("field", "value", "detail"),
    [
        ("text", 5, "This value must be a string, and is a whole number."),
        ("text", None, "This value must be a string, and is null."),
        ("text", ["a"], "This value must be a string, and is an array."),
        ("language", {"a": 1}, "This value must be a string, and is an object."),
        ("min_confidence", "0.5", "This value must be a number, and is a string."),
        ("min_score", True, "This value must be a number, and is true or false."),
        ("top", 1.5, "This value must be a whole number, and is a number with a fraction."),
        ("top", "3", "This value must be a whole number, and is a string."),
        ("raw_scores", "yes", "This value must be true or false, and is a string."),
        ("raw_scores", 1, "This value must be true or false, and is a whole number."),
        ("features", "entities", "This value must be an array, and is a string."),
        ("labels", {"PERSON": 1}, "This value must be an array, and is an object."),
    ],
)
async def test_a_wrong_type_is_named_with_the_right_one(
    client: httpx.AsyncClient, field: str, value: Any, detail: str
) -> None:
    """What was expected and what came, in JSON's words."""
    (error,) = await errors(client, "/v1/analyze", {"text": "Ada", field: value})
    assert error == {"pointer": f"/{field}", "code": "wrong_type", "detail": detail}


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ([], "This value must be an object, and is an array."),
        ("Ada", "This value must be an object, and is a string."),
    ],
)
async def test_a_body_of_another_type_is_named(client: httpx.AsyncClient, body: Any, detail: str) -> None:
    """The pointer to the whole body is empty."""
    answer = await client.post(
        "/v1/sentiment",
        content=httpx.Request("POST", "http://x", json=body).content,
        headers={"Content-Type": "application/json"},
    )
    assert answer.json()["errors"] == [{"pointer": "", "code": "wrong_type", "detail": detail}]


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ("txt", "text"),
        ("Text", "text"),
        ("offsetEncoding", "offset_encoding"),
        ("lang", "language"),
        ("pipelines", "pipeline"),
    ],
)
async def test_a_misspelled_field_gets_the_nearest_one(client: httpx.AsyncClient, sent: str, meant: str) -> None:
    """Whatever its case; all fields that there are follow."""
    (error, *_) = [e for e in await errors(client, "/v1/sentiment", {"text": "Ada", sent: "x"}) if e["pointer"]]
    assert (error["pointer"], error["code"]) == (f"/{sent}", "unknown_field")
    assert error["detail"] == f"There is no such field. Did you mean {meant}? {FIELDS}"


async def test_a_field_like_no_other_gets_all_of_them(client: httpx.AsyncClient) -> None:
    """A field of another request is unknown too."""
    (error,) = await errors(client, "/v1/sentiment", {"text": "Ada", "zzz": 1})
    assert error["detail"] == f"There is no such field. {FIELDS}"
    (error,) = await errors(client, "/v1/sentiment", {"text": "Ada", "features": []})
    assert error["detail"] == f"There is no such field. {FIELDS}"


async def test_a_document_of_a_batch_is_told_the_same(client: httpx.AsyncClient) -> None:
    """Each document has its own fields."""
    documents = [{"text": "Ada", "Id": "a"}, {"text": 5}, "Ada"]
    answer = await client.post("/v1/batch", json={"documents": documents})
    assert [result["error"]["detail"] for result in answer.json()["results"]] == [
        "/Id: There is no such field. Did you mean id? There are: text, id, language, pipeline.",
        "/text: This value must be a string, and is a whole number.",
        "This value must be an object, and is a string.",
    ]


@pytest.mark.parametrize(
    ("sent", "near"), [("entites", "Did you mean entities? "), ("ENTITIES", "Did you mean entities? "), ("zzz", "")]
)
async def test_an_unknown_feature_gets_those_that_there_are(client: httpx.AsyncClient, sent: str, near: str) -> None:
    """The place of the wrong one is in the pointer."""
    (error,) = await errors(client, "/v1/analyze", {"text": "Ada", "features": ["entities", sent]})
    assert error["code"] == "unsupported_feature"
    assert error["detail"].startswith(f"There is no such feature. {near}There are: entities, ")


async def test_an_unknown_unit_gets_those_that_there_are(client: httpx.AsyncClient) -> None:
    """Also in the query of a stream, where the type of what came is no news."""
    (error,) = await errors(client, "/v1/entities", {"text": "Ada", "offset_encoding": "UTF-16"})
    expected = "This value is not one of those allowed. Did you mean utf16? There are: codepoint, utf16, utf8."
    assert error == {"pointer": "/offset_encoding", "code": "invalid_value", "detail": expected}
    headers = {"Content-Type": "application/jsonl"}
    answer = await client.post("/v1/stream?offset_encoding=UTF-16&top=many", content=b"", headers=headers)
    assert answer.json()["errors"] == [
        error,
        {"pointer": "/top", "code": "wrong_type", "detail": "This value must be a whole number."},
    ]


async def test_unknown_labels_are_pointed_to(client: httpx.AsyncClient) -> None:
    """Each has its place in the list, the nearest label that there is, and all of them."""
    body = {"text": "Ada", "labels": ["ORG", "person", "WIZARD", "GPE", "ORGS"]}
    found = await errors(client, "/v1/entities", body)
    assert [error["pointer"] for error in found] == ["/labels/1", "/labels/2", "/labels/4"]
    assert {error["code"] for error in found} == {"unknown_label"}
    person, wizard, orgs = (error["detail"] for error in found)
    assert person.startswith(
        "There is no such label. Did you mean PERSON? There are: CARDINAL, DATE, EVENT, FAC, GPE, "
    )
    assert wizard.startswith("There is no such label. There are: CARDINAL, ")
    assert orgs.startswith("There is no such label. Did you mean ORG? ")


async def test_many_unknown_labels_are_counted(client: httpx.AsyncClient) -> None:
    """The answer to a long list of nonsense stays short."""
    found = await errors(client, "/v1/entities", {"text": "Ada", "labels": [f"L{number}" for number in range(200)]})
    assert len(found) == 11
    assert found[-1] == {"pointer": "/labels", "code": "unknown_label", "detail": "190 more of the labels are unknown."}


async def test_a_label_may_be_repeated(client: httpx.AsyncClient) -> None:
    """A list of labels is a set, in whatever order."""
    answer = await client.post("/v1/entities", json={"text": "Tim Cook loved Paris.", "labels": ["GPE", "GPE"]})
    assert [entity["label"] for entity in answer.json()["entities"]] == ["GPE"]


@pytest.mark.parametrize("language", ["EN", "en-US", "En_gb", "en-Latn-US", "FR", "fr-CA"])
async def test_languages_match_whatever_their_case_and_region(client: httpx.AsyncClient, language: str) -> None:
    """`en-US` is served by the pipeline of `en`."""
    answer = await client.post("/v1/entities", json={"text": "Paris", "language": language})
    assert answer.status_code == 200
    assert answer.json()["language"] == language[:2].lower()
