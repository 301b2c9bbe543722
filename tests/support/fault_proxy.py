"""A proxy before a real service that fails as networks, gateways and busy services do.

The first part of a path names what goes wrong, so that a client chooses a fault by its base URL:
`http://127.0.0.1:PORT/broken/v1/batch` closes the connection twice, and then forwards `/v1/batch`.
"""

import http.client
import json
import socket
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Request:
    """What came: the path without the fault's name, the body, and when."""

    path: str
    body: bytes
    seconds: float


@dataclass(frozen=True)
class Answer:
    """What is sent back. One that is `cut` promises more than it has; the connection is closed, after a silence."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "application/problem+json"),)
    cut: bool = False
    silent_seconds: float = 0.0


Forward = Callable[[], Answer]
Fault = Callable[[Request, Forward], Answer | None]
"""Answers a request, or closes its connection if it returns None."""


def forwarded(request: Request, forward: Forward) -> Answer | None:
    """Answer with what the service answers."""
    return forward()


def closed(request: Request, forward: Forward) -> Answer | None:
    """Close the connection without an answer."""
    return None


def delayed(request: Request, forward: Forward) -> Answer | None:
    """Answer with what the service answers, half a second later."""
    time.sleep(0.5)
    return forward()


def refusal(status: int, code: str, **headers: str) -> Fault:
    """Refuse with a problem, as the service does."""
    named = [(name.replace("_", "-"), value) for name, value in headers.items()]
    body = json.dumps({"status": status, "code": code, "title": code, "detail": code, "type": "about:blank"}).encode()
    content = ("Content-Type", "application/problem+json")
    return lambda request, forward: Answer(status, body, (content, *named))


def page(status: int) -> Fault:
    """Refuse as a gateway does, with a page that is no problem."""
    return lambda request, forward: Answer(status, b"<h1>Bad Gateway</h1>", (("Content-Type", "text/html"),))


def larger_than(documents: int, fault: Fault) -> Fault:
    """Answer batches of more documents by a fault."""
    return lambda request, forward: (
        fault(request, forward) if len(json.loads(request.body)["documents"]) > documents else forward()
    )


def too_many(request: Request, forward: Forward) -> Answer | None:
    """Refuse a batch as one with too many documents."""
    errors = [{"pointer": "/documents", "code": "too_many_documents", "detail": "too many"}]
    return Answer(422, json.dumps({"status": 422, "code": "validation_failed", "errors": errors}).encode())


def failed_document(request: Request, forward: Forward) -> Answer | None:
    """Answer the first document with an error inside the service, and the others as the service does."""
    answer = forward()
    failed = {"status": "error", "index": 0, "error": {"code": "internal_error", "detail": "It failed."}}
    if request.path.startswith("/v1/batch"):
        results = json.loads(answer.body)["results"]
        return Answer(200, json.dumps({"results": [failed, *results[1:]]}).encode(), answer.headers)
    lines = answer.body.splitlines(keepends=True)
    return Answer(200, b"".join([json.dumps(failed).encode() + b"\n", *lines[1:]]), answer.headers)


def cut_after(lines: int, more: int = 0) -> Fault:
    """Break a stream's answer off after some lines, and some bytes of the next one."""

    def fault(request: Request, forward: Forward) -> Answer | None:
        answer = forward()
        whole = answer.body.splitlines(keepends=True)
        return Answer(200, b"".join(whole[:lines]) + whole[lines][:more], answer.headers, cut=True)

    return fault


def silent_after(lines: int, seconds: float) -> Fault:
    """Send some lines of a stream's answer, and then nothing for a time."""

    def fault(request: Request, forward: Forward) -> Answer | None:
        answer = forward()
        done = b"".join(answer.body.splitlines(keepends=True)[:lines])
        return Answer(200, done, answer.headers, cut=True, silent_seconds=seconds)

    return fault


def ended_after(lines: int, code: str) -> Fault:
    """End a stream as the service does: some results, the reason, and the number of the first line it did not take."""

    def fault(request: Request, forward: Forward) -> Answer | None:
        answer = forward()
        last = {"status": "error", "index": lines, "error": {"code": code, "detail": "It ended early."}}
        done = answer.body.splitlines(keepends=True)[:lines]
        return Answer(200, b"".join([*done, json.dumps(last).encode() + b"\n"]), answer.headers)

    return fault


OVERLOADED = refusal(503, "overloaded", Retry_After="1")
FAULTS: dict[str, list[Fault]] = {
    "overloaded": [OVERLOADED],
    "shutting_down": [refusal(503, "shutting_down", Retry_After="60")],
    "quota_of_a_day": [refusal(429, "rate_limited", Retry_After="86400")],
    "deadline": [refusal(504, "deadline_exceeded")],
    "internal_once": [refusal(500, "internal_error")],
    "internal_twice": [refusal(500, "internal_error")] * 2,
    "broken": [closed] * 2,
    "always_broken": [closed] * 100,
    "gateway": [page(502), page(503)],
    "document_internal": [failed_document],
    "document_internal_twice": [failed_document] * 2,
    "cancelled": [delayed],
    "too_large": [larger_than(20, page(413))] * 1000,
    "too_many": [larger_than(20, too_many)] * 1000,
    "generated": [refusal(503, "shutting_down")],
    "stream_overloaded": [OVERLOADED],
    "stream_cut": [cut_after(3)],
    "stream_cut_in_a_line": [cut_after(3, more=10)],
    "stream_shutting_down": [ended_after(4, "shutting_down")],
    "stream_rate_limited": [ended_after(4, "rate_limited")],
    "stream_always_cut": [cut_after(0)] * 100,
    "stream_silent": [silent_after(3, seconds=15)],
    "stream_document_internal": [failed_document],
}
"""What goes wrong with the first requests, by name. Later requests, and those of other names, are forwarded."""


class FaultProxy:
    """A running proxy, and the requests that came to it, by the name of their fault."""

    def __init__(self, service: str) -> None:
        self._service = urlsplit(service)
        self.requests: defaultdict[str, list[Request]] = defaultdict(list)
        self._lock = threading.Lock()

    def take(self, path: str, body: bytes) -> tuple[Request, Fault]:
        """Note a request, and return it with its fault."""
        name, _, rest = path.removeprefix("/").partition("/")
        request = Request(f"/{rest}", body, time.monotonic())
        with self._lock:
            self.requests[name].append(request)
            number = len(self.requests[name]) - 1
        faults = FAULTS.get(name, [])
        return request, faults[number] if number < len(faults) else forwarded

    def forward(self, method: str, request: Request, headers: dict[str, str]) -> Answer:
        """Ask the service itself."""
        connection = http.client.HTTPConnection(self._service.hostname or "", self._service.port, timeout=120)
        try:
            connection.request(method, request.path, request.body, headers)
            answer = connection.getresponse()
            body = answer.read()
        finally:
            connection.close()
        hop_by_hop = {"connection", "content-length", "transfer-encoding"}
        kept = tuple((name, value) for name, value in answer.getheaders() if name.lower() not in hop_by_hop)
        return Answer(answer.status, body, kept)


@contextmanager
def fault_proxy(service: str) -> Iterator[tuple[str, FaultProxy]]:
    """Run a proxy before a service within the block, and yield its URL and the proxy."""
    proxy = FaultProxy(service)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            request, fault = proxy.take(self.path, body)
            kept = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection")}
            answer = fault(request, lambda: proxy.forward(self.command, request, kept))
            if answer is None:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            self.send_response(answer.status)
            for name, value in answer.headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body) + answer.cut))
            self.end_headers()
            self.wfile.write(answer.body)
            if answer.silent_seconds:
                self.wfile.flush()
                time.sleep(answer.silent_seconds)
            self.close_connection = self.close_connection or answer.cut

        do_GET = do_POST = answer  # noqa: N815 - `BaseHTTPRequestHandler` calls them so

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
            """Log nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """Ignore clients that hang up."""

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", proxy
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
