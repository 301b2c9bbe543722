"""Headers that tell browsers what an answer is not for. Constant bytes, put on every answer by `RequestMiddleware`.

Answers of the API are data: a browser that is led to one must neither run nor frame it, nor guess another type, nor
keep it, nor let another site embed it. The pages at `/` and `/docs` run their
own scripts and no others (`PAGE_HEADERS`, `docs_headers`). Transport
security (HSTS) belongs to the proxy that ends TLS.
"""

import base64
import hashlib
import re

Headers = tuple[tuple[bytes, bytes], ...]

_EVERYWHERE: Headers = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
API_HEADERS: Headers = (
    *_EVERYWHERE,
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cache-control", b"no-store"),
)
"""For every answer but those of the pages at `/` and `/docs`."""

_PAGE_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    b"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    b"require-trusted-types-for 'script'; trusted-types 'none'"
)
PAGE_HEADERS: Headers = (
    *_EVERYWHERE,
    (b"content-security-policy", _PAGE_POLICY),
    (b"cache-control", b"no-cache"),
)
"""For the page at `/` and its files: no inline script or style runs, and no text of a caller can become markup.

The files may be kept, but are asked for again each time.
"""

_INLINE_SCRIPT = re.compile(rb"<script>(.*?)</script>", re.DOTALL)


def docs_headers(page: bytes) -> Headers:
    """Return the headers of a page of Swagger UI and of its files.

    Its inline scripts are allowed by their digests, so that no other one runs. Swagger UI sets `style` attributes and
    draws its icons from `data:` addresses. Its files may be kept, but are asked for again each time.
    """
    digests = (base64.b64encode(hashlib.sha256(script).digest()).decode() for script in _INLINE_SCRIPT.findall(page))
    scripts = " ".join(["'self'", *(f"'sha256-{digest}'" for digest in digests)])
    policy = (
        f"default-src 'none'; script-src {scripts}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return (*_EVERYWHERE, (b"content-security-policy", policy.encode()), (b"cache-control", b"no-cache"))
