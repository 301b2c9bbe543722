"""Requests that are refused, each with a mark that must show up in no answer, log line or metric."""

from collections.abc import Iterator

import orjson

JSON = {"Content-Type": "application/json"}
ENDPOINTS = ["/v1/entities", "/v1/sentiment", "/v1/analyze", "/v1/batch"]

MARK = "Xyzzy7 secretly"


def marked_requests() -> Iterator[tuple[str, bytes]]:
    """Yield path and body of requests that fail in every way a body can, the mark wherever a caller can put text."""
    for path in ENDPOINTS:
        for body in (
            {"text": MARK, "language": MARK},
            {"text": MARK, "labels": [MARK]},
            {"text": MARK, "features": [MARK]},
            {"text": MARK, "offset_encoding": MARK},
            {"text": [MARK]},
            {MARK: MARK},
            {"text": MARK, MARK: 1},
            {"documents": [{"text": MARK, "id": 5, "language": MARK}, MARK, {"text": {MARK: MARK}}, {MARK: 1}]},
            {"documents": MARK},
            {"documents": [{"text": MARK}], "labels": [MARK]},
            [MARK],
            MARK,
        ):
            yield path, orjson.dumps(body)
        yield path, f'{{"text": "{MARK}"'.encode()
        yield path, f'{{"text": "{MARK}", "x": NaN}}'.encode()
        yield path, orjson.dumps({"text": MARK * 10_000})
        yield path, orjson.dumps({"text": MARK * 300_000})
    yield f"/{MARK}", b"{}"
