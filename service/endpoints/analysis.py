"""`POST /v1/entities`, `/v1/sentiment`, `/v1/analyze` and `/v1/batch`."""

import asyncio
from collections.abc import Sequence
from time import perf_counter
from typing import Any

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from spanwise.pipelines import Analyzer, Document
from spanwise.schemas import (
    AnalyzeRequest,
    AnalyzeResponse,
    BatchRequest,
    BatchResponse,
    BatchResult,
    EntitiesRequest,
    EntitiesResponse,
    Feature,
    RejectedDocument,
    SentimentRequest,
    SentimentResponse,
    given,
)
from spanwise.service.documents.batch_results import batch_error, batch_result
from spanwise.service.documents.selection import batch_analyzers, check_labels, choose_analyzer, require_analyzer
from spanwise.service.endpoints.json_route import JSONRoute
from spanwise.service.errors import ServiceError
from spanwise.service.http.openapi import ANALYSIS_ERRORS, TIMEOUT_PARAMETER, operation_id
from spanwise.service.http.request_record import record_of
from spanwise.service.http.responses import JSONResponse
from spanwise.service.queue.submission import Submission
from spanwise.service.runtime import runtime_of

router = APIRouter(route_class=JSONRoute, tags=["analysis"], generate_unique_id_function=operation_id)

_ENTITIES: frozenset[Feature] = frozenset({"entities"})
_SENTIMENT: frozenset[Feature] = frozenset({"sentiment", "sentences"})


@router.post(
    "/v1/entities",
    summary="Extract named entities",
    response_model=EntitiesResponse,
    responses=ANALYSIS_ERRORS,
    openapi_extra=TIMEOUT_PARAMETER,
)
async def extract_entities(body: EntitiesRequest, request: Request) -> Any:
    """Finds the named entities of one text: people, places, organisations, dates and what else its pipeline knows."""
    return await _answer_one(request, body, _ENTITIES, given(body.labels))


@router.post(
    "/v1/sentiment",
    summary="Analyze sentiment",
    response_model=SentimentResponse,
    responses=ANALYSIS_ERRORS,
    openapi_extra=TIMEOUT_PARAMETER,
)
async def analyze_sentiment(body: SentimentRequest, request: Request) -> Any:
    """Scores one text as a whole and each of its sentences as negative, neutral and positive."""
    return await _answer_one(request, body, _SENTIMENT)


@router.post(
    "/v1/analyze",
    summary="Analyze a text in several ways at once",
    response_model=AnalyzeResponse,
    responses=ANALYSIS_ERRORS,
    openapi_extra=TIMEOUT_PARAMETER,
)
async def analyze(body: AnalyzeRequest, request: Request) -> Any:
    """Reads one text once and answers with exactly the sections that were asked for."""
    return await _answer_one(request, body, body.features, given(body.labels))


@router.post(
    "/v1/batch",
    summary="Analyze many texts",
    response_model=BatchResponse,
    responses=ANALYSIS_ERRORS,
    openapi_extra=TIMEOUT_PARAMETER,
)
async def analyze_batch(body: BatchRequest, request: Request) -> Any:
    """One result per document, in the order sent. A bad document gets its own error and leaves the others alone."""
    registry = runtime_of(request).registry
    labels = given(body.labels)
    check_labels(labels, batch_analyzers(registry, body))
    work: list[tuple[Analyzer, Document]] = []
    refused: dict[int, BatchResult] = {}
    for index, document in enumerate(body.documents):
        if isinstance(document, RejectedDocument):
            refused[index] = batch_error(index, document.id, document.code, document.detail)
            continue
        chosen = choose_analyzer(registry, given(document.language), body.features, "/features")
        if isinstance(chosen, Analyzer):
            work.append((chosen, Document(document.text, body.features, body.offset_encoding, labels)))
        else:
            refused[index] = batch_error(index, given(document.id), chosen["code"], chosen["detail"])
    submission = await _submit(request, work) if work else None
    outcomes = iter(submission.outcomes if submission else ())
    results = [
        refused[index] if index in refused else batch_result(index, given(document.id), next(outcomes))
        for index, document in enumerate(body.documents)
    ]
    return _encode(request, BatchResponse(results=results))


async def _answer_one(
    request: Request,
    body: EntitiesRequest | SentimentRequest | AnalyzeRequest,
    features: frozenset[Feature],
    labels: frozenset[str] | None = None,
) -> Response:
    """Analyse one text and answer with its analysis, or raise the error that it ended with."""
    registry = runtime_of(request).registry
    pointer = "/features" if isinstance(body, AnalyzeRequest) else ""
    analyzer = require_analyzer(registry, given(body.language), features, pointer)
    check_labels(labels, (analyzer,))
    submission = await _submit(request, [(analyzer, Document(body.text, features, body.offset_encoding, labels))])
    outcome = submission.outcomes[0]
    if isinstance(outcome, ServiceError):
        raise outcome
    return _encode(request, outcome)


async def _submit(request: Request, work: Sequence[tuple[Analyzer, Document]]) -> Submission:
    """Queue the documents and wait until all are done, the deadline passes, or the caller disconnects."""
    runtime, record = runtime_of(request), record_of(request)
    record.documents = len(work)
    record.characters = sum(len(document.text) for _, document in work)
    submission = runtime.batcher.admit(record.request_id, work, caller=record.caller, identity=record.body_hash)
    disconnect = asyncio.create_task(_wait_for_disconnect(request))
    try:
        await runtime.batcher.wait(submission, record.deadline - asyncio.get_running_loop().time(), disconnect)
    finally:
        disconnect.cancel()
        record.queue_ms, record.nlp_ms = submission.queue_ms, submission.nlp_ms
    return submission


async def _wait_for_disconnect(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _encode(request: Request, answer: object) -> Response:
    """Encode an answer, and say in its `Server-Timing` how long the request took."""
    record, started = record_of(request), perf_counter()
    body = orjson.dumps(answer)
    record.encode_ms = (perf_counter() - started) * 1000
    return JSONResponse(body, headers={"Server-Timing": record.server_timing()})
