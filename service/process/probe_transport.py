"""Probes that are answered while their connection is accepted.

An orchestrator opens a connection for each probe and closes it behind the answer. Its request has mostly arrived when a
busy event loop comes to accept it. So what has arrived is looked at: if it is a whole probe after which the connection
closes, it is read, answered and closed there and then, without the loop's transports, which begin a turn later.
"""

import asyncio
import socket
from typing import Any

_LARGEST = 1024  # bytes of a probe's head that are looked at
_OLD = frozenset({b"GET /livez HTTP/1.0", b"GET /readyz HTTP/1.0"})
_NEW = frozenset({b"GET /livez HTTP/1.1", b"GET /readyz HTTP/1.1"})
_END = b"\r\n\r\n"


def probe_has_arrived(connection: socket.socket) -> bool:
    """Say whether a caller has sent one whole probe that asks for the end of the connection; read nothing.

    HTTP/1.0 asks for it by saying nothing. The wording is that of the usual probes; any other is read as usual.
    """
    try:
        head = connection.recv(_LARGEST, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except OSError:  # nothing has arrived, or the caller has left already
        return False
    if len(head) == _LARGEST or head.find(_END) != len(head) - len(_END):
        return False
    line, _, rest = head.partition(b"\r\n")
    headers = b"\r\n" + rest.lower()
    if line in _NEW:
        closes = b"\r\nconnection: close\r\n" in headers and headers.count(b"\r\nhost:") == 1
    else:
        closes = line in _OLD and b"\r\nconnection:" not in headers
    has_body = b"\r\ncontent-length" in headers or b"\r\ntransfer-encoding" in headers
    return closes and not has_body


def answer_probe(connection: socket.socket, protocol: asyncio.Protocol, loop: asyncio.AbstractEventLoop) -> None:
    """Have a protocol answer the probe that has arrived, and the socket closed when the protocol says so."""
    connection.setblocking(False)
    transport = ProbeTransport(connection, protocol, loop)
    protocol.connection_made(transport)
    try:
        head = connection.recv(_LARGEST)
    except OSError:
        transport.abort()
        return
    protocol.data_received(head)
    if transport.has_written:  # nobody would read what the caller sends next
        transport.close()


class ProbeTransport(asyncio.Transport):
    """A socket whose caller has said everything: answers go straight to the kernel, which has room for them."""

    def __init__(self, connection: socket.socket, protocol: asyncio.BaseProtocol, loop: asyncio.AbstractEventLoop):
        """Take an accepted socket, which does not block and is closed with the transport."""
        names = {"sockname": connection.getsockname(), "peername": _peer(connection)}
        super().__init__({"socket": connection, **names})
        self._connection = connection
        self._protocol = protocol
        self._loop = loop
        self._closing = False
        self.has_written = False

    def is_closing(self) -> bool:
        """Return whether the socket is closed."""
        return self._closing

    def write(self, data: Any) -> None:
        """Send bytes. A caller who cannot be sent them is gone."""
        if self._closing:
            return
        self.has_written = True
        try:
            sent = self._connection.send(data)
        except OSError:
            sent = -1
        if sent != len(data):
            self.abort()

    def write_eof(self) -> None:
        """Close the socket: all that the caller has sent is read, and it is told nothing more."""
        self.close()

    def close(self) -> None:
        """Close the socket; everything is sent. The protocol learns it in the next turn of the loop."""
        if not self._closing:
            self._closing = True
            self._connection.close()
            self._loop.call_soon(self._protocol.connection_lost, None)

    def abort(self) -> None:
        """Close the socket."""
        self.close()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Pass over the limits: nothing is buffered here."""

    def get_write_buffer_size(self) -> int:
        """Return 0."""
        return 0

    def pause_reading(self) -> None:
        """Pass over it: nothing more is read."""

    def resume_reading(self) -> None:
        """Pass over it."""


def _peer(connection: socket.socket) -> Any:
    try:
        return connection.getpeername()
    except OSError:  # the caller has left
        return None
