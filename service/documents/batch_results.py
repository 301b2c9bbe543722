"""Build the results of documents, in the form that `/v1/batch` and `/v1/stream` share, and encode them."""

from collections.abc import Iterable, Iterator
from typing import cast

import orjson
import structlog

from spanwise.schemas import AnalyzeResponse, BatchError, BatchOk, BatchResult, DocumentError
from spanwise.service.errors import InternalError, ServiceError
from spanwise.service.queue.encoded_analysis import EncodedAnalysis
from spanwise.service.queue.submission import Outcome

log = structlog.get_logger(__name__)


def batch_result(index: int, document_id: str | None, outcome: Outcome | None) -> BatchResult:
    """Return the result of a document that was in the queue: its analysis, or the error that ended it.

    An analysis that is encoded already stays so; `encode_line` and `batch_parts` know what to do with it.
    """
    if isinstance(outcome, ServiceError):
        return batch_error(index, document_id, outcome.code, outcome.detail)
    analysis = cast("AnalyzeResponse", outcome)
    if document_id:
        return BatchOk(status="ok", index=index, id=document_id, analysis=analysis)
    return BatchOk(status="ok", index=index, analysis=analysis)


def batch_error(index: int, document_id: str | None, code: str, detail: str) -> BatchError:
    """Return the result of a document that was refused or failed."""
    error = DocumentError(code=code, detail=detail)
    if document_id:
        return BatchError(status="error", index=index, id=document_id, error=error)
    return BatchError(status="error", index=index, error=error)


def encode_line(result: BatchResult) -> bytes:
    """Encode a result as one line of JSON Lines."""
    return _encode(result, orjson.OPT_APPEND_NEWLINE)


def batch_parts(results: Iterable[BatchResult]) -> Iterator[bytes]:
    """Yield the JSON of a `BatchResponse` in parts. Analyses that are encoded already are not copied."""
    opening = b'{"results":['
    for result in results:
        yield opening
        opening = b","
        analysis: object = result["analysis"] if result["status"] == "ok" else None
        if isinstance(analysis, EncodedAnalysis):
            envelope = orjson.dumps({name: value for name, value in result.items() if value is not analysis})
            yield envelope[:-1] + b',"analysis":'
            yield from analysis.pieces
            yield b"}"
        else:
            yield _encode(result)
    yield b"]}"


def _encode(result: BatchResult, option: int = 0) -> bytes:
    """Encode a result. One that holds what JSON does not know, such as a value of somebody's component, is an error."""
    try:
        return orjson.dumps(result, default=_fragment, option=option)
    except TypeError as error:
        log.error("encoding_failed", document=result["index"], exc_info=error)
        failed = InternalError()
        return orjson.dumps(batch_error(result["index"], result.get("id"), failed.code, failed.detail), option=option)


def _fragment(analysis: object) -> orjson.Fragment:
    """Tell orjson how to write an analysis that is encoded already."""
    if isinstance(analysis, EncodedAnalysis):
        return orjson.Fragment(b"".join(analysis.pieces))
    raise TypeError
