"""Large answers: encoded on the NLP threads, sent in pieces as the caller reads, equal to what one piece would hold."""

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import httpx
import orjson
import pytest

from spanwise.pipelines import Analyzer, Document
from spanwise.service.http.large_response import LargeJSONResponse
from spanwise.service.http.request_record import RequestRecord
from spanwise.service.queue import encoded_analysis
from spanwise.service.queue.encoded_analysis import EncodedAnalysis, encode_analysis, is_large

pytestmark = pytest.mark.anyio

SENTENCE = "Tim Cook met Angela Merkel in Paris, and the naïve 🎉 loved it. "
LARGE = SENTENCE * 300
EVERYTHING = ["entities", "entity_sentiment", "sentences", "sentiment"]
LARGEST_PIECE = 256 * 1024


class Receiver:
    """The server's end of an ASGI application: keeps what is sent, and waits while the test says so."""

    def __init__(self) -> None:
        self.headers: dict[bytes, bytes] = {}
        self.bodies: list[bytes] = []
        self.reads = asyncio.Event()

    async def send(self, message: Any) -> None:
        """Take a message, once the caller reads."""
        self.headers.update(message.get("headers", ()))
        if message["type"] == "http.response.body":
            self.bodies.append(message.get("body", b""))
            await self.reads.wait()


async def ask(client: httpx.AsyncClient, body: Any, path: str = "/v1/analyze") -> Receiver:
    """Send a request straight to the application, read its answer message by message, and return what came."""
    receiver = Receiver()
    receiver.reads.set()
    request = iter([{"type": "http.request", "body": orjson.dumps(body), "more_body": False}])

    async def receive() -> Any:
        message = next(request, None)
        if message is None:
            await asyncio.Event().wait()
        return message

    headers = [(b"content-type", b"application/json"), (b"host", b"service")]
    scope = {"type": "http", "method": "POST", "path": path, "headers": headers, "query_string": b"", "root_path": ""}
    await client.app(scope, receive, receiver.send)  # type: ignore[attr-defined]
    return receiver


async def test_a_small_answer_is_one_message(client: httpx.AsyncClient) -> None:
    """The common case pays for nothing: its body is sent whole."""
    assert len((await ask(client, {"text": SENTENCE})).bodies) == 1


async def test_a_large_answer_comes_in_pieces_of_known_length(client: httpx.AsyncClient) -> None:
    """No piece is much larger than 128 KiB, and the length of all of them is declared."""
    batch = {"documents": [{"text": SENTENCE * 1500}] * 2, "features": EVERYTHING}
    receiver = await ask(client, batch, "/v1/batch")
    whole = b"".join(receiver.bodies)
    assert receiver.headers[b"content-length"] == str(len(whole)).encode()
    assert len(whole) > 3 * LARGEST_PIECE
    assert max(map(len, receiver.bodies)) < LARGEST_PIECE
    assert [one["status"] for one in orjson.loads(whole)["results"]] == ["ok", "ok"]
    timing = dict(part.split(";dur=") for part in receiver.headers[b"server-timing"].decode().split(", "))
    assert float(timing["encode"]) > 0


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/entities", {"text": LARGE, "offset_encoding": "utf16"}),
        ("/v1/sentiment", {"text": LARGE}),
        ("/v1/analyze", {"text": LARGE, "features": EVERYTHING}),
        ("/v1/analyze", {"text": " " * 20_000, "features": EVERYTHING}),
        (
            "/v1/batch",
            {
                "documents": [
                    {"text": LARGE, "id": "ä"},
                    {"text": ""},
                    {"text": SENTENCE, "language": "fr", "id": "b"},
                    {"text": SENTENCE, "language": "tlh"},
                    None,
                    {"text": SENTENCE},
                ],
                "features": ["entities", "sentences"],
            },
        ),
        ("/v1/batch", {"documents": [{"text": SENTENCE, "id": str(i)} for i in range(128)]}),
    ],
    ids=["entities", "sentiment", "analyze", "blank", "mixed batch", "many documents"],
)
async def test_pieces_make_up_the_same_answer(
    client: httpx.AsyncClient, path: str, body: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A large answer is byte for byte what encoding it at once gives."""
    monkeypatch.setattr(encoded_analysis, "LARGE_CHARACTERS", 5_000)
    in_pieces = (await client.post(path, json=body)).content
    monkeypatch.setattr(encoded_analysis, "LARGE_CHARACTERS", 10**9)
    assert in_pieces == (await client.post(path, json=body)).content


async def test_a_large_line_of_a_stream_has_the_same_result(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line over the bound is encoded on an NLP thread, and its result is the same to the byte."""
    lines = orjson.dumps({"text": LARGE, "id": "a"}) + b"\n" + orjson.dumps({"text": SENTENCE}) + b"\n"
    headers = {"Content-Type": "application/jsonl"}
    encoded_early = (await client.post("/v1/stream", content=lines, headers=headers)).content
    monkeypatch.setattr(encoded_analysis, "LARGE_CHARACTERS", 10**9)
    assert encoded_early == (await client.post("/v1/stream", content=lines, headers=headers)).content
    assert encoded_early.count(b"\n") == 2


def plain_scope() -> dict[str, Any]:
    """Return what an answer looks at of a request to a service that compresses nothing."""
    return {"app": SimpleNamespace(state=SimpleNamespace(compress_from_bytes=0)), "headers": []}


async def test_what_the_caller_does_not_read_is_not_sent() -> None:
    """While a caller does not read, one piece is on its way, and the record says how much waits behind it."""
    parts = [b"x" * 100_000] * 5 + [b"y" * 10] * 20
    receiver, record = Receiver(), RequestRecord("id")
    scope = plain_scope()
    record.attach(scope)
    sending = asyncio.create_task(LargeJSONResponse(parts, "")(scope, None, receiver.send))  # type: ignore[arg-type]
    await asyncio.sleep(0.01)
    assert receiver.bodies == [b"x" * 100_000]
    assert record.unsent_bytes == 400_200
    receiver.reads.set()
    await sending
    assert record.unsent_bytes == 0
    assert b"".join(receiver.bodies) == b"".join(parts)
    assert len(receiver.bodies) == 5


async def test_other_requests_have_their_turn_between_pieces() -> None:
    """A caller who reads as fast as it can does not keep the event loop to itself."""
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    receiver = Receiver()
    receiver.reads.set()
    scope = plain_scope()
    RequestRecord("id").attach(scope)
    task = asyncio.create_task(others())
    await LargeJSONResponse([b"x" * 200_000] * 10, "")(scope, None, receiver.send)  # type: ignore[arg-type]
    task.cancel()
    assert turns >= 9


def test_a_long_list_is_encoded_in_slices() -> None:
    """Slices of a list make up the list, whatever its length."""
    for length in (0, 1, 255, 256, 257, 512, 513):
        analysis: Any = {"language": "en", "entities": [{"text": f"ü{i}", "start": i} for i in range(length)], "n": {}}
        encoded = encode_analysis(analysis)
        assert isinstance(encoded, EncodedAnalysis)
        assert b"".join(encoded.pieces) == orjson.dumps(analysis)


def test_a_value_that_json_does_not_know_fails_alone() -> None:
    """What cannot be encoded becomes the document's error, and not the end of an NLP thread."""
    analysis: Any = {"language": "en", "entities": [object()]}
    assert isinstance(encode_analysis(analysis), TypeError)


@pytest.mark.parametrize("text", [SENTENCE, LARGE], ids=["small", "large"])
async def test_a_value_that_json_does_not_know_is_an_internal_error(
    client: httpx.AsyncClient, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A document whose analysis cannot be encoded gets an `internal_error`; the others are unaffected."""
    analyze = Analyzer.analyze_documents

    def spoil_one(self: Analyzer, documents: Sequence[Document]) -> list[Any]:
        answers: list[Any] = analyze(self, documents)
        for document, answer in zip(documents, answers, strict=True):
            if document.text == " ":
                answer["extensions"] = {"topic": object()}
        return answers

    monkeypatch.setattr(Analyzer, "analyze_documents", spoil_one)
    documents = [{"text": " ", "id": "a"}, {"text": text}]
    batch = (await client.post("/v1/batch", json={"documents": documents})).json()["results"]
    lines = b"".join(orjson.dumps(document) + b"\n" for document in documents)
    stream = await client.post("/v1/stream", content=lines, headers={"Content-Type": "application/jsonl"})
    for bad, good in (batch, map(orjson.loads, stream.content.splitlines())):
        assert (bad["status"], bad["id"], bad["error"]["code"]) == ("error", "a", "internal_error")
        assert (good["status"], good["index"]) == ("ok", 1)
    alone = await client.post("/v1/analyze", json={"text": " "})
    assert (alone.status_code, alone.json()["code"]) == (500, "internal_error")


@pytest.mark.parametrize(
    ("labels", "documents", "top", "large"), [(6000, 2, None, True), (6000, 2, 3, False), (3, 128, None, False)]
)
def test_many_categories_make_the_answer_to_short_texts_large(
    labels: int, documents: int, top: int | None, large: bool
) -> None:
    """Each text gets a score for every label, unless `top` bounds them."""
    contents = SimpleNamespace(categories={"labels": ["LABEL"] * labels, "exclusive": False})
    analyzer: Any = SimpleNamespace(contents=contents)
    document = Document("Some words.", frozenset({"categories"}), top=top)
    assert is_large([(analyzer, document)] * documents) is large
