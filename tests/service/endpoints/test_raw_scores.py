"""`raw_scores`: the model's own probability, where it is asked for and where there is one; never called confidence."""

from typing import Any

import httpx
import orjson
import pytest

from spanwise.pipelines import Analyzer, Registry
from spanwise.pipelines.entities.spacy_engine import SpacyEngine
from spanwise.pipelines.entities.spacy_pipeline import load
from tests.conftest import FRENCH
from tests.support.fakes import with_engine
from tests.support.serving import Serving

pytestmark = pytest.mark.anyio

ENGLISH_TEXT = "Tim Cook met Angela Merkel in Paris."
FRENCH_TEXT = "Emmanuel Macron rencontre Olaf Scholz à Berlin."
JSON_LINES = {"Content-Type": "application/jsonl"}
ENTITIES = {"features": ["entities"]}


@pytest.fixture
def mixed(english: Analyzer, french: Analyzer) -> Registry:
    """Return a registry with a compiled English pipeline and a French one on spaCy's engine."""
    loaded = load(FRENCH)
    own = with_engine(french, SpacyEngine(loaded.nlp, loaded.plan), "fr")
    return Registry({"en": english, "fr": own})


async def ask(client: httpx.AsyncClient, path: str, text: str, language: str, **options: Any) -> list[dict[str, Any]]:
    """Return the entities that an endpoint answers."""
    if path == "/v1/stream":
        query = {name: str(value).lower() for name, value in options.items()} | {"features": "entities"}
        line = orjson.dumps({"text": text, "language": language})
        answer = await client.post(path, content=line, params=query, headers=JSON_LINES)
    elif path == "/v1/batch":
        document = {"text": text, "language": language}
        answer = await client.post(path, json={"documents": [document], **ENTITIES, **options})
    else:
        features = ENTITIES if path == "/v1/analyze" else {}
        answer = await client.post(path, json={"text": text, "language": language, **features, **options})
    assert answer.status_code == 200, answer.text
    body = answer.json()
    result = body["results"][0] if path == "/v1/batch" else body
    entities: list[dict[str, Any]] = result.get("analysis", result)["entities"]
    return entities


@pytest.mark.parametrize("path", ["/v1/entities", "/v1/analyze", "/v1/batch", "/v1/stream"])
async def test_raw_scores_come_where_they_are_asked_for(client: httpx.AsyncClient, path: str) -> None:
    """A calibrated pipeline has both numbers, another one the raw score alone; without asking, there is none."""
    both = await ask(client, path, ENGLISH_TEXT, "en", raw_scores=True)
    assert len(both) == 3
    for entity in both:
        assert 0 < entity["confidence"] < entity["raw_score"] <= 1
    alone = await ask(client, path, FRENCH_TEXT, "fr", raw_scores=True)
    assert len(alone) == 3
    for entity in alone:
        assert "confidence" not in entity
        assert entity["raw_score"] > 0.9
        assert entity["raw_score"] == round(entity["raw_score"], 6)
    for options in ({}, {"raw_scores": False}):
        for text, language in ((ENGLISH_TEXT, "en"), (FRENCH_TEXT, "fr")):
            assert not any("raw_score" in entity for entity in await ask(client, path, text, language, **options))


@pytest.mark.parametrize("path", ["/v1/entities", "/v1/analyze"])
async def test_spacys_own_engine_refuses_them(serving: Serving, mixed: Registry, path: str) -> None:
    """A pipeline without probabilities refuses the option rather than leave the field out in silence."""
    async with serving(mixed) as client:
        body = {"text": FRENCH_TEXT, "language": "fr", "raw_scores": True}
        refused = await client.post(path, json=body | ({} if path == "/v1/entities" else ENTITIES))
    assert refused.status_code == 422
    (error,) = refused.json()["errors"]
    assert (error["pointer"], error["code"]) == ("/raw_scores", "unsupported_option")
    assert "fr_core_news_sm-3.8.0" in error["detail"]


async def test_in_a_batch_the_refusal_is_the_documents_own(serving: Serving, mixed: Registry) -> None:
    """Documents of a compiled pipeline are answered beside those that are refused."""
    documents = [{"text": FRENCH_TEXT, "language": "fr", "id": "a"}, {"text": ENGLISH_TEXT}]
    async with serving(mixed) as client:
        answer = await client.post("/v1/batch", json={"documents": documents, "raw_scores": True, **ENTITIES})
    first, second = answer.json()["results"]
    assert (first["status"], first["id"], first["error"]["code"]) == ("error", "a", "unsupported_option")
    assert all("raw_score" in entity for entity in second["analysis"]["entities"])


async def test_a_stream_is_refused_whole_or_line_by_line(serving: Serving, mixed: Registry) -> None:
    """A stream whose language lacks raw scores is refused; where only some lines' languages do, these lines are."""
    async with serving(mixed) as client:
        query = {"features": "entities", "raw_scores": "true"}
        refused = await client.post("/v1/stream", params=query | {"language": "fr"}, content=b"{}", headers=JSON_LINES)
        lines = [orjson.dumps({"text": FRENCH_TEXT, "language": "fr"}), orjson.dumps({"text": ENGLISH_TEXT})]
        answer = await client.post("/v1/stream", params=query, content=b"\n".join(lines), headers=JSON_LINES)
    assert refused.status_code == 422
    assert [error["code"] for error in refused.json()["errors"]] == ["unsupported_option"]
    first, second = map(orjson.loads, answer.content.splitlines())
    assert first["error"]["code"] == "unsupported_option"
    assert second["status"] == "ok"


@pytest.mark.parametrize("value", ["true", 1, []])
async def test_only_true_and_false_are_accepted(client: httpx.AsyncClient, value: Any) -> None:
    """A value of another type is refused with its place."""
    refused = await client.post("/v1/entities", json={"text": "a", "raw_scores": value})
    assert refused.status_code == 422
    assert [(error["pointer"], error["code"]) for error in refused.json()["errors"]] == [("/raw_scores", "wrong_type")]


async def test_pipelines_say_what_is_calibrated(client: httpx.AsyncClient) -> None:
    """`/v1/pipelines` says for a calibrated pipeline on how many texts and with which error, and for others nothing."""
    pipelines = {one["language"]: one for one in (await client.get("/v1/pipelines")).json()["pipelines"]}
    assert pipelines["en"]["calibrated"] == {"texts": 17_372, "error": 0.0106}
    assert "calibrated" not in pipelines["fr"]
