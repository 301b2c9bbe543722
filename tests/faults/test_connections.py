"""Callers who cut their connection in the middle, and callers who do not wait for answers."""

import socket
import struct
import time

import httpx

from tests.faults.observing import ask, entities, open_files
from tests.support.process import ServiceProcess, environment, service


def connect(process: ServiceProcess) -> socket.socket:
    """Open a connection."""
    address = httpx.URL(process.url)
    return socket.create_connection((address.host, address.port or 0), timeout=60)


def reset(connection: socket.socket) -> None:
    """Close a connection by a reset in place of an orderly end."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def test_resets_in_the_middle_of_bodies_leave_nothing(full_size: bool) -> None:
    """Half a body, then a reset, again and again: each is logged as 499, and no descriptor stays open."""
    number = 2000 if full_size else 200
    head = b"POST %s HTTP/1.1\r\nHost: a\r\nContent-Type: %s\r\n%s\r\n\r\n"
    requests = [
        head % (b"/v1/entities", b"application/json", b"Content-Length: 1000") + b'{"text": "half a bo',
        head % (b"/v1/batch", b"application/json", b"Transfer-Encoding: chunked") + b"5\r\n{",
        head % (b"/v1/stream", b"application/jsonl", b"Transfer-Encoding: chunked") + b'8\r\n{"text":\r\n',
        head % (b"/v1/entities", b"application/json", b"Content-Length: 1000"),
    ]
    with service(environment()) as process:
        (worker,) = process.worker_pids()
        assert entities(process, "Paris").status_code == 200
        before = open_files(worker)
        for sent in range(number):
            connection = connect(process)
            connection.sendall(requests[sent % len(requests)])
            reset(connection)
        assert entities(process, "Paris").status_code == 200
        deadline = time.monotonic() + 30
        while open_files(worker) > before:
            assert time.monotonic() < deadline, "descriptors stay open"
            time.sleep(0.1)
        assert ask(process, "/readyz").status_code == 200
        assert process.stop() == 0
    assert not [line for line in process.log if line.get("status", 0) >= 500]
    assert not [line for line in process.log if "exception" in line]
    assert b"Traceback" not in process.errors


def test_a_thousand_requests_at_once_on_one_connection_are_answered_in_order() -> None:
    """A caller who sends all requests before reading gets all answers, each its own."""
    number = 1000
    with service(environment()) as process, connect(process) as connection:
        body = b'{"text": "Paris"}'
        requests = (
            b"POST /v1/entities HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
            b"X-Request-ID: %d\r\nContent-Length: %d\r\n\r\n%b" % (i, len(body), body)
            if i % 2
            else b"GET /livez HTTP/1.1\r\nHost: a\r\nX-Request-ID: %d\r\n\r\n" % i
            for i in range(number)
        )
        connection.sendall(b"".join(requests))
        received = b""
        while received.count(b"HTTP/1.1 ") < number or not received.endswith(b"}"):
            part = connection.recv(65_536)
            assert part, f"the connection ended after {received.count(b'HTTP/1.1 ')} answers"
            received += part
        assert received.count(b"HTTP/1.1 200 ") == number
        ids = [int(head.split(b"\r\n")[0]) for head in received.split(b"x-request-id: ")[1:]]
        assert ids == list(range(number))
        assert process.stop() == 0
