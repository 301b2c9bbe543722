"""A caller of `/v1/stream` who sends and reads at the same time, over a plain socket."""

import http.client
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import orjson


class StreamCaller:
    """A caller who sends lines and reads results when the test says so."""

    def __init__(
        self, url: str, options: str = "features=entities", receive_buffer: int = 0, request_id: str = ""
    ) -> None:
        host, port = url.removeprefix("http://").split(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=120)
        connection.connect()
        self.socket: Any = connection.sock  # http.client forgets it: the answer says that the connection will close
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        connection.putrequest("POST", f"/v1/stream?{options}")
        connection.putheader("Content-Type", "application/jsonl")
        connection.putheader("Transfer-Encoding", "chunked")
        if request_id:
            connection.putheader("X-Request-ID", request_id)
        connection.endheaders()
        self.answer = connection.getresponse()  # it begins before anything was sent

    @classmethod
    @contextmanager
    def calling(cls, url: str, **settings: Any) -> Iterator[Self]:
        """Open a stream for as long as the block lasts."""
        caller = cls(url, **settings)
        try:
            yield caller
        finally:
            caller.hang_up()

    def send(self, body: bytes) -> None:
        """Send lines, or a part of one; blocks while the service takes in no more."""
        self.socket.sendall(b"%x\r\n%b\r\n" % (len(body), body))

    def finish(self) -> None:
        """End the request's body."""
        self.socket.sendall(b"0\r\n\r\n")

    def result(self) -> Any:
        """Return the next result; None after the last."""
        line = self.answer.readline()
        return orjson.loads(line) if line else None

    def results(self) -> list[Any]:
        """Return all results that are left."""
        return [orjson.loads(line) for line in self.answer]

    def hang_up(self) -> None:
        """Close the connection without ending the body."""
        self.answer.close()
        self.socket.close()
