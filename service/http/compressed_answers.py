"""Compressed answers, for callers whose `Accept-Encoding` asks for them, from a configured size on.

Many clients ask without their authors' knowing, so the fastest level is used, and what is short is sent as it is: an
answer that fits into one packet arrives no sooner when it is compressed. The answer to a stream is never compressed,
because each line of it leaves as soon as it is ready (ADR 0045).
"""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from spanwise.service.http.content_codings import CODINGS, Coding, Encoder, load, loaded

Headers = list[tuple[bytes, bytes]]

LEAST_BYTES = 1024
"""No shorter answer is ever compressed: asking what is configured would cost more than it saves."""

_SHORT_BYTES = 32 * 1024  # compressed on the event loop, in 40 to 70 µs; longer pieces in a thread
_TEXTS = (b"application/json", b"application/problem+json", b"text/")
_OK, _NOT_MODIFIED = 200, 304


def coding_of_answer(scope: Scope, size: int) -> Coding | None:
    """Return the coding in which an answer of so many bytes shall be sent; None: as it is."""
    least: int = scope["app"].state.compress_from_bytes
    return accepted_coding(scope["headers"]) if 0 < least <= size else None


def accepted_coding(headers: Headers) -> Coding | None:
    """Return the coding that the caller likes best (RFC 9110, 12.5.3); of equals zstd, which costs least.

    `*` stands for gzip. None: the caller names neither, or likes the answer as it is better.
    """
    weights: dict[Coding, float] = {}
    identity = 0.0
    for name, value in headers:
        if name == b"accept-encoding":
            for entry in value.lower().split(b","):
                named, _, parameters = entry.partition(b";")
                name = named.strip()  # noqa: PLW2901 - the header's own is known by now
                coding = CODINGS.get(name)
                if coding is not None:
                    weights[coding] = _weight(parameters)
                elif name == b"identity":
                    identity = _weight(parameters)
                elif name == b"*":
                    weights.setdefault("gzip", _weight(parameters))
    zstd, gzip = weights.get("zstd", 0.0), weights.get("gzip", 0.0)
    if max(zstd, gzip) > 0 and max(zstd, gzip) >= identity:
        return "zstd" if zstd >= gzip else "gzip"
    return None


def _weight(parameters: bytes) -> float:
    name, _, value = parameters.partition(b"=")
    if name.strip() != b"q":
        return 1.0
    try:
        weight = float(value)
    except ValueError:
        return 0.0
    return weight if 0 <= weight <= 1 else 0.0


def headers_of_compressed(headers: Headers, coding: Coding, length: int | None = None) -> Headers:
    """Return the headers of an answer as they are when it is compressed, with its length if that is known.

    Its `ETag` becomes a weak one: the same document in other bytes (RFC 9110, 8.8.1).
    """
    kept = [
        (name, value) for name, value in with_weak_tag(headers) if name not in (b"content-length", b"accept-ranges")
    ]
    kept += [(b"content-encoding", coding.encode()), (b"vary", b"Accept-Encoding")]
    if length is not None:
        kept.append((b"content-length", b"%d" % length))
    return kept


def with_weak_tag(headers: Headers) -> Headers:
    """Return headers whose `ETag` is a weak one."""
    return [
        (name, b"W/" + value if name == b"etag" and not value.startswith(b"W/") else value) for name, value in headers
    ]


class Compression:
    """The compression of one answer, beside the event loop where a part is long."""

    def __init__(self, coding: Coding) -> None:
        self._coding = coding
        self._encoder: Encoder | None = None

    async def add(self, data: bytes, *, last: bool) -> bytes:
        """Return what can be sent by now; all of it with the last part."""
        if len(data) <= _SHORT_BYTES and loaded(self._coding):
            return self._add(data, last)
        return await asyncio.to_thread(self._add, data, last)

    def _add(self, data: bytes, last: bool) -> bytes:
        if self._encoder is None:
            load(self._coding)
            self._encoder = Encoder(self._coding)
        return self._encoder.add_last(data) if last else self._encoder.add(data)


class CompressedPages:
    """Middleware that compresses whatever FastAPI's stack answers with a length: documents, pages, metrics.

    The answers of JSON routes compress themselves, and pass; so do those without a length, such as a stream's.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, _CompressingSend(scope, send) if scope["type"] == "http" else send)


class _CompressingSend:
    """ASGI's `send` of one answer, which compresses it if its head says that it is worth it."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope = scope
        self._send = send
        self._compression: Compression | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers: Headers = list(message.get("headers", ()))
            coding = self._coding(message["status"], headers)
            if coding is not None:
                self._compression = Compression(coding)
                message = {**message, "headers": headers_of_compressed(headers, coding)}
            elif message["status"] == _NOT_MODIFIED and accepted_coding(self._scope["headers"]):
                message = {**message, "headers": with_weak_tag(headers)}  # that of the answer which the caller has
        elif self._compression is not None:
            more = message.get("more_body", False)
            body = await self._compression.add(message.get("body", b""), last=not more)
            message = {**message, "body": body}
        await self._send(message)

    def _coding(self, status: int, headers: Headers) -> Coding | None:
        """Return the coding to be used; None for what has no length, is short, or is no text."""
        named = dict(headers)
        length = int(named.get(b"content-length", 0))
        if status != _OK or length < LEAST_BYTES or b"content-encoding" in named:
            return None
        kind = named.get(b"content-type", b"")
        return coding_of_answer(self._scope, length) if kind.startswith(_TEXTS) else None
