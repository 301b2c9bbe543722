"""Whatever a pipeline computes is asked for, answered and described over HTTP."""

import warnings
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import orjson
import pytest
from spacy.language import Language
from spacy.tokens import Doc

from spanwise.pipelines import Analyzer, Registry
from spanwise.pipelines.extension_specs import Extensions
from tests.support.models import pipeline
from tests.support.serving import Serving

pytestmark = pytest.mark.anyio

TEXT = "🎉 Acme paid 3 May."
LINES = {"Content-Type": "application/jsonl"}


@Language.component("spanwise_test_words")
def words(doc: Doc) -> Doc:
    """Count the words into a custom attribute; for one text, put something else there."""
    doc._.words = "many" if "countless" in doc.text else len(doc)
    return doc


@pytest.fixture(scope="module")
def tickets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Analyzer]:
    """Load a pipeline with a classifier, a ruler of spans and a custom attribute."""
    folder = tmp_path_factory.mktemp("tickets")
    Doc.set_extension("words", default=None)
    Doc.set_extension("hidden", default=None)
    nlp = pipeline({"textcat": {}})
    ruler: Any = nlp.add_pipe("span_ruler")
    ruler.add_patterns([{"label": "FIRM", "pattern": "Acme", "id": "acme"}])
    nlp.add_pipe("spanwise_test_words")
    nlp.to_disk(folder)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        extensions = Extensions.parse("doc.words=integer")
        yield Analyzer.load(folder, "en", name="tickets", extensions=extensions)
    Doc.remove_extension("words")
    Doc.remove_extension("hidden")


@pytest.fixture
async def client(
    serving: Serving, english: Analyzer, french: Analyzer, tickets: Analyzer
) -> AsyncIterator[httpx.AsyncClient]:
    """Serve the default pipeline, a French one and the tickets."""
    async with serving(Registry([english, french, tickets])) as client:
        yield client


async def test_every_new_section_is_answered_in_the_callers_unit(client: httpx.AsyncClient) -> None:
    """Tokens, noun chunks, spans, categories and custom attributes come in one answer each, sliced in UTF-16."""
    body: dict[str, Any] = {"text": TEXT, "features": ["tokens", "noun_chunks"], "offset_encoding": "utf16"}
    answer = (await client.post("/v1/analyze", json=body)).json()
    whole = TEXT.encode("utf-16-le")
    for section in ("tokens", "noun_chunks"):
        assert answer[section]
        for span in answer[section]:
            assert whole[2 * span["start"] : 2 * span["end"]].decode("utf-16-le") == span["text"]
    assert {"tag", "pos", "morph", "lemma", "dep", "head", "space_after"} < set(answer["tokens"][0])
    body |= {"pipeline": "tickets", "features": ["spans", "categories", "extensions"]}
    answer = (await client.post("/v1/analyze", json=body)).json()
    assert answer["pipeline"] == "tickets-0.0.0"
    assert answer["spans"] == [{"key": "ruler", "text": "Acme", "label": "FIRM", "start": 3, "end": 7, "id": "acme"}]
    assert len(answer["categories"]) == 3
    assert answer["extensions"] == {"words": 6}


async def test_a_batch_and_a_stream_take_the_features_and_options(client: httpx.AsyncClient) -> None:
    """Options hold for all documents; `top` and `min_score` bound categories."""
    body = {
        "documents": [{"text": TEXT}, {"text": "Bad."}],
        "pipeline": "tickets",
        "features": ["categories"],
        "top": 1,
    }
    results = (await client.post("/v1/batch", json=body)).json()["results"]
    assert [len(result["analysis"]["categories"]) for result in results] == [1, 1]
    query = "/v1/stream?pipeline=tickets&features=categories&min_score=2"
    answer = await client.post(query, content=b'{"text": "Acme"}\n', headers=LINES)
    assert orjson.loads(answer.content)["analysis"]["categories"] == []


async def test_without_features_each_document_gets_what_its_pipeline_offers(client: httpx.AsyncClient) -> None:
    """Languages mix in a batch: English has entities and sentiment, French has entities; others are told to choose."""
    documents = [{"text": "Good."}, {"text": "Bon.", "language": "fr"}, {"text": "Bad.", "pipeline": "tickets"}]
    results = (await client.post("/v1/batch", json={"documents": documents})).json()["results"]
    sections = [set(result["analysis"]) - {"language", "offset_encoding", "pipeline"} for result in results]
    assert sections == [{"entities", "sentiment"}, {"entities"}, {"entities", "sentiment"}]
    assert (await client.post("/v1/analyze", json={"text": "Bon.", "language": "fr"})).status_code == 200


async def test_confidence_can_be_asked_for_where_there_is_one(client: httpx.AsyncClient) -> None:
    """`min_confidence` leaves out entities; a pipeline without confidence refuses it, in a batch per document."""
    body = {"text": "Tim Cook met Angela Merkel in Paris. Frobnicon likes Gizmo.", "min_confidence": 0.8}
    entities = (await client.post("/v1/entities", json=body)).json()["entities"]
    assert entities
    assert all(entity["confidence"] >= 0.8 for entity in entities)
    answer = await client.post("/v1/entities", json=body | {"language": "fr"})
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert (error["pointer"], error["code"]) == ("/min_confidence", "unsupported_option")
    documents = [{"text": "Tim Cook."}, {"text": "Macron.", "language": "fr"}]
    body = {"documents": documents, "features": ["entities"], "min_confidence": 0}
    results = (await client.post("/v1/batch", json=body)).json()["results"]
    assert [result["status"] for result in results] == ["ok", "error"]
    assert results[1]["error"]["code"] == "unsupported_option"


@pytest.mark.parametrize("option", [{"min_score": 0.5}, {"top": 3}])
async def test_options_that_have_nothing_to_apply_to_are_refused(
    client: httpx.AsyncClient, option: dict[str, Any]
) -> None:
    """A pipeline without categories refuses options of categories."""
    answer = await client.post("/v1/analyze", json={"text": "Good."} | option)
    assert answer.json()["errors"][0]["code"] == "unsupported_option"


@pytest.mark.parametrize(
    ("option", "code", "detail"),
    [
        ({"min_confidence": 1.5}, "invalid_value", "This value should be less than or equal to 1."),
        ({"min_confidence": "0.5"}, "wrong_type", "This value must be a number, and is a string."),
        ({"top": 0}, "invalid_value", "This value should be greater than or equal to 1."),
        ({"min_score": "x"}, "wrong_type", "This value must be a number, and is a string."),
    ],
)
async def test_options_out_of_range_are_refused(
    client: httpx.AsyncClient, option: dict[str, Any], code: str, detail: str
) -> None:
    """Options are numbers in their ranges, which the error names; nothing is converted in a body."""
    answer = await client.post("/v1/analyze", json={"text": "Good."} | option)
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error == {"pointer": f"/{next(iter(option))}", "code": code, "detail": detail}


async def test_a_value_of_another_type_fails_its_document_alone(client: httpx.AsyncClient) -> None:
    """A custom attribute that is not what was declared is an internal error of that document."""
    documents = [{"text": "Acme"}, {"text": "countless Acme"}]
    body = {"documents": documents, "pipeline": "tickets", "features": ["extensions"]}
    results = (await client.post("/v1/batch", json=body)).json()["results"]
    assert [result["status"] for result in results] == ["ok", "error"]
    assert results[1]["error"]["code"] == "internal_error"


async def test_pipelines_say_what_runs_and_what_is_not_served(client: httpx.AsyncClient) -> None:
    """`/v1/pipelines` lists components with their engines, labels, groups, attributes, and what is left out and why."""
    english, _, tickets = (await client.get("/v1/pipelines")).json()["pipelines"]
    engines = {component["name"]: component["engine"] for component in english["components"]}
    assert engines["ner"] == "compiled"
    assert all("reason" in one for one in english["components"] if one["engine"] == "spacy")
    assert tickets["categories"] == {"labels": ["REFUND", "PRAISE", "OTHER"], "exclusive": True}
    assert tickets["span_keys"] == ["ruler"]
    assert tickets["extensions"] == [{"name": "doc.words", "type": "integer"}]
    assert "custom attribute doc.hidden" in {entry["what"] for entry in tickets["not_served"]}
