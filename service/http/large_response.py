"""Answers that are too large to be sent at once: in pieces, each as soon as the caller has read those before it."""

import asyncio

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from spanwise.service.http.compressed_answers import Compression, coding_of_answer, headers_of_compressed
from spanwise.service.http.request_record import record_of

_PIECE_BYTES = 128 * 1024


class LargeJSONResponse(Response):
    """A response whose body is JSON already, in parts of any size. What was sent is freed.

    `send` waits while the caller does not read, so little more than one piece of some 128 KiB is on its way. How much
    waits behind it is in the request's record, as `unsent_bytes`. The body has a Content-Length: so HTTP/1.0 can read
    it, and a caller can tell a whole answer from one that broke off. A compressed one has
    no length; its end shows in its coding.
    """

    def __init__(self, parts: list[bytes], server_timing: str) -> None:
        self.status_code = 200
        self.background = None
        self._unsent = parts[::-1]  # the next part is the last one of the list
        self._unsent_bytes = sum(map(len, parts))
        self.raw_headers = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % self._unsent_bytes),
            (b"server-timing", server_timing.encode()),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        """Send all parts, and let other tasks have their turn between two pieces."""
        record = record_of(scope)
        record.unsent_bytes = self._unsent_bytes
        coding = coding_of_answer(scope, self._unsent_bytes)
        compression = Compression(coding) if coding else None
        if coding is not None:
            self.raw_headers = headers_of_compressed(self.raw_headers, coding)
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        while self._unsent:
            piece = self._next_piece()
            record.unsent_bytes -= len(piece)
            more = bool(self._unsent)
            if compression is not None:
                piece = await compression.add(piece, last=not more)
            await send({"type": "http.response.body", "body": piece, "more_body": more})
            del piece
            await asyncio.sleep(0)

    def _next_piece(self) -> bytes:
        """Take parts, and join them if they are small."""
        piece = [self._unsent.pop()]
        size = len(piece[0])
        while self._unsent and size + len(self._unsent[-1]) <= _PIECE_BYTES:
            piece.append(self._unsent.pop())
            size += len(piece[-1])
        return piece[0] if len(piece) == 1 else b"".join(piece)
