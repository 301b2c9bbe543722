"""Unpack the compressed body of a request, under the limit that holds for plain ones, and beside the event loop.

A body is unpacked once all of it has arrived, and what has arrived is bounded. So a caller cannot make the service hold
more than it has sent, however slowly it sends; only while a body is unpacked, in one of a few threads, is it there
twice.
"""

import asyncio

from spanwise.service.errors import BrokenBody, UnpackedTooLarge
from spanwise.service.http.content_codings import STEP_BYTES, BrokenCoding, Coding, Decoder, load, loaded

_SHORT_BYTES = 4 * 1024  # a body of no more is unpacked on the event loop, if it unpacks to 64 KiB at most


async def unpack(body: bytes, coding: Coding, max_bytes: int) -> bytes:
    """Return what a whole body unpacks to.

    Raises `UnpackedTooLarge` as soon as that is more than the limit, and `BrokenBody` where it is not of its coding.
    """
    if len(body) <= _SHORT_BYTES and loaded(coding):
        unpacked = _unpack(body, coding, max_bytes, STEP_BYTES)
        if unpacked is not None:
            return unpacked
    whole = await asyncio.to_thread(_unpack, body, coding, max_bytes, max_bytes)
    assert whole is not None  # noqa: S101 - it gives up at the limit alone
    return whole


def _unpack(body: bytes, coding: Coding, max_bytes: int, most: int) -> bytes | None:
    """Return what a body unpacks to; None where that is more than `most`, if the limit would allow more."""
    load(coding)
    decoder = Decoder(coding)
    pieces = []
    try:
        for piece in decoder.feed(body):
            if decoder.unpacked > max_bytes:
                raise UnpackedTooLarge(max_bytes)
            if decoder.unpacked > most:
                return None
            pieces.append(piece)
        decoder.end()
    except BrokenCoding:
        raise BrokenBody(coding) from None
    return b"".join(pieces)
