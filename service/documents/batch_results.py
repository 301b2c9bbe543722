"""Build the results of documents, in the form that `/v1/batch` and `/v1/stream` share."""

from typing import cast

from spanwise.schemas import AnalyzeResponse, BatchError, BatchOk, BatchResult, DocumentError
from spanwise.service.errors import ServiceError
from spanwise.service.queue.submission import Outcome


def batch_result(index: int, document_id: str | None, outcome: Outcome | None) -> BatchResult:
    """Return the result of a document that was in the queue: its analysis, or the error that ended it."""
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
