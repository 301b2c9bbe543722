"""Analyses of large requests, encoded on the NLP thread that made them.

The analysis of 100,000 characters is some 8 MB of Python objects, 2 MB of JSON, and takes some milliseconds to encode.
As JSON it waits in less memory, for the other documents of its batch and then for its caller to read. It is encoded in
slices of lists, because the encoder holds the GIL: between two slices the event loop gets its turn.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from time import perf_counter

import orjson

from spanwise.pipelines import Analyzer, Document
from spanwise.schemas import AnalyzeResponse

LARGE_CHARACTERS = 16_000
"""Requests with more characters in all are large. The JSON of others is encoded within about a millisecond."""
_TOKENS_WEIGH = 8  # a token has some ten fields, which makes eight times the JSON of entities and sentences
_PIECE_BYTES = 128 * 1024
_SLICE_ITEMS = 256


def is_large(work: Sequence[tuple[Analyzer, Document]]) -> bool:
    """Return whether the documents of a request make an answer that the event loop should not encode."""
    characters = 0
    for _, document in work:
        characters += len(document.text) * (_TOKENS_WEIGH if "tokens" in document.features else 1)
    return characters > LARGE_CHARACTERS


class EncodedAnalysis:
    """The JSON of one analysis in pieces, and the milliseconds that its encoding took.

    It is no dataclass, because orjson would encode one by itself, without asking for its JSON.
    """

    __slots__ = ("milliseconds", "pieces")

    def __init__(self, pieces: list[bytes], milliseconds: float) -> None:
        self.pieces = pieces
        self.milliseconds = milliseconds


def encode_analysis(analysis: AnalyzeResponse) -> EncodedAnalysis | Exception:
    """Encode an analysis. Return the error where a value is none that JSON knows, as the document's outcome."""
    started = perf_counter()
    try:
        if any(isinstance(value, list) and len(value) > _SLICE_ITEMS for value in analysis.values()):
            pieces = list(_gather(_slices(analysis)))
        else:
            pieces = [orjson.dumps(analysis)]
    except TypeError as error:  # orjson's own error is one
        return error
    return EncodedAnalysis(pieces, (perf_counter() - started) * 1000)


def _gather(parts: Iterable[bytes]) -> Iterator[bytes]:
    """Join parts into pieces of at least 128 KiB; only the last piece may be smaller."""
    gathered: list[bytes] = []
    size = 0
    for part in parts:
        gathered.append(part)
        size += len(part)
        if size >= _PIECE_BYTES:
            yield b"".join(gathered)
            gathered.clear()
            size = 0
    if gathered:
        yield b"".join(gathered)


def _slices(analysis: Mapping[str, object]) -> Iterator[bytes]:
    opening = b"{"
    for name, value in analysis.items():
        yield opening + orjson.dumps(name) + b":"
        opening = b","
        if not isinstance(value, list) or len(value) <= _SLICE_ITEMS:
            yield orjson.dumps(value)
            continue
        bracket = b"["
        for start in range(0, len(value), _SLICE_ITEMS):
            yield bracket
            yield orjson.dumps(value[start : start + _SLICE_ITEMS])[1:-1]
            bracket = b","
        yield b"]"
    yield b"}"
