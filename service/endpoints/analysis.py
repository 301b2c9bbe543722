"""`POST /v1/entities`, `/v1/sentiment`, `/v1/analyze` and `/v1/batch`."""

import asyncio
from collections.abc import Sequence
from time import perf_counter
from typing import Any, cast

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from spanwise.pipelines import Analyzer, Document
from spanwise.schemas import (
    AnalyzeRequest,
    AnalyzeResponse,
    BatchDocument,
    BatchError,
    BatchOk,
    BatchRequest,
    BatchResponse,
    BatchResult,
    DocumentError,
    EntitiesRequest,
    EntitiesResponse,
    Feature,
    RejectedDocument,
    SentimentRequest,
    SentimentResponse,
    given,
)
from spanwise.service.endpoints.json_route import JSONRoute
from spanwise.service.endpoints.selection import batch_analyzers, check_labels, choose_analyzer
from spanwise.service.errors import ServiceError, ValidationFailed
from spanwise.service.http.openapi import ANALYSIS_ERRORS, TIMEOUT_HEADER, operation_id
from spanwise.service.http.request_record import observed
from spanwise.service.http.responses import JSONResponse
from spanwise.service.queue.submission import Outcome, Submission
from spanwise.service.runtime import Runtime

router = APIRouter(route_class=JSONRoute, tags=["analysis"], generate_unique_id_function=operation_id)

_ENTITIES: frozenset[Feature] = frozenset({"entities"})
_SENTIMENT: frozenset[Feature] = frozenset({"sentiment", "sentences"})


@router.post(
    "/v1/entities",
    summary="Extract named entities",
    response_model=EntitiesResponse,
    responses=ANALYSIS_ERRORS,
    openapi_extra=TIMEOUT_HEADER,
)
async def extract_entities(body: EntitiesRequest, request: Request) -> Any:
    """Finds the named entities of one text: people, places, organisations, dates and what else its pipeline knows."""
    return await _answer_one(request, body, _ENTITIES, given(body.labels))


@router.post(
    "/v1/sentiment",
    summary="Analyze sentiment",
    response_model=SentimentResponse,
    responses=ANALYSIS_ERRORS,
    openapi_extra=TIMEOUT_HEADER,
)
async def analyze_sentiment(body: SentimentRequest, request: Request) -> Any:
    """Scores one text as a whole and each of its sentences as negative, neutral and positive."""
    return await _answer_one(request, body, _SENTIMENT)


@router.post(
    "/v1/analyze",
    summary="Analyze a text in several ways at once",
    response_model=AnalyzeResponse,
    responses=ANALYSIS_ERRORS,
    openapi_extra=TIMEOUT_HEADER,
)
async def analyze(body: AnalyzeRequest, request: Request) -> Any:
    """Reads one text once and answers with exactly the sections that were asked for."""
    return await _answer_one(request, body, body.features, given(body.labels))


@router.post(
    "/v1/batch",
    summary="Analyze many texts",
    response_model=BatchResponse,
    responses=ANALYSIS_ERRORS,
    openapi_extra=TIMEOUT_HEADER,
)
async def analyze_batch(body: BatchRequest, request: Request) -> Any:
    """One result per document, in the order sent. A bad document gets its own error and leaves the others alone."""
    registry = _runtime(request).registry
    labels = given(body.labels)
    check_labels(labels, batch_analyzers(registry, body))
    work: list[tuple[Analyzer, Document]] = []
    refused: dict[int, DocumentError] = {}
    for index, document in enumerate(body.documents):
        if isinstance(document, RejectedDocument):
            refused[index] = DocumentError(code=document.code, detail=document.detail)
            continue
        try:
            analyzer = choose_analyzer(registry, given(document.language), body.features, "/features")
        except ValidationFailed as error:
            refused[index] = DocumentError(code=error.errors[0]["code"], detail=error.errors[0]["detail"])
        else:
            work.append((analyzer, Document(document.text, body.features, body.offset_encoding, labels)))
    submission = await _submit(request, work) if work else None
    outcomes = iter(submission.outcomes if submission else ())
    results: list[BatchResult] = [
        _failed(index, document, refused[index]) if index in refused else _result(index, document, next(outcomes))
        for index, document in enumerate(body.documents)
    ]
    return _encode(request, BatchResponse(results=results))


async def _answer_one(
    request: Request,
    body: EntitiesRequest | SentimentRequest | AnalyzeRequest,
    features: frozenset[Feature],
    labels: frozenset[str] | None = None,
) -> Response:
    registry = _runtime(request).registry
    pointer = "/features" if isinstance(body, AnalyzeRequest) else ""
    analyzer = choose_analyzer(registry, given(body.language), features, pointer)
    check_labels(labels, (analyzer,))
    submission = await _submit(request, [(analyzer, Document(body.text, features, body.offset_encoding, labels))])
    outcome = submission.outcomes[0]
    if isinstance(outcome, ServiceError):
        raise outcome
    return _encode(request, outcome)


async def _submit(request: Request, work: Sequence[tuple[Analyzer, Document]]) -> Submission:
    """Queue the work and wait for it, or for the deadline, or for the caller to hang up."""
    runtime, seen = _runtime(request), observed(request)
    seen.documents = len(work)
    seen.characters = sum(len(document.text) for _, document in work)
    submission = runtime.batcher.admit(seen.request_id, work)
    listening = asyncio.create_task(_hung_up(request))
    try:
        await runtime.batcher.wait(submission, seen.deadline - asyncio.get_running_loop().time(), listening)
    finally:
        listening.cancel()
        seen.queue_ms, seen.nlp_ms = submission.queue_ms, submission.nlp_ms
    return submission


async def _hung_up(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _encode(request: Request, answer: object) -> Response:
    seen, started = observed(request), perf_counter()
    body = orjson.dumps(answer)
    seen.encode_ms = (perf_counter() - started) * 1000
    return JSONResponse(body, headers={"Server-Timing": seen.server_timing()})


def _result(index: int, document: BatchDocument | RejectedDocument, outcome: Outcome | None) -> BatchResult:
    if isinstance(outcome, ServiceError):
        return _failed(index, document, DocumentError(code=outcome.code, detail=outcome.detail))
    analysis = cast("AnalyzeResponse", outcome)
    if name := given(document.id):
        return BatchOk(status="ok", index=index, id=name, analysis=analysis)
    return BatchOk(status="ok", index=index, analysis=analysis)


def _failed(index: int, document: BatchDocument | RejectedDocument, error: DocumentError) -> BatchError:
    if name := given(document.id):
        return BatchError(status="error", index=index, id=name, error=error)
    return BatchError(status="error", index=index, error=error)


def _runtime(request: Request) -> Runtime:
    runtime: Runtime = request.app.state.runtime
    return runtime
