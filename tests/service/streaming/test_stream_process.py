"""`POST /v1/stream` over real HTTP: back-pressure, memory, callers who leave, shutdown, and the cost for others."""

import signal
import socket
import statistics
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Self

import httpx
import orjson
import pytest

from tests.support.process import ServiceProcess, environment, service
from tests.support.stream_caller import StreamCaller

pytestmark = pytest.mark.process

MEGABYTE = 1_000_000
TEXT = "Angela Merkel met Tim Cook in Paris on Monday, and everybody was very happy about it. "


def line(text: str, name: str = "") -> bytes:
    """Encode one document as a line."""
    return orjson.dumps({"text": text, "id": name} if name else {"text": text}) + b"\n"


@pytest.fixture(scope="module")
def running() -> Iterator[ServiceProcess]:
    """Yield one process that several tests share."""
    with service(environment()) as process:
        yield process


class Memory:
    """The growth of a process's resident memory within the block, at its peak."""

    def __init__(self, pid: int) -> None:
        self._process = Path(f"/proc/{pid}")
        self._before = 0

    def __enter__(self) -> Self:
        (self._process / "clear_refs").write_text("5")  # the peak is that of from now on
        self._before = self._read("VmRSS")
        return self

    def __exit__(self, *_: object) -> None:
        self.growth_mb = (self._read("VmHWM") - self._before) / MEGABYTE

    def _read(self, name: str) -> int:
        status = (self._process / "status").read_text()
        return int(status.partition(f"{name}:")[2].split()[0]) * 1024


@pytest.mark.smoke
def test_a_caller_who_waits_for_each_result_gets_it(running: ServiceProcess) -> None:
    """The first results arrive before the last line is sent."""
    with StreamCaller.calling(running.url) as caller:
        for number in range(5):
            caller.send(line("Tim Cook left Paris.", f"{number}"))
            result = caller.result()
            assert (result["index"], result["id"]) == (number, f"{number}")
            assert [entity["text"] for entity in result["analysis"]["entities"]] == ["Tim Cook", "Paris"]
        caller.finish()
        assert caller.result() is None


def test_a_caller_who_expects_100_continue_gets_it(running: ServiceProcess) -> None:
    """A caller with `Expect: 100-continue`, such as curl, gets its 100 Continue."""
    host, port = running.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(
            b"POST /v1/stream HTTP/1.1\r\nHost: a\r\nContent-Type: application/jsonl\r\n"
            b"Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n"
        )
        assert connection.recv(10_000).startswith(b"HTTP/1.1 100 Continue\r\n")


def test_a_stream_of_200_megabytes_needs_no_memory(running: ServiceProcess) -> None:
    """A stream sent as fast as possible, mostly white space around texts, grows the process by less than 50 MB."""
    lines = 1020
    body = b'{"text": "Tim Cook"' + b" " * 200_000 + b"}\n"
    with StreamCaller.calling(running.url) as caller:
        caller.send(line(TEXT * 20))
        assert caller.result()["status"] == "ok"
        with Memory(*running.worker_pids()) as memory, ThreadPoolExecutor(1) as pool:
            reading = pool.submit(lambda: [caller.result()["index"] for _ in range(lines)])
            for number in range(lines):
                caller.send(line(TEXT * 20) if number % 50 == 0 else body)
            assert reading.result(120) == list(range(1, lines + 1))
    assert len(body) * lines * 49 // 50 >= 199 * MEGABYTE
    assert memory.growth_mb < 50


def test_a_reader_who_does_not_read_stops_the_intake(running: ServiceProcess) -> None:
    """Sending blocks after some megabytes, and memory stays small; then all results come, in order."""
    body = b"".join(line("", "x" * 128) for _ in range(500))
    sent = 0

    def send_all(caller: StreamCaller) -> None:
        nonlocal sent
        for _ in range(200 * MEGABYTE // len(body)):
            caller.send(body)
            sent += 500
            if stop.is_set():
                break
        caller.finish()

    stop = threading.Event()
    with (
        StreamCaller.calling(running.url, receive_buffer=65_536) as caller,
        Memory(*running.worker_pids()) as memory,
        ThreadPoolExecutor(1) as pool,
    ):
        sending = pool.submit(send_all, caller)
        before, deadline = -1, time.monotonic() + 60
        while before != sent and time.monotonic() < deadline:
            before = sent
            time.sleep(1.5)
        assert before == sent, "it was never stopped"
        stuck_at = sent * len(body) / 500 / MEGABYTE
        assert not sending.done()
        stop.set()
        indexes = [result["index"] for result in caller.results()]
        sending.result(60)
    assert stuck_at < 40
    assert indexes == list(range(sent))
    assert memory.growth_mb < 50


def test_a_line_without_an_end_is_refused_without_being_kept(running: ServiceProcess) -> None:
    """A line of 50 MB is refused with little memory, and the next line is served."""
    with StreamCaller.calling(running.url) as caller, Memory(*running.worker_pids()) as memory:
        caller.send(b'{"text": "')
        for _ in range(50):
            caller.send(b"x" * MEGABYTE)
        caller.send(b'"}\n' + line("Tim Cook"))
        caller.finish()
        too_long, served = caller.results()
    assert too_long["error"]["code"] == "line_too_long"
    assert served["status"] == "ok"
    assert memory.growth_mb < 20


@pytest.mark.parametrize("lines", [5, 20_000])
def test_a_caller_who_leaves_is_noticed(running: ServiceProcess, lines: int) -> None:
    """A caller who leaves is noticed at once, even if most of its lines have not been read; those are not analysed."""
    name = f"leaves-{lines}"
    caller = StreamCaller(running.url, request_id=name)
    caller.socket.setblocking(False)  # as much as fits into the buffers on the way
    with suppress(BlockingIOError):
        for _ in range(lines):
            caller.send(line(TEXT * 3))
    caller.socket.setblocking(True)
    assert caller.result()["index"] == 0
    caller.hang_up()
    (logged,) = running.lines(lambda one: one.get("request_id") == name)
    assert logged["status"] == 499
    assert logged["documents"] < 150


def test_a_signal_finishes_the_lines_accepted_and_says_where_it_stopped() -> None:
    """The last record has the index of the first line that was not accepted; the process exits with 0."""
    with service(environment()) as process, StreamCaller.calling(process.url) as caller:
        stop = threading.Event()
        sent = 0

        def send_on() -> None:
            nonlocal sent
            while not stop.is_set():
                caller.send(line(TEXT))
                sent += 1
            caller.finish()

        with ThreadPoolExecutor(1) as pool:
            sending = pool.submit(send_on)
            first = [caller.result() for _ in range(20)]
            process.process.send_signal(signal.SIGTERM)
            results = first
            while (result := caller.result())["status"] == "ok":
                results.append(result)
            stop.set()
            assert caller.result() is None
            sending.result(60)
        assert process.process.wait(60) == 0
    assert result == {"status": "error", "index": len(results), "error": result["error"]}
    assert result["error"]["code"] == "shutting_down"
    assert [one["index"] for one in results] == list(range(len(results)))
    assert len(results) < sent
    assert b"Traceback" not in process.errors


def test_a_stream_leaves_others_their_share(running: ServiceProcess) -> None:
    """Beside a stream at full speed, the median time of single requests is at most three times as long."""

    def one() -> float:
        started = time.perf_counter()
        assert client.post("/v1/entities", json={"text": TEXT * 2}).status_code == 200
        return time.perf_counter() - started

    def send(caller: StreamCaller) -> None:
        with suppress(OSError):  # the end of the block hangs up
            while True:
                caller.send(line(TEXT * 2))

    streamed = 0

    def read(caller: StreamCaller) -> None:
        nonlocal streamed
        with suppress(OSError, ValueError):
            while caller.result():
                streamed += 1

    def medians() -> tuple[float, float]:
        alone = statistics.median(one() for _ in range(60))
        with StreamCaller.calling(running.url) as caller:
            pool.submit(send, caller)
            caller.result()
            pool.submit(read, caller)
            beside = statistics.median(one() for _ in range(60))
            caller.socket.shutdown(socket.SHUT_RDWR)
        return alone, beside

    with httpx.Client(base_url=running.url, timeout=60) as client, ThreadPoolExecutor(2) as pool:
        for _ in range(20):
            one()
        measured = [medians() for _ in range(3)]  # the machine may be busy with something else
    assert streamed > 90, "the stream got nothing done"
    assert min(beside / alone for alone, beside in measured) < 3, measured
