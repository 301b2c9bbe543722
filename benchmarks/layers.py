"""What each layer of a request costs the event loop, in one process without a network.

    python -m benchmarks.parts

calls this first. A figure is the CPU time of the best of five rounds, so it holds while other programs run; the sum of
the layers is less than what `make bench` shows, which has the kernel's share and what threads take from each other.
"""

import logging
import os
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

import orjson
import structlog
from starlette.types import Message, Scope

from spanwise.pipelines import Registry
from spanwise.pipelines.annotations import Annotations, Layers
from spanwise.pipelines.entities.engine import EngineName
from spanwise.schemas import EntitiesRequest
from spanwise.service.app import Application, create_app
from spanwise.service.http.bodies import parse_json, validate
from spanwise.service.http.exchange import Exchange
from spanwise.service.http.request_reader import RequestReader
from spanwise.service.http.responses import JSONResponse
from spanwise.service.loading import load_registry
from spanwise.service.settings import Settings
from spanwise.service.telemetry.access_log import json_line, timestamp
from spanwise.service.telemetry.logging import configure_logging, configured_access_log

_TIMES, _ROUNDS = 2_000, 5
_TEXT = "Apple is looking at buying U.K. startup for $1 billion, said Tim Cook in Paris on Monday morning."
_BODY = orjson.dumps({"text": _TEXT})
_HEAD = (
    b"POST /v1/entities HTTP/1.1\r\nHost: localhost:8000\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\nAccept: */*\r\nUser-Agent: benchmark\r\n\r\n" % len(_BODY)
)
_ACCESS = {"request_id": "0" * 32, "method": "POST", "route": "/v1/entities", "status": 200, "ms": 1.234}


class _Nobody:
    """Takes what the reader, the exchange and the transport hand on, and does nothing with it."""

    writing_paused = False
    default_headers: tuple[tuple[bytes, bytes], ...] = ()

    def __init__(self) -> None:
        self.transport = self

    def __getattr__(self, _: str) -> Callable[..., Any]:
        return lambda *_: None


_reader = RequestReader(_Nobody())


async def layers() -> None:
    """Print the microseconds of each layer."""
    settings = Settings()
    registry = load_registry(settings)
    _row("read a request's bytes", _best(_read))
    _row("parse and validate its body", _best(lambda: validate(EntitiesRequest, parse_json(_BODY), settings.limits)))
    await _answers()
    _log_lines()
    logging.getLogger().setLevel(logging.CRITICAL)
    await _ways(settings, registry)


def _read() -> None:
    _reader.take(_reader.take(_HEAD + _BODY))


async def _answers() -> None:
    """Print what it costs to write an answer."""

    async def answer() -> None:
        scope: Scope = {"method": "POST", "http_version": "1.1"}
        exchange = Exchange(_Nobody(), scope, keep_alive=True, expects_continue=False)  # type: ignore[arg-type]
        await JSONResponse(_BODY, headers={"Server-Timing": "queue;dur=0.1"})(scope, exchange.receive, exchange.send)

    _row("write its answer", await _best_async(answer))


def _log_lines() -> None:
    """Print what a line of the access log costs the loop and the writer, and what structlog's chain would."""
    descriptor = os.open(os.devnull, os.O_WRONLY)
    writer = configure_logging("info", "json", 10_000_000, descriptor)
    log, structlogs = configured_access_log(), structlog.get_logger("benchmark")
    _row("log it, on the loop", _best(lambda: log.request(_ACCESS)))
    _row("  its line, on the writer's thread", _best(lambda: json_line({"timestamp": timestamp(1.5), **_ACCESS})))
    _row("  by structlog's chain, on the loop", _best(lambda: structlogs.info("request", **_ACCESS)))
    writer.close()
    os.close(descriptor)


async def _ways(settings: Settings, registry: Registry) -> None:
    """Print what the application takes of a request, in front of FastAPI's stack and through it.

    The text's analysis takes no time, on an NLP thread; what the loop spends on the way there and back is counted.
    """
    analyzer = replace(registry.default, engine=_NoEngine(), detector=None)
    app = create_app(settings, Registry({analyzer.language: analyzer}))
    calls = {
        "serve a probe, from scope to answer": lambda: _ask(app, "GET", "/livez", b""),
        "serve a text, from scope to answer": lambda: _ask(app, "POST", "/v1/entities", _BODY),
    }
    async with app.router.lifespan_context(app):
        short = [await _best_async(call) for call in calls.values()]
        front: Any = app.front
        while not hasattr(front, "_table"):
            front = front._app  # noqa: SLF001 - whatever middleware is configured
        front._table.clear()  # noqa: SLF001
        long = [await _best_async(call) for call in calls.values()]
    for what, one, other in zip(calls, short, long, strict=True):
        _row(what, one)
        _row("  the same through FastAPI's stack", other)


class _NoEngine:
    """Finds nothing at once."""

    name: EngineName = "compiled"
    calibrations = None

    def annotate(self, texts: Sequence[str], _: Sequence[Layers]) -> list[Annotations]:
        """Return empty annotations."""
        return [Annotations([], []) for _ in texts]


async def _ask(app: Application, method: str, path: str, body: bytes) -> None:
    """Have the application serve one request, as a server that knows ASGI alone would."""

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(_: Message) -> None:
        pass

    headers = [(b"content-type", b"application/json"), (b"host", b"localhost")]
    scope: Scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "http",
        "root_path": "",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": headers,
    }
    exchange = Exchange(_Nobody(), scope, keep_alive=True, expects_continue=False)  # type: ignore[arg-type]
    exchange.feed(body)
    exchange.end()
    await app(scope, receive, send)


def _best(call: Callable[[], object]) -> float:
    found = []
    for _ in range(_ROUNDS):
        started = time.thread_time()
        for _ in range(_TIMES):
            call()
        found.append((time.thread_time() - started) / _TIMES)
    return min(found) * 1e6


async def _best_async(call: Callable[[], Awaitable[object]]) -> float:
    found = []
    for _ in range(_ROUNDS):
        started = time.thread_time()
        for _ in range(_TIMES):
            await call()
        found.append((time.thread_time() - started) / _TIMES)
    return min(found) * 1e6


def _row(what: str, microseconds: float) -> None:
    print(f"{what}: {microseconds:.1f} µs")
