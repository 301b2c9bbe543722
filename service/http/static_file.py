"""Pages and their files, which a browser may keep but asks for again: then it gets a 304 without a body.

An `ETag` is a digest of the content, so that all replicas of one version answer alike, whenever each was installed.
"""

import asyncio
import hashlib
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from spanwise.service.http.request_record import record_of
from spanwise.service.http.security_headers import Headers

_MEDIA_TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".png": "image/png",
    ".svg": "image/svg+xml",
}
"""Named here, because the ones of Python's `mimetypes` depend on the machine's own table."""


class StaticPage:
    """A page of HTML that is in memory."""

    def __init__(self, body: bytes, headers: Headers) -> None:
        """`headers` are the security headers of its answers."""
        self._body = body
        self._headers = headers
        self._tag = _tag_of(body)

    async def answer(self, request: Request) -> Response:
        """Answer with the page, or with a 304 to a caller who has it."""
        record_of(request).security_headers = self._headers
        if _has(request, self._tag):
            return Response(status_code=304, headers={"ETag": self._tag})
        return Response(self._body, media_type="text/html", headers={"ETag": self._tag})


class StaticFile:
    """A file of a page. Its digest is computed when somebody asks for the file for the first time."""

    def __init__(self, path: Path, headers: Headers) -> None:
        """`headers` are the security headers of its answers. Raises `KeyError` for another kind of file."""
        self._path = path
        self._media_type = _MEDIA_TYPES[path.suffix]
        self._headers = headers
        self._tag = ""

    async def answer(self, request: Request) -> Response:
        """Answer with the file, or with a 304 to a caller who has it."""
        record_of(request).security_headers = self._headers
        if not self._tag:
            self._tag = _tag_of(await asyncio.to_thread(self._path.read_bytes))
        if _has(request, self._tag):
            return Response(status_code=304, headers={"ETag": self._tag})
        return FileResponse(self._path, media_type=self._media_type, headers={"ETag": self._tag})


def _tag_of(content: bytes) -> str:
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"'


def _has(request: Request, tag: str) -> bool:
    """Say whether the caller has this content: weak comparison, because a compressed answer has a weak tag."""
    sent = request.headers.get("if-none-match", "")
    return any(one.strip().removeprefix("W/") in (tag, "*") for one in sent.split(","))
