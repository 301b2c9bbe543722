"""`POST /v1/stream` within one process: the results of lines, their order, and what ends a stream."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import orjson
import pytest

from spanwise.pipelines import Analyzer, Registry
from tests.support.fakes import FailingEngine, GatedEngine, with_engine
from tests.support.serving import Serving

pytestmark = pytest.mark.anyio

JSON_LINES = {"Content-Type": "application/jsonl"}


def lines(*documents: Any) -> bytes:
    """Encode documents as JSON Lines; bytes are a line as they are."""
    return b"".join((d if isinstance(d, bytes) else orjson.dumps(d)) + b"\n" for d in documents)


async def stream(client: httpx.AsyncClient, body: bytes, **options: Any) -> list[Any]:
    """Send a whole stream and return its results."""
    answer = await client.post("/v1/stream", params=options, content=body, headers=JSON_LINES)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "application/jsonl"
    return [orjson.loads(line) for line in answer.content.splitlines()]


async def until(true: Callable[[], bool]) -> None:
    """Wait until a condition in the service is true."""
    async with asyncio.timeout(20):
        while not true():  # noqa: ASYNC110 - what happens sets no event
            await asyncio.sleep(0.005)


class Caller:
    """A caller of the ASGI application who sends and reads when the test says so."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.app: Any = client.app  # type: ignore[attr-defined]
        self.sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.status = 0
        self.received = b""
        self.ended = False
        self.reads = asyncio.Event()
        self.reads.set()
        self.task: asyncio.Task[None] | None = None

    def send(self, *documents: Any, more: bool = True) -> None:
        """Send lines to the service."""
        self.sent.put_nowait({"type": "http.request", "body": lines(*documents), "more_body": more})

    def hang_up(self) -> None:
        """Disconnect."""
        self.sent.put_nowait({"type": "http.disconnect"})

    async def _take(self, message: dict[str, Any]) -> None:
        await self.reads.wait()
        self.status = message.get("status", self.status)
        self.received += message.get("body", b"")
        self.ended = message["type"] == "http.response.body" and not message.get("more_body", False)

    @property
    def results(self) -> list[Any]:
        """The results that have arrived so far."""
        return [orjson.loads(line) for line in self.received.splitlines()]

    async def results_when(self, count: int) -> list[Any]:
        """Wait for so many results and return them."""
        await until(lambda: len(self.results) >= count)
        return self.results

    @asynccontextmanager
    async def calling(self, headers: tuple[tuple[bytes, bytes], ...] = ()) -> AsyncIterator["Caller"]:
        """Run the request for as long as the block lasts."""
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/v1/stream",
            "raw_path": b"/v1/stream",
            "query_string": b"features=entities",
            "headers": [(b"content-type", b"application/jsonl"), *headers],
        }
        self.task = asyncio.create_task(self.app(scope, self.sent.get, self._take))
        try:
            yield self
        finally:
            self.hang_up()
            async with asyncio.timeout(20):
                await self.task


@pytest.mark.smoke
async def test_results_are_those_of_a_batch(client: httpx.AsyncClient) -> None:
    """A stream's results equal those of a batch, in the order of the lines, in several languages."""
    documents = [
        {"text": "Angela Merkel visited Paris. 🎉 Tim Cook loved it!", "id": "a"},
        {"text": "Emmanuel Macron habite à Paris.", "language": "fr"},
        {"text": " "},
        {"text": "", "id": "empty"},
        {"text": "a", "shape": 1},
    ] * 24
    options = {"features": ["entities"], "offset_encoding": "utf16"}
    batch = await client.post("/v1/batch", json={"documents": documents, **options})
    assert await stream(client, lines(*documents), **options) == batch.json()["results"]


async def test_a_bad_line_gets_an_error_and_the_stream_goes_on(client: httpx.AsyncClient) -> None:
    """A bad line of any kind gets an error, and the next line is served."""
    body = lines(
        {"text": "Tim Cook", "id": "good"},
        b"not json",
        b'{"text": "\xff"}',
        [],
        {"text": ""},
        {"text": 5, "id": "five"},
        {"id": "no text"},
        {"text": "a", "language": "tlh", "id": "klingon"},
        b'{"text": "' + b"x" * 1024 * 1024 + b'"}',
        {"text": "Berlin"},
    )
    results = await stream(client, body)
    assert [result["index"] for result in results] == list(range(10))
    assert [r["error"]["code"] if r["status"] == "error" else "ok" for r in results] == [
        "ok",
        "malformed_json",
        "malformed_json",
        "wrong_type",
        "text_empty",
        "wrong_type",
        "missing",
        "unsupported_language",
        "line_too_long",
        "ok",
    ]
    assert [result.get("id") for result in results] == [
        *("good", None, None, None, None, "five", "no text", "klingon"),
        *(None, None),
    ]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"", b"\n\n \n"])
async def test_blank_lines_and_line_ends_do_not_matter(client: httpx.AsyncClient, end: bytes) -> None:
    """A blank line has no result but is counted, so that an index is always that of the line."""
    body = b'\n{"text": "a"}\r\n\r\n \t\n{"text": "b"}' + end
    assert [(result["index"], result["status"]) for result in await stream(client, body)] == [(1, "ok"), (4, "ok")]


async def test_an_empty_stream_has_an_empty_answer(client: httpx.AsyncClient) -> None:
    """An empty stream is not an error."""
    assert await stream(client, b"") == []


async def test_options_hold_for_all_lines(client: httpx.AsyncClient) -> None:
    """Options apply to every line; a line's own language overrides that of the options."""
    body = lines({"text": "Emmanuel Macron habite à Paris."}, {"text": "Tim Cook left Paris.", "language": "en"})
    results = await stream(client, body, language="fr", features=["entities"], labels=["PER", "PERSON"])
    assert [[e["label"] for e in r["analysis"]["entities"]] for r in results] == [["PER"], ["PERSON"]]
    (result,) = await stream(client, lines({"text": "I love it."}), features=["sentiment", "sentences"])
    assert result["analysis"].keys() == {"language", "offset_encoding", "pipeline", "sentiment", "sentences"}


@pytest.mark.parametrize(
    ("query", "pointer", "code"),
    [
        ("features=poetry", "/features/0", "unsupported_feature"),
        ("language=fr&features=entity_sentiment", "/features", "unsupported_feature"),
        ("features=entities&features=x", "/features/1", "unsupported_feature"),
        ("language=tlh", "/language", "unsupported_language"),
        ("language=fr&features=sentiment", "/features", "unsupported_feature"),
        ("language=fr&language=en", "/language", "wrong_type"),
        ("labels=WIZARD", "/labels/0", "unknown_label"),
        ("offset_encoding=utf32", "/offset_encoding", "invalid_value"),
        ("raw_scores=perhaps", "/raw_scores", "wrong_type"),
        ("feature=entities", "/feature", "unknown_field"),
    ],
)
async def test_a_wrong_option_refuses_the_stream(
    client: httpx.AsyncClient, query: str, pointer: str, code: str
) -> None:
    """A wrong option refuses the whole stream before its body is read."""
    answer = await client.post(f"/v1/stream?{query}", content=lines({"text": "a"}), headers=JSON_LINES)
    assert answer.status_code == 422
    assert [(error["pointer"], error["code"]) for error in answer.json()["errors"]] == [(pointer, code)]


@pytest.mark.parametrize("media_type", ["application/json", "text/plain", ""])
async def test_another_media_type_is_unsupported(client: httpx.AsyncClient, media_type: str) -> None:
    """Both media types of JSON Lines are accepted, and no other."""
    answer = await client.post("/v1/stream", content=b"{}", headers={"Content-Type": media_type})
    assert answer.status_code == 415
    answer = await client.post("/v1/stream", content=b"{}", headers={"Content-Type": "application/x-ndjson"})
    assert answer.status_code == 200


async def test_a_failure_inside_is_that_lines_own(serving: Serving, english: Analyzer) -> None:
    """A line whose analysis fails gets an error; the others are analysed."""
    failing = Registry({"en": with_engine(english, FailingEngine(lambda text: "bad" in text))})
    async with serving(registry=failing) as client:
        body = lines({"text": "a"}, {"text": "bad", "id": "b"}, {"text": "c"})
        results = await stream(client, body, features=["entities"])
    assert [result["status"] for result in results] == ["ok", "error", "ok"]
    assert results[1] == {
        "status": "error",
        "index": 1,
        "id": "b",
        "error": {"code": "internal_error", "detail": results[1]["error"]["detail"]},
    }


async def test_results_come_while_the_caller_still_sends(client: httpx.AsyncClient) -> None:
    """Each result arrives before the next line is sent."""
    async with Caller(client).calling() as caller:
        for index in range(3):
            caller.send({"text": "Tim Cook"})
            assert (await caller.results_when(index + 1))[index]["index"] == index
        caller.send(more=False)
        await until(lambda: caller.ended)
    assert len(caller.results) == 3


async def test_a_caller_who_leaves_frees_the_work(serving: Serving, gated: Registry, engine: GatedEngine) -> None:
    """Waiting lines of a caller who has gone are not analysed, and another stream may begin."""
    async with serving(registry=gated, max_streams=1, micro_batch_characters=200) as client:
        async with Caller(client).calling() as caller:
            caller.send(*({"text": f"line {number}"} for number in range(50)))
            await asyncio.to_thread(engine.entered.wait, 10)
            runtime = caller.app.state.runtime
            assert bool(runtime.batcher._waiting)
        assert not bool(runtime.batcher._waiting)
        assert not runtime.streams
        engine.gate.set()
        assert await stream(client, lines({"text": "next"}), features=["entities"])
        assert engine.batches[-1] == ["next"]
        assert sum(map(len, engine.batches)) < 50


async def test_a_slow_reader_slows_the_intake(serving: Serving, gated: Registry, engine: GatedEngine) -> None:
    """While the caller reads nothing, no more than a window of lines is taken in."""
    engine.gate.set()
    async with serving(registry=gated) as client, Caller(client).calling() as caller:
        caller.reads.clear()
        for number in range(1000):
            caller.send({"text": f"line {number}"})
        await asyncio.sleep(0.5)
        assert caller.sent.qsize() > 800
        caller.reads.set()
        caller.send(more=False)
        results = await caller.results_when(1000)
    assert [result["index"] for result in results] == list(range(1000))


async def test_a_fast_sender_waits_for_analysis(serving: Serving, gated: Registry, engine: GatedEngine) -> None:
    """The window is bounded in characters too; a line that is larger than the bound passes alone."""
    async with serving(registry=gated) as client, Caller(client).calling() as caller:
        for _ in range(50):
            caller.send({"text": "x" * 10_000})
        await asyncio.to_thread(engine.entered.wait, 10)
        await asyncio.sleep(0.1)
        assert caller.sent.qsize() >= 47
        engine.gate.set()
        caller.send({"text": "y" * 90_000}, more=False)
        assert {result["status"] for result in await caller.results_when(51)} == {"ok"}


async def test_a_line_has_a_deadline_of_its_own(serving: Serving, gated: Registry, engine: GatedEngine) -> None:
    """A line whose deadline passes while it waits is not analysed, and the stream goes on."""
    async with serving(registry=gated) as client:
        async with Caller(client).calling(((b"x-request-timeout-ms", b"50"),)) as caller:
            caller.send({"text": "running"})
            await asyncio.to_thread(engine.entered.wait, 10)
            caller.send({"text": "waiting"})
            results = await caller.results_when(2)
            assert {result["error"]["code"] for result in results} == {"deadline_exceeded"}
            engine.gate.set()
            await asyncio.sleep(0.1)
            caller.send({"text": "next"})
            assert (await caller.results_when(3))[2]["status"] == "ok"
        assert ["waiting"] not in engine.batches


async def test_too_many_streams_are_refused(serving: Serving, gated: Registry, engine: GatedEngine) -> None:
    """A stream over the limit is refused as overload, with a `Retry-After`."""
    path = "/v1/stream?features=entities"
    engine.gate.set()
    async with serving(registry=gated, max_streams=1) as client, Caller(client).calling() as caller:
        caller.send({"text": "a"})
        await caller.results_when(1)
        refused = await client.post(path, content=b"", headers=JSON_LINES)
        assert refused.status_code == 503
        assert refused.json()["code"] == "overloaded"
        assert int(refused.headers["Retry-After"]) >= 1


async def test_a_shutdown_finishes_the_lines_accepted(serving: Serving, gated: Registry, engine: GatedEngine) -> None:
    """A last record says from which line on the lines were not accepted."""
    async with serving(registry=gated) as client, Caller(client).calling() as caller:
        caller.send({"text": "one"}, {"text": "two"})
        await asyncio.to_thread(engine.entered.wait, 10)
        drain = asyncio.create_task(caller.app.state.runtime.drain())
        await asyncio.sleep(0.05)
        caller.send({"text": "too late"})
        engine.gate.set()
        assert await drain
        results = await caller.results_when(3)
        assert [result["status"] for result in results] == ["ok", "ok", "error"]
        assert results[2]["index"] == 2
        assert results[2]["error"]["code"] == "shutting_down"
        refused = await client.post("/v1/stream", content=b"", headers=JSON_LINES)
        assert refused.status_code == 503
        caller.send(more=False)
        await until(lambda: caller.ended)


async def test_a_stream_that_says_nothing_for_long_is_ended(serving: Serving, gated: Registry) -> None:
    """A caller who sends nothing for too long does not keep its place among the streams."""
    patience = {"max_timeout_ms": 100, "default_timeout_ms": 100}
    async with serving(registry=gated, **patience) as client, Caller(client).calling() as caller:
        (result,) = await caller.results_when(1)
    assert (result["index"], result["error"]["code"]) == (0, "deadline_exceeded")


async def test_a_caller_who_reads_nothing_for_long_is_given_up(
    serving: Serving, gated: Registry, engine: GatedEngine
) -> None:
    """A caller who reads nothing for too long does not keep its place among the streams."""
    engine.gate.set()
    patience = {"max_timeout_ms": 100, "default_timeout_ms": 100}
    async with serving(registry=gated, **patience) as client, Caller(client).calling() as caller:
        await asyncio.sleep(0.01)
        caller.reads.clear()
        caller.send({"text": "a"})
        await until(lambda: caller.task is not None and caller.task.done())
        assert not caller.app.state.runtime.streams


async def test_requests_and_streams_take_turns(serving: Serving, gated: Registry, engine: GatedEngine) -> None:
    """A request does not wait for all lines that a stream has sent, nor the stream for all requests."""
    async with serving(registry=gated, micro_batch_characters=200) as client, Caller(client).calling() as caller:
        caller.send(*({"text": "s" * 100} for _ in range(10)))
        await asyncio.to_thread(engine.entered.wait, 10)
        requests = [asyncio.create_task(client.post("/v1/entities", json={"text": "r" * 100})) for _ in range(4)]
        await asyncio.sleep(0.1)
        engine.gate.set()
        assert {answer.status_code for answer in await asyncio.gather(*requests)} == {200}
        await caller.results_when(10)
    order = [batch[0][0] for batch in engine.batches]
    assert order[:8] == ["s", "r", "s", "r", "s", "r", "s", "r"]
