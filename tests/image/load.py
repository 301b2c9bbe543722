"""Load from several threads that send requests without a pause and keep every answer, until they are stopped."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

SENTENCE = "Angela Merkel met Tim Cook in Paris on Monday, and everybody was very happy about it. "


@dataclass(frozen=True)
class Answer:
    """The time at which a request was sent, and its status and a refusal's text, or the client's error."""

    sent: float
    status: int | None
    error: str = ""


@dataclass
class Load:
    """The answers so far."""

    answers: list[Answer] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)

    def stop(self) -> None:
        """Send nothing more."""
        self._over.set()

    def wait_for(self, status: int, answers: int = 1, seconds: float = 90) -> None:
        """Wait for so many more answers with this status."""
        deadline = time.monotonic() + seconds
        before = self.count(status)
        while self.count(status) < before + answers:
            assert time.monotonic() < deadline, f"only {self.count(status) - before} of {answers} answers came"
            time.sleep(0.02)

    def count(self, status: int) -> int:
        """Count the answers with this status."""
        return sum(answer.status == status for answer in self.answers)

    def run(self, url: str, body: Callable[[int], Any], number: int) -> None:
        """Send one thread's requests, each on a connection of its own, until stopped or until nobody listens."""
        count = number
        while not self._over.is_set():
            sent = time.monotonic()
            try:
                answer = httpx.post(url, json=body(count), timeout=120, verify=False)
                self.answers.append(Answer(sent, answer.status_code, "" if answer.is_success else answer.text))
                if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
                    self._over.wait(0.2)  # refusals are so fast that there would be thousands a second
            except httpx.ConnectError:
                self.answers.append(Answer(sent, None, "ConnectError"))
                return
            except httpx.TransportError as error:
                self.answers.append(Answer(sent, None, type(error).__name__))
            count += 100


@contextmanager
def load(url: str, body: Callable[[int], Any], threads: int = 4) -> Iterator[Load]:
    """Post `body(number)` to the URL from `threads` threads during the block, and wait for all answers at its end."""
    running = Load()
    with ThreadPoolExecutor(threads) as pool:
        callers = [pool.submit(running.run, url, body, number) for number in range(threads)]
        try:
            yield running
        finally:
            running.stop()
    for caller in callers:
        caller.result()
