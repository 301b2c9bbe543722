"""What must hold for every body, every text and every stream, however it is cut."""

from itertools import pairwise
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as some
from hypothesis.strategies import SearchStrategy

from spanwise.pipelines.offsets import slice_of
from spanwise.schemas import OffsetEncoding
from spanwise.service.streaming.json_lines import LineSplitter
from tests.fuzz.service_under_fuzz import ServiceUnderFuzz
from tests.support.bad_requests import ENDPOINTS

_FIELDS = (
    "text", "documents", "language", "offset_encoding", "labels", "features", "id", "pipeline", "min_confidence", "x",
)  # fmt: skip
_WORDS = ("Paris", "Tim Cook", "en", "utf8", "utf16", "codepoint", "entities", "sentiment", "sentences", "ORG", "GPE")
_ENCODINGS: tuple[OffsetEncoding, ...] = ("codepoint", "utf16", "utf8")
_UNUSUAL = "\x00\r\n\u0085\u2028\ufeff\ufffe\u200d\u0301İß😀👩🏽\U0010ffff \t'’.,!?-()\"a:b@"

_texts = some.lists(
    some.one_of(some.sampled_from(_WORDS), some.text(max_size=8), some.text(alphabet=_UNUSUAL, max_size=8)), max_size=12
).map(" ".join)
_values: SearchStrategy[Any] = some.recursive(
    some.one_of(some.none(), some.booleans(), some.integers(), some.floats(allow_nan=False), some.sampled_from(_WORDS),
                _texts),
    lambda inner: some.lists(inner, max_size=4) | some.dictionaries(some.sampled_from(_FIELDS), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip
_requests = some.dictionaries(some.sampled_from(_FIELDS), _values, max_size=4) | some.fixed_dictionaries(
    {"text": _texts}, optional=dict.fromkeys(_FIELDS[1:], _values)
)


def _encoded(value: Any) -> bytes:
    """Return JSON; what JSON cannot say is replaced."""
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS, default=str) if _encodable(value) else b"{}"


def _encodable(value: Any) -> bool:
    try:
        orjson.dumps(value)
    except TypeError:  # integers of more than 64 bits
        return False
    return True


@some.composite
def _damaged(draw: some.DrawFn) -> bytes:
    """Return the JSON of a request with bytes cut out, replaced or repeated."""
    body = bytearray(_encoded(draw(_requests)))
    for _ in range(draw(some.integers(0, 4))):
        at = draw(some.integers(0, len(body)))
        removed = draw(some.integers(0, 3))
        body[at : at + removed] = draw(some.binary(max_size=4))
    return bytes(body) * draw(some.sampled_from([1, 1, 1, 2, 2000]))


_bodies = some.one_of(_requests.map(_encoded), _damaged(), some.binary(max_size=64))


@some.composite
def _cut(draw: some.DrawFn, whole: SearchStrategy[bytes]) -> tuple[bytes, ...]:
    """Return bytes cut at any places; some parts may be empty."""
    data = draw(whole)
    places = sorted(draw(some.lists(some.integers(0, len(data)), max_size=6)))
    return tuple(data[start:end] for start, end in pairwise([0, *places, len(data)]))


_lines = some.lists(_requests.map(_encoded) | _damaged() | some.binary(max_size=12), max_size=8).map(b"\n".join)


def body_property(service: ServiceUnderFuzz) -> Any:
    """Every body is answered as the contract says, and never with a 500."""

    @given(some.sampled_from(ENDPOINTS), _cut(_bodies))
    def check(path: str, chunks: tuple[bytes, ...]) -> None:
        status, _ = service.post(path, chunks, "application/json")
        assert status in (200, 400, 413, 422)

    return check


def offset_property(service: ServiceUnderFuzz) -> Any:
    """In each unit, slicing the text by an answer's positions gives exactly the `text` of the answer."""

    @given(_texts.filter(bool))
    def check(text: str) -> None:
        found = {}
        for encoding in _ENCODINGS:
            body = {"text": text, "features": ["entities", "sentences"], "offset_encoding": encoding}
            status, answer = service.post("/v1/analyze", [orjson.dumps(body)], "application/json")
            assert status == 200
            for section in ("entities", "sentences"):
                bounds = [position for span in answer[section] for position in (span["start"], span["end"])]
                assert bounds == sorted(bounds), "spans out of order"
                for span in answer[section]:
                    assert slice_of(text, span["start"], span["end"], encoding) == span["text"]
            found[encoding] = [[span["text"] for span in answer[section]] for section in ("entities", "sentences")]
        assert found["codepoint"] == found["utf16"] == found["utf8"]

    return check


def splitting_property(_: ServiceUnderFuzz) -> Any:
    """Lines are the same however the bytes are cut, and the same as a plain split gives."""

    @given(_cut(_lines), some.integers(1, 64))
    def check(chunks: tuple[bytes, ...], limit: int) -> None:
        splitter = LineSplitter(limit)
        lines = [line for chunk in chunks for line in splitter.feed(chunk)]
        lines += splitter.rest()
        expected = b"".join(chunks).split(b"\n")
        if not expected[-1]:
            expected.pop()
        assert lines == [line if len(line) <= limit else None for line in expected]

    return check


def stream_property(service: ServiceUnderFuzz) -> Any:
    """Results are the same however a stream is cut, one for each line that is not blank, in order."""

    @given(_cut(_lines))
    def check(chunks: tuple[bytes, ...]) -> None:
        path, media_type = "/v1/stream?features=entities", "application/jsonl"
        whole = service.post(path, [b"".join(chunks)], media_type)
        assert service.post(path, chunks, media_type) == whole
        assert whole[0] == 200
        indexes = [result["index"] for result in whole[1]]
        assert indexes == sorted(set(indexes))
        assert "internal_error" not in {result.get("error", {}).get("code") for result in whole[1]}

    return check


PROPERTIES = {
    "bodies": body_property,
    "offsets": offset_property,
    "lines": splitting_property,
    "streams": stream_property,
}
"""Each property by its name: a function that makes a Hypothesis test for a service."""
