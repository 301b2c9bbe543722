"""Traffic that touches every metric: texts, batches, streams, mistakes, refusals, deadlines, hang-ups and API keys."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import httpx

KEYS = ("reader", "batcher", "flooder")
SETTINGS = {"api_keys": ",".join(KEYS), "rate_limit_per_minute": "300", "workers": "2"}

_TEXT = "Tim Cook loved Paris, but the new phone of Apple disappointed Angela Merkel. "


def one_round(client: httpx.Client, number: int) -> None:
    """Send some requests of every kind."""
    reader, batcher, flooder = ({"X-API-Key": key} for key in KEYS)
    for text in (_TEXT, f"Word{number} in London.", _TEXT * 5):
        client.post("/v1/analyze", json={"text": text}, headers=reader)
    client.post("/v1/sentiment", json={"text": _TEXT}, headers=reader)
    documents = [{"text": _TEXT * (1 + i % 20)} for i in range(60)]
    client.post("/v1/batch", json={"documents": documents}, headers=batcher)
    lines = b"".join(b'{"text": "Paris is nice."}\n' for _ in range(20))
    client.post("/v1/stream", content=lines, headers={**batcher, "Content-Type": "application/jsonl"})
    client.post("/v1/batch", json={"documents": documents}, headers={**batcher, "X-Request-Timeout-Ms": "1"})
    with suppress(httpx.TimeoutException):  # this caller hangs up while its texts wait or are analysed
        client.post("/v1/batch", json={"documents": documents * 2}, headers=batcher, timeout=0.05)
    client.post("/v1/entities", content=b"{", headers={**reader, "Content-Type": "application/json"})
    client.post("/v1/entities", json={"text": _TEXT}, headers={"X-API-Key": "unknown"})
    for _ in range(40):
        client.get("/v1/pipelines", headers=flooder)
    for path in ("/docs", "/openapi.json", "/livez", "/readyz", "/nowhere"):
        client.get(path)


@contextmanager
def traffic(url: str, callers: int = 2, pause: float = 0.2) -> Iterator[None]:
    """Send rounds of requests within the block, by so many callers, each with a pause between its rounds."""
    over = threading.Event()
    failures: list[BaseException] = []

    def send() -> None:
        number = 0
        try:
            while not over.is_set():
                with httpx.Client(base_url=url, timeout=60) as client:
                    one_round(client, number)
                number += 1
                over.wait(pause)
        except BaseException as error:  # noqa: BLE001 - raised in the block's own thread
            failures.append(error)

    threads = [threading.Thread(target=send, daemon=True) for _ in range(callers)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join(60)
    if failures:
        raise failures[0]
