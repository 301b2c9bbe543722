"""The callers of a soak: every endpoint, good and bad input, hostile texts, streams, and callers who hang up.

Each kind of call knows which statuses it may get. What else comes back is noted as unexpected.
"""

import asyncio
import random
import string
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from time import perf_counter

import httpx
import orjson

_JSON = {"Content-Type": "application/json"}
_LINES = {"Content-Type": "application/jsonl"}
_HOSTILE = ("!", "(", "a:b@", "🎉", "\u0301", "Paris ", "http://", ":)", "\u3000", "n't", "x" * 50, "1,000.00 ", "é'")
_BUSY = 503
_EVERYTHING = ["entities", "sentiment", "entity_sentiment", "sentences"]


@dataclass
class Outcomes:
    """What came of the calls since it was last taken: counts by kind and status, and times of good answers."""

    counts: Counter[tuple[str, int | str]] = field(default_factory=Counter)
    unexpected: Counter[tuple[str, int | str]] = field(default_factory=Counter)
    milliseconds: list[float] = field(default_factory=list)

    def take_milliseconds(self) -> list[float]:
        """Return the times since the last call of this method, sorted."""
        taken, self.milliseconds = sorted(self.milliseconds), []
        return taken


class Callers:
    """Callers of one service. Each calls, waits for the answer, and calls again in another way."""

    def __init__(self, url: str, seed: int) -> None:
        self.outcomes = Outcomes()
        self._url = url
        self._chance = random.Random(seed)
        self._kinds: dict[str, tuple[int, Callable[[httpx.AsyncClient], Awaitable[int]], frozenset[int]]] = {
            "entities": (20, self._entities, frozenset({200})),
            "sentiment": (10, self._sentiment, frozenset({200})),
            "analyze": (15, self._analyze, frozenset({200})),
            "batch": (5, self._batch, frozenset({200})),
            "stream": (3, self._stream, frozenset({200})),
            "hostile": (3, self._hostile, frozenset({200})),
            "bad": (15, self._bad, frozenset({400, 404, 405, 413, 415, 422})),
            "system": (10, self._system, frozenset({200})),
            "deadline": (2, self._deadline, frozenset({200, 504})),
            "hang up": (5, self._hang_up, frozenset({0})),
        }

    async def run(self, callers: int, seconds: float) -> None:
        """Call for so many seconds."""
        async with asyncio.timeout(seconds + 120):
            await asyncio.gather(*(self._call(perf_counter() + seconds) for _ in range(callers)))

    async def _call(self, until: float) -> None:
        names = list(self._kinds)
        weights = [weight for weight, *_ in self._kinds.values()]
        async with httpx.AsyncClient(base_url=self._url, timeout=60, trust_env=False, verify=False) as client:
            while (started := perf_counter()) < until:
                (name,) = self._chance.choices(names, weights)
                _, call, expected = self._kinds[name]
                outcome: int | str
                try:
                    outcome = await call(client)
                except httpx.TransportError as error:
                    outcome = type(error).__name__
                self.outcomes.counts[name, outcome] += 1
                if outcome not in expected and outcome != _BUSY:
                    self.outcomes.unexpected[name, outcome] += 1
                if outcome == httpx.codes.OK:
                    self.outcomes.milliseconds.append((perf_counter() - started) * 1000)
                if outcome == _BUSY:
                    await asyncio.sleep(1)

    def _text(self, words: int = 0) -> str:
        """Return a text of words that nobody has seen before, between a few known ones."""
        count = words or self._chance.choice([1, 5, 20, 20, 60])
        new = ("".join(self._chance.choices(string.ascii_lowercase, k=8)).capitalize() for _ in range(count))
        return "Tim Cook loved Paris, but not " + " and ".join(new) + ". It was awful!"

    async def _post(self, client: httpx.AsyncClient, path: str, body: object) -> int:
        return (await client.post(path, content=orjson.dumps(body), headers=_JSON)).status_code

    async def _entities(self, client: httpx.AsyncClient) -> int:
        return await self._post(client, "/v1/entities", {"text": self._text(), "offset_encoding": "utf16"})

    async def _sentiment(self, client: httpx.AsyncClient) -> int:
        return await self._post(client, "/v1/sentiment", {"text": self._text()})

    async def _analyze(self, client: httpx.AsyncClient) -> int:
        return await self._post(client, "/v1/analyze", {"text": self._text(), "features": _EVERYTHING})

    async def _batch(self, client: httpx.AsyncClient) -> int:
        documents: list[object] = [{"text": self._text(), "id": str(i)} for i in range(self._chance.randint(1, 16))]
        return await self._post(client, "/v1/batch", {"documents": [*documents, {"text": ""}, 5]})

    async def _stream(self, client: httpx.AsyncClient) -> int:
        lines = [orjson.dumps({"text": self._text(5)}) for _ in range(20)]
        lines[3] = b"{this is no JSON"
        answer = await client.post("/v1/stream", content=b"\n".join(lines), headers=_LINES)
        return answer.status_code if len(answer.content.splitlines()) == len(lines) else -1

    async def _hostile(self, client: httpx.AsyncClient) -> int:
        piece = self._chance.choice(_HOSTILE)
        return await self._post(client, "/v1/entities", {"text": (piece * 2000)[: self._chance.choice([100, 2000])]})

    async def _bad(self, client: httpx.AsyncClient) -> int:
        word = self._text(1)
        method, path, content, headers = self._chance.choice(
            [
                ("POST", "/v1/entities", b'{"text": "half', _JSON),
                ("POST", "/v1/analyze", orjson.dumps({"text": 5, word: word}), _JSON),
                ("POST", "/v1/entities", b"text", _LINES),
                ("POST", "/v1/entities", orjson.dumps({"text": "x" * 200_000}), _JSON),
                ("POST", "/v1/batch", b"x" * 4_200_000, _JSON),
                ("GET", f"/{word}", b"", {}),
                ("DELETE", "/v1/entities", b"", {}),
            ]
        )
        return (await client.request(method, path, content=content, headers=headers)).status_code

    async def _system(self, client: httpx.AsyncClient) -> int:
        paths = ["/livez", "/readyz", "/metrics", "/v1/pipelines", "/openapi.json", "/docs"]
        return (await client.get(self._chance.choice(paths))).status_code

    async def _deadline(self, client: httpx.AsyncClient) -> int:
        headers = {**_JSON, "X-Request-Timeout-Ms": "1"}
        return (await client.post("/v1/entities", json={"text": self._text(200)}, headers=headers)).status_code

    async def _hang_up(self, _client: httpx.AsyncClient) -> int:
        """Send a request or half of one, over a connection of its own, and close it without reading. Return 0."""
        address, body = httpx.URL(self._url), orjson.dumps({"text": self._text(100)})
        path, media_type = self._chance.choice(
            [("/v1/entities", "application/json"), ("/v1/stream", "application/jsonl")]
        )
        head = f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Type: {media_type}\r\nContent-Length: {len(body)}\r\n\r\n"
        _, writer = await asyncio.open_connection(address.host, address.port)
        writer.write(head.encode() + body[: self._chance.choice([0, 20, len(body)])])
        with suppress(OSError):
            await writer.drain()
        if self._chance.random() < 0.5:
            writer.transport.abort()
        else:
            writer.close()
        return 0
