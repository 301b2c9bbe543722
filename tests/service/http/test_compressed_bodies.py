"""Compressed bodies: answered as plain ones are, under the same limits."""

import asyncio
import gzip
import threading
import tracemalloc
from collections.abc import Callable
from typing import Any

import httpx
import orjson
import pytest
from backports import zstd

from spanwise.service.http import unpacking
from tests.support.bad_requests import ENDPOINTS, JSON
from tests.support.serving import Serving

pytestmark = pytest.mark.anyio

PACK: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "GZIP": gzip.compress, "zstd": zstd.compress}
each_coding = pytest.mark.parametrize("coding", PACK)


def body_of(path: str, text: str) -> bytes:
    """Return a request for the path."""
    return orjson.dumps({"documents": [{"text": text}]} if path == "/v1/batch" else {"text": text})


async def send(client: httpx.AsyncClient, path: str, body: bytes, coding: str) -> httpx.Response:
    """Send a body as it is, declared as compressed."""
    return await client.post(path, content=body, headers=JSON | {"Content-Encoding": coding})


@each_coding
@pytest.mark.parametrize("path", ENDPOINTS)
async def test_a_compressed_body_is_answered_as_a_plain_one(client: httpx.AsyncClient, path: str, coding: str) -> None:
    """Short bodies and long ones, with a byte order mark as well."""
    for text in ("Ada Lovelace lived in London.", "Ada Lovelace lived in London. " * 2_200):
        body = body_of(path, text)
        plain = await client.post(path, content=body, headers=JSON)
        assert plain.status_code == 200
        packed = await send(client, path, PACK[coding](b"\xef\xbb\xbf" + body), coding)
        assert packed.status_code == 200
        assert packed.json() == plain.json()


@each_coding
async def test_the_limit_holds_for_what_comes_out(serving: Serving, coding: str) -> None:
    """A body of the very limit is served; one byte more is a 413 that says what was counted."""
    async with serving(max_body_bytes=20_000) as client:
        body = body_of("/v1/entities", "a" * 100)
        exact = body + b" " * (20_000 - len(body))
        assert (await send(client, "/v1/entities", PACK[coding](exact), coding)).status_code == 200
        answer = await send(client, "/v1/entities", PACK[coding](exact + b" "), coding)
        assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
        assert answer.json()["detail"] == "The body unpacks to more than 20000 bytes."
        incompressible = b"".join(str(number).encode() for number in range(20_000))
        assert (await client.post("/v1/entities", content=incompressible, headers=JSON)).status_code == 413


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
async def test_a_bomb_is_refused_before_it_goes_off(client: httpx.AsyncClient, coding: str) -> None:
    """A gigabyte in a few kilobytes is a 413 that took no more memory than the limit on bodies and a little."""
    zeros = b"\0" * (1 << 20)
    if coding == "gzip":
        packed = gzip.compress(zeros) * 1024  # a gigabyte in members of a megabyte
    else:
        packer = zstd.ZstdCompressor()
        packed = b"".join(packer.compress(zeros) for _ in range(1024)) + packer.flush()
    await send(client, "/v1/entities", PACK[coding](b'{"text": "Ada"}'), coding)  # the library is loaded
    tracemalloc.start()
    try:
        answer = await send(client, "/v1/entities", packed, coding)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    assert peak < 4 * (1 << 20) * 3


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
async def test_a_body_that_is_not_what_it_says_is_a_400(client: httpx.AsyncClient, coding: str) -> None:
    """The detail names the coding; the code is that of every body that cannot be read."""
    packed = PACK[coding](body_of("/v1/entities", "Ada Lovelace lived in London."))
    for broken in (body_of("/v1/entities", "Ada"), packed[:-3], packed + b"!!!!", b""):
        answer = await send(client, "/v1/entities", broken, coding)
        assert (answer.status_code, answer.json()["code"]) == (400, "malformed_json")
        assert answer.json()["detail"] == f"The body is not {coding} as its Content-Encoding says, or ends too early."
    answer = await send(client, "/v1/entities", PACK[coding](b'{"text"'), coding)
    assert answer.json()["detail"] == "The body is not JSON at character 7."


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
async def test_large_bodies_are_unpacked_beside_the_event_loop(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, coding: str
) -> None:
    """A short one is not worth a thread; one that unpacks to more than 64 KiB is, however short it is itself."""
    inner, threads = unpacking._unpack, []

    def noting(*arguments: Any) -> bytes | None:
        found = inner(*arguments)
        threads.append((threading.current_thread() is threading.main_thread(), found is not None))
        return found

    monkeypatch.setattr(unpacking, "_unpack", noting)
    await send(client, "/v1/entities", PACK[coding](body_of("/v1/entities", "Ada")), coding)
    assert threads == [(True, True)]
    threads.clear()
    await send(client, "/v1/entities", PACK[coding](body_of("/v1/entities", "Ada " * 20_000)), coding)
    assert threads == [(True, False), (False, True)]


async def test_probes_are_answered_while_bodies_are_unpacked(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The event loop turns while a body is unpacked."""
    go_on, inner = threading.Event(), unpacking._unpack

    def slow(*arguments: Any) -> bytes | None:
        if threading.current_thread() is not threading.main_thread():
            assert go_on.wait(60)
        return inner(*arguments)

    monkeypatch.setattr(unpacking, "_unpack", slow)
    body = gzip.compress(body_of("/v1/entities", "Ada " * 20_000))
    waiting = asyncio.create_task(send(client, "/v1/entities", body, "gzip"))
    assert (await client.get("/livez")).status_code == 200
    assert not waiting.done()
    go_on.set()
    assert (await waiting).status_code == 200
