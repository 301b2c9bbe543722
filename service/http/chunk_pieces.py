"""Cut the bytes of a chunked body into pieces, so that the parser never sees what follows the body.

httptools goes on with the next request where a body ends, and does not say where. A chunked body ends with an empty
line, behind its last chunk and its trailers. So a piece ends behind every CR LF CR LF, also where a chunk's data holds
one, and the end of the body is always the end of a piece.
"""

MAX_PIECE_BYTES = 16 * 1024
_END = b"\r\n\r\n"


class ChunkPieces:
    """The pieces of one chunked body, and how long its framing goes on without a byte of data."""

    def __init__(self) -> None:
        self._tail = b""
        """The last three bytes of what was cut, where the end of an empty line may follow."""
        self._framing = 0
        """Bytes since a piece had data: chunk sizes, extensions, trailers."""

    def cut(self, data: bytes) -> tuple[bytes, bytes]:
        """Return the next piece, which is not empty, and what follows it."""
        tail = self._tail
        end = (tail + data[:MAX_PIECE_BYTES]).find(_END)
        length = MAX_PIECE_BYTES if end < 0 else end + len(_END) - len(tail)
        piece = data[:length]
        self._tail = (tail + piece)[-3:]
        return piece, data[length:]

    def framing_fits(self, piece: bytes, *, has_data: bool) -> bool:
        """Count a parsed piece. Return False when framing alone has gone on for longer than a head may be."""
        self._framing = 0 if has_data else self._framing + len(piece)
        return self._framing <= MAX_PIECE_BYTES
