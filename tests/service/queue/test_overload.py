"""The answers when there is too much work, too little time, or a failure inside."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from spanwise.pipelines import Analyzer, Registry
from spanwise.service.app import create_app
from spanwise.service.settings import Settings
from tests.support.fakes import FailingEngine, GatedEngine, with_engine
from tests.support.serving import Serving

pytestmark = pytest.mark.anyio


async def post(client: httpx.AsyncClient, text: str, **headers: str) -> httpx.Response:
    """Send one text to `/v1/entities`."""
    return await client.post("/v1/entities", json={"text": text}, headers=headers)


async def test_overload_is_answered_with_a_retry_after(serving: Serving, gated: Registry, engine: GatedEngine) -> None:
    """A full queue refuses at once, while the probes go on answering."""
    limits = {"max_queued_characters": 10, "max_text_characters": 10, "max_batch_characters": 10}
    async with serving(registry=gated, **limits) as client:
        busy = asyncio.create_task(post(client, "busy"))
        await asyncio.to_thread(engine.entered.wait, 10)
        queued = asyncio.create_task(post(client, "x" * 10))
        await asyncio.sleep(0.05)
        refused = await post(client, "y")
        assert refused.status_code == 503
        assert refused.json()["code"] == "overloaded"
        assert int(refused.headers["Retry-After"]) >= 1
        assert (await client.get("/livez")).status_code == 200
        assert (await client.get("/readyz")).status_code == 200
        engine.gate.set()
        assert [answer.status_code for answer in await asyncio.gather(busy, queued)] == [200, 200]


async def test_a_full_queue_refuses_before_it_reads(serving: Serving, gated: Registry, engine: GatedEngine) -> None:
    """A small body is not even parsed while nothing more fits: what is no JSON gets its 400 once there is room."""
    limits = {"max_queued_characters": 10, "max_text_characters": 10, "max_batch_characters": 10}
    async with serving(registry=gated, **limits) as client:
        busy = asyncio.create_task(post(client, "busy"))
        await asyncio.to_thread(engine.entered.wait, 10)
        queued = asyncio.create_task(post(client, "x" * 10))
        await asyncio.sleep(0.05)
        broken: Any = {"content": b"{", "headers": {"Content-Type": "application/json"}}
        assert (await client.post("/v1/entities", **broken)).status_code == 503
        engine.gate.set()
        await asyncio.gather(busy, queued)
        assert (await client.post("/v1/entities", **broken)).status_code == 400


async def test_the_queue_knows_api_keys_apart(serving: Serving, gated: Registry, engine: GatedEngine) -> None:
    """Requests of each key wait in a line of their own; two requests of one key share it."""
    async with serving(registry=gated, api_keys="first,second") as client:
        sent = [asyncio.create_task(post(client, key, **{"X-API-Key": key})) for key in ("first", "second", "second")]
        await asyncio.to_thread(engine.entered.wait, 10)
        await asyncio.sleep(0.05)
        app: Any = client.app  # type: ignore[attr-defined]
        assert sorted(one.caller for one in app.state.runtime.batcher._submissions) == [0, 1, 1]
        engine.gate.set()
        assert [answer.status_code for answer in await asyncio.gather(*sent)] == [200, 200, 200]


async def test_a_passed_deadline_is_a_504(serving: Serving, gated: Registry, engine: GatedEngine) -> None:
    """The caller's own deadline or the configured one ends the wait with a 504."""
    async with serving(registry=gated, default_timeout_ms=50) as client:
        assert (await post(client, "slow")).status_code == 504
        late = await post(client, "never started", **{"X-Request-Timeout-Ms": "20"})
        assert late.status_code == 504
        assert late.json()["code"] == "deadline_exceeded"
        engine.gate.set()
        assert (await post(client, "next", **{"X-Request-Timeout-Ms": "10000"})).status_code == 200
        assert ["never started"] not in engine.batches


async def test_a_body_that_trickles_in_counts_against_the_deadline(serving: Serving, gated: Registry) -> None:
    """A body that arrives slowly is refused at the deadline, or at once by a drain."""

    async def trickle() -> AsyncIterator[bytes]:
        yield b'{"text": '
        await asyncio.sleep(30)
        yield b'"never"}'

    headers = {"Content-Type": "application/json", "X-Request-Timeout-Ms": "100"}
    async with serving(registry=gated) as client:
        late = await client.post("/v1/entities", content=trickle(), headers=headers)
        assert late.status_code == 504
        headers["X-Request-Timeout-Ms"] = "20000"
        arriving = asyncio.create_task(client.post("/v1/entities", content=trickle(), headers=headers))
        await asyncio.sleep(0.05)
        app: Any = client.app  # type: ignore[attr-defined]
        assert await app.state.runtime.drain()
        refused = await arriving
        assert refused.status_code == 503
        assert refused.json()["code"] == "shutting_down"


async def test_a_caller_who_hangs_up_costs_nothing_more(serving: Serving, gated: Registry, engine: GatedEngine) -> None:
    """A text whose caller disconnects leaves the queue and is not analysed."""
    async with serving(registry=gated) as client:
        busy = asyncio.create_task(post(client, "busy"))
        await asyncio.to_thread(engine.entered.wait, 10)
        app: Any = client.app  # type: ignore[attr-defined]
        batcher = app.state.runtime.batcher
        left = asyncio.Event()
        messages = iter([{"type": "http.request", "body": b'{"text": "gone"}', "more_body": False}])

        async def receive() -> dict[str, Any]:
            if (message := next(messages, None)) is not None:
                return message
            await left.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            raise AssertionError("nobody is there to be answered")

        scope = {
            "type": "http",
            "method": "POST",
            "path": "/v1/entities",
            "raw_path": b"/v1/entities",
            "query_string": b"",
            "headers": [(b"content-type", b"application/json")],
        }
        request = asyncio.create_task(app(scope, receive, send))
        await asyncio.sleep(0.05)
        assert batcher.queued_characters == 4
        left.set()
        await request
        assert batcher.queued_characters == 0
        engine.gate.set()
        await busy
        assert engine.batches == [["busy"]]


async def test_a_failure_inside_is_a_500_that_reveals_nothing(serving: Serving, english: Analyzer) -> None:
    """A failing text is a 500 by itself, and an error of its document in a batch."""
    failing = Registry({"en": with_engine(english, FailingEngine(lambda text: "bad" in text))})
    async with serving(registry=failing) as client:
        answer = await post(client, "bad")
        assert answer.status_code == 500
        assert answer.json()["code"] == "internal_error"
        assert "bear" not in answer.text
        body = {"documents": [{"text": "ok"}, {"text": "bad", "id": "b"}], "features": ["entities"]}
        batch = await client.post("/v1/batch", json=body)
        assert batch.status_code == 200
        ok, failed = batch.json()["results"]
        assert ok["status"] == "ok"
        assert (failed["id"], failed["error"]["code"]) == ("b", "internal_error")


async def test_a_bug_in_the_service_is_a_500_with_a_request_id(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An exception that no handler knows is a 500 whose text reveals nothing."""

    def broken(*_: object) -> None:
        raise RuntimeError("a bug that quotes Xyzzy7")

    monkeypatch.setattr("spanwise.service.endpoints.analysis.require_analyzer", broken)
    answer = await client.post("/v1/entities", json={"text": "Xyzzy7"}, headers={"X-Request-ID": "bug"})
    assert answer.status_code == 500
    assert answer.json()["code"] == "internal_error"
    assert answer.headers["X-Request-ID"] == "bug"
    assert "Xyzzy7" not in answer.text


async def test_a_stuck_thread_makes_the_instance_unready(
    serving: Serving, gated: Registry, engine: GatedEngine
) -> None:
    """`/readyz` says why; `/livez` stays green, since the event loop turns."""
    async with serving(registry=gated, stall_seconds=0.01) as client:
        assert (await client.get("/readyz")).json() == {"status": "ready"}
        stuck = asyncio.create_task(post(client, "stuck"))
        await asyncio.to_thread(engine.entered.wait, 10)
        await asyncio.sleep(0.05)
        answer = await client.get("/readyz")
        assert answer.status_code == 503
        assert answer.json()["code"] == "not_ready"
        assert "NLP threads" in answer.json()["detail"]
        assert (await client.get("/livez")).json() == {"status": "alive"}
        engine.gate.set()
        await stuck
        assert (await client.get("/readyz")).status_code == 200


async def test_an_instance_that_drains_says_so(serving: Serving, gated: Registry, engine: GatedEngine) -> None:
    """`/readyz` and new work get a 503, and accepted work gets its 200."""
    async with serving(registry=gated) as client:
        accepted = asyncio.create_task(post(client, "accepted"))
        await asyncio.to_thread(engine.entered.wait, 10)
        app: Any = client.app  # type: ignore[attr-defined]
        drain = asyncio.create_task(app.state.runtime.batcher.drain(10))
        await asyncio.sleep(0.01)
        for refused in (await client.get("/readyz"), await post(client, "new")):
            assert refused.status_code == 503
            assert refused.json()["code"] == "shutting_down"
        assert (await client.get("/livez")).status_code == 200
        engine.gate.set()
        assert (await accepted).status_code == 200
        assert await drain


async def test_an_instance_that_has_not_loaded_is_not_ready() -> None:
    """A probe before the pipelines are loaded gets a 503."""
    transport = httpx.ASGITransport(create_app(Settings()))
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
        answer = await client.get("/readyz")
        assert answer.status_code == 503
        assert answer.json()["code"] == "not_ready"
