"""Compressed streams: unpacked as they arrive, and ended where nothing but emptiness comes out of them."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import orjson
import pytest
from backports import zstd

from tests.support.serving import Serving

pytestmark = pytest.mark.anyio

PACK: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "zstd": zstd.compress}
each_coding = pytest.mark.parametrize("coding", PACK)


def lines(count: int) -> bytes:
    """Return documents, a line each."""
    texts = (f"Ada Lovelace lived in London {number}." for number in range(count))
    return b"".join(orjson.dumps({"text": text, "id": str(number)}) + b"\n" for number, text in enumerate(texts))


async def stream(client: httpx.AsyncClient, body: Any, coding: str, **headers: str) -> list[Any]:
    """Send a stream and return its results."""
    sent = {"Content-Type": "application/jsonl", "Content-Encoding": coding, **headers}
    answer = await client.post("/v1/stream?features=entities", content=body, headers=sent)
    assert answer.status_code == 200
    assert "content-encoding" not in answer.headers
    return [orjson.loads(line) for line in answer.content.splitlines()]


@each_coding
async def test_a_compressed_stream_is_answered_line_by_line(client: httpx.AsyncClient, coding: str) -> None:
    """All lines have their results, the first one behind a byte order mark, the last one without a line feed."""
    body = b"\xef\xbb\xbf" + lines(300)[:-1]
    found = await stream(client, PACK[coding](body), coding, **{"Accept-Encoding": "gzip, zstd"})
    assert [one["id"] for one in found] == [str(number) for number in range(300)]
    assert all(one["status"] == "ok" for one in found)


@each_coding
async def test_results_come_while_the_caller_still_sends(client: httpx.AsyncClient, coding: str) -> None:
    """What has been unpacked is answered before the rest arrives, wherever the bytes are cut."""
    first = PACK[coding](lines(2))
    second = PACK[coding](lines(3)[len(lines(2)) :])

    async def body() -> AsyncIterator[bytes]:
        for part in (first[:10], first[10:], second):
            yield part
            await asyncio.sleep(0)

    assert [one["index"] for one in await stream(client, body(), coding)] == [0, 1, 2]


@each_coding
async def test_lines_over_the_limit_get_their_errors(serving: Serving, coding: str) -> None:
    """One line that is too long costs its own result and no other."""
    async with serving(max_stream_line_bytes=1024) as client:
        body = lines(1) + b'{"text": "' + b"ab" * 600 + b'"}\n' + lines(1)
        codes = [one.get("error", {}).get("code") for one in await stream(client, PACK[coding](body), coding)]
        assert codes == [None, "line_too_long", None]


@each_coding
@pytest.mark.parametrize("filling", [b"\0", b"\n", b" \n"], ids=["zeros", "line feeds", "blank lines"])
async def test_a_bomb_ends_the_stream(serving: Serving, coding: str, filling: bytes) -> None:
    """Nothing, a thousand times over, is not unpacked to its end, and a last record behind the results says why."""
    async with serving(max_stream_line_bytes=1024) as client:
        bomb = PACK[coding](lines(2)) + PACK[coding](filling * 500_000) * 100
        found = await stream(client, bomb, coding)
        assert [one["status"] for one in found[:2]] == ["ok", "ok"]
        assert found[-1]["error"]["code"] == "body_too_large"
        assert "unpacks to too much" in found[-1]["error"]["detail"]
        assert len(found) <= 4


@each_coding
async def test_repetitive_documents_are_no_bomb(client: httpx.AsyncClient, coding: str) -> None:
    """The same short line many times shrinks fiftyfold and more, and is still answered."""
    body = b'{"text":"Ada"}\n' * 1_000
    assert len(PACK[coding](body)) < len(body) / 50
    found = await stream(client, PACK[coding](body), coding)
    assert [one["status"] for one in found] == ["ok"] * 1_000


@each_coding
async def test_a_stream_that_breaks_ends_with_a_record(client: httpx.AsyncClient, coding: str) -> None:
    """Cut off or spoilt: what came before is answered, and half a line at the end is not taken for a whole one."""
    packed = PACK[coding](lines(50))
    for broken in (packed[:-5], packed + b"!" * 30, lines(2)):
        found = await stream(client, broken, coding)
        assert found[-1]["status"] == "error"
        assert found[-1]["error"]["code"] == "malformed_json"
        assert "cannot be unpacked" in found[-1]["error"]["detail"]
        assert found[-1]["index"] == len(found) - 1
        assert all(one["status"] == "ok" for one in found[:-1])
