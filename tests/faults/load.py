"""Callers who send requests one after the other, each over a connection that it keeps, and note what comes of them."""

import http.client
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import orjson


@dataclass
class Load:
    """What the callers have met. An outcome is a status, or the name of the exception in place of an answer."""

    outcomes: list[tuple[float, int | str]] = field(default_factory=list)
    """When each request ended, by the monotonic clock, and how."""
    stopping: threading.Event = field(default_factory=threading.Event)

    def counts(self, since: float = 0) -> Counter[int | str]:
        """Count the outcomes of the requests that ended after a moment."""
        return Counter(outcome for ended, outcome in tuple(self.outcomes) if ended > since)

    def wait_for(self, answers: int, status: int = 200, seconds: float = 60) -> None:
        """Wait until there were so many more answers of a status."""
        since, deadline = time.monotonic(), time.monotonic() + seconds
        while self.counts(since)[status] < answers:
            assert time.monotonic() < deadline, f"too few answers: {self.counts(since)}"
            time.sleep(0.02)


@contextmanager
def load(url: str, callers: int, text: str = "Tim Cook loved Paris.", pause: float = 0.0) -> Iterator[Load]:
    """Have so many callers send `text` to `/v1/entities` until the block ends, and then until their last answers."""
    found = Load()
    threads = [threading.Thread(target=_call, args=(url, text, pause, found), daemon=True) for _ in range(callers)]
    for thread in threads:
        thread.start()
    try:
        yield found
    finally:
        found.stopping.set()
        for thread in threads:
            thread.join(60)


def _call(url: str, text: str, pause: float, load: Load) -> None:
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=60)
    body, headers = orjson.dumps({"text": text}), {"Content-Type": "application/json"}
    while not load.stopping.wait(pause):
        outcome: int | str
        try:
            connection.request("POST", "/v1/entities", body, headers)
            answer = connection.getresponse()
            answer.read()
            outcome = answer.status
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            outcome = type(error).__name__
        load.outcomes.append((time.monotonic(), outcome))
        if outcome == "ConnectionRefusedError":
            time.sleep(0.05)
    connection.close()
