"""HTTP over bare sockets: what no HTTP client would send, in the segments that the test chooses."""

import socket
import time
from dataclasses import dataclass
from typing import Any, Self

import orjson

TEXT = b'{"text":"Ada Lovelace lived in London."}'


@dataclass(frozen=True)
class Answer:
    """One answer: its status, its headers by their names in lower case, and its body."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body's value."""
        return orjson.loads(self.body)

    @property
    def closes(self) -> bool:
        """Whether the answer says that the connection ends with it."""
        return self.headers.get("connection") == "close"


class Raw:
    """A connection to the service at a URL. Reading waits for `seconds` at most."""

    def __init__(self, url: str, seconds: float = 20, receive_buffer: int = 0) -> None:
        host, port = url.removeprefix("http://").split(":")
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(seconds)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.connect((host, int(port)))
        self._file = self.socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()
        self.socket.close()

    def send(self, *segments: bytes, pause: float = 0.02) -> Self:
        """Send each segment by itself."""
        for number, segment in enumerate(segments):
            if number:
                time.sleep(pause)
            self.socket.sendall(segment)
        return self

    def half_close(self) -> Self:
        """Send no more, and go on reading."""
        self.socket.shutdown(socket.SHUT_WR)
        return self

    def answer(self) -> Answer:
        """Read the next answer, which must have a Content-Length; interim answers are passed over."""
        while True:
            status_line = self._file.readline()
            assert status_line.startswith(b"HTTP/1.1 "), f"no answer but {status_line!r}"
            headers: dict[str, str] = {}
            while (line := self._file.readline()) != b"\r\n":
                name, _, value = line.decode("latin-1").partition(":")
                headers[name.lower()] = value.strip()
            status = int(status_line.split()[1])
            if status >= 200:
                return Answer(status, headers, self._file.read(int(headers["content-length"])))

    def is_closed(self) -> bool:
        """Wait until the service closes the connection. Return False if it sends something instead."""
        try:
            return self._file.read(1) == b""
        except ConnectionResetError:
            return True


def request(*headers: bytes, body: bytes = TEXT, method: bytes = b"POST", path: bytes = b"/v1/entities") -> bytes:
    """Return a request with a Host, a Content-Type and these headers, for whose framing the caller cares."""
    lines = [method + b" " + path + b" HTTP/1.1", b"Host: x", b"Content-Type: application/json", *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def sized(*headers: bytes, body: bytes = TEXT) -> bytes:
    """Return a whole request with a Content-Length."""
    return request(*headers, b"Content-Length: %d" % len(body), body=body)


def chunked(*headers: bytes, body: bytes = TEXT, size: int = 7) -> bytes:
    """Return a whole request in chunks of this size."""
    chunks = [body[start : start + size] for start in range(0, len(body), size)]
    framed = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"
    return request(*headers, b"Transfer-Encoding: chunked", body=framed)


LIVENESS = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"
