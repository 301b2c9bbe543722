"""The grammar of a request's head: its request line and headers, up to the empty line.

A head is gathered until it is whole and checked here before httptools parses it. The regular expressions hold RFC
9112's grammar without the liberties that it grants to lenient servers: what two servers could read in two ways (a line
feed alone, a folded line, a space before a colon, control characters) is refused. All of them take linear time.
"""

import re

MAX_HEAD_BYTES = 64 * 1024
"""The most bytes that a head may have."""
MAX_HEADERS = 128
"""The most headers that a head may have."""

END = b"\r\n\r\n"
_LEAST_HEADER_BYTES = 4  # "a:" and the end of the line

_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]++"
HEAD = re.compile(
    rb"(?!CONNECT )([A-Z]++) ([!-~]++) HTTP/(1\.[01])\r\n"
    rb"(?:" + _TOKEN + rb":[\t -~\x80-\xff]*+\r\n)*+\r\n"
)
"""A whole head. The groups are its method, target and version.

CONNECT is left out: what follows such a head is not HTTP.
"""
_NEVER_IN_A_HEAD = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|(?<!\r)\n|\r(?!\n|\Z)")
_START = re.compile(rb"[A-Z]|\r?\Z|\r\n")
_UPGRADE = re.compile(rb"\r\nupgrade:[^\r]*", re.IGNORECASE)
HOST = re.compile(rb"[A-Za-z0-9\-._~%!$&'()*+,;=:\[\]]*+")
"""The value of a Host header: a name or an address, and perhaps a port; empty where the target has none."""
CONTENT_LENGTH = re.compile(rb"[0-9]{1,18}")


def hopeless(data: bytes, seen: int) -> bool:
    """Say whether these first bytes cannot become a head, of which the first `seen` were looked at before."""
    return not _START.match(data) or _NEVER_IN_A_HEAD.search(data, max(0, seen - 1)) is not None


def too_many_headers(head: bytes) -> bool:
    """Say whether a head has more headers than it may."""
    if len(head) < _LEAST_HEADER_BYTES * MAX_HEADERS:
        return False
    return head.count(b"\r\n") > MAX_HEADERS + 2  # the request line and the empty line


def without_upgrade(head: bytes) -> bytes:
    """Return the head without its offers to change the protocol, which a server may ignore (RFC 9110, 7.8)."""
    return _UPGRADE.sub(b"", head)
