"""`POST /v1/entities`, `/v1/sentiment`, `/v1/analyze` and `/v1/batch`."""

import asyncio
from collections.abc import Iterable, Sequence
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
    RejectedDocument,
    SentimentRequest,
    SentimentResponse,
    given,
)
from spanwise.service.documents.batch_results import batch_error, batch_parts, batch_result
from spanwise.service.documents.document_language import require_language, resolve_language
from spanwise.service.documents.options import Options, entities_options, options_of, sentiment_options
from spanwise.service.documents.selection import (
    check_batch,
    check_labels,
    choice_of,
    choose_analyzer,
    require_analyzer,
)
from spanwise.service.endpoints.json_route import JSONRoute
from spanwise.service.errors import ServiceError
from spanwise.service.http.large_response import LargeJSONResponse
from spanwise.service.http.openapi import ANALYSIS_ERRORS, TIMEOUT_PARAMETER, operation_id
from spanwise.service.http.request_record import record_of
from spanwise.service.http.responses import JSONResponse
from spanwise.service.queue.encoded_analysis import EncodedAnalysis, is_large
from spanwise.service.queue.submission import Submission
from spanwise.service.runtime import runtime_of

router = APIRouter(route_class=JSONRoute, tags=["analysis"], generate_unique_id_function=operation_id)


@router.post(
    "/v1/entities",
    summary="Extract named entities",
    response_model=EntitiesResponse,
    responses=ANALYSIS_ERRORS,
    openapi_extra=TIMEOUT_PARAMETER,
)
async def extract_entities(body: EntitiesRequest, request: Request) -> Any:
    """Finds the named entities of one text: people, places, organisations, dates and what else its pipeline knows."""
    return await _answer_one(request, body, entities_options(body))


@router.post(
    "/v1/sentiment",
    summary="Analyze sentiment",
    response_model=SentimentResponse,
    responses=ANALYSIS_ERRORS,
    openapi_extra=TIMEOUT_PARAMETER,
)
async def analyze_sentiment(body: SentimentRequest, request: Request) -> Any:
    """Scores one text as a whole and each of its sentences as negative, neutral and positive."""
    return await _answer_one(request, body, sentiment_options(body))


@router.post(
    "/v1/analyze",
    summary="Analyze a text in several ways at once",
    response_model=AnalyzeResponse,
    responses=ANALYSIS_ERRORS,
    openapi_extra=TIMEOUT_PARAMETER,
)
async def analyze(body: AnalyzeRequest, request: Request) -> Any:
    """Reads one text once and answers with exactly the sections that were asked for."""
    return await _answer_one(request, body, options_of(body))


@router.post(
    "/v1/batch",
    summary="Analyze many texts",
    response_model=BatchResponse,
    responses=ANALYSIS_ERRORS,
    openapi_extra=TIMEOUT_PARAMETER,
)
async def analyze_batch(body: BatchRequest, request: Request) -> Any:
    """One result per document, in the order sent. A bad document gets its own error and leaves the others alone."""
    runtime = runtime_of(request)
    registry = runtime.registry
    options = options_of(body)
    check_batch(registry, body)
    work: list[tuple[Analyzer, Document]] = []
    refused: dict[int, BatchResult] = {}
    for index, document in enumerate(body.documents):
        if isinstance(document, RejectedDocument):
            refused[index] = batch_error(index, document.id, document.code, document.detail)
            continue
        by = await resolve_language(runtime, choice_of(document, body), document.text)
        chosen = by.error or choose_analyzer(registry, by.choice, options)
        if isinstance(chosen, Analyzer):
            work.append((chosen, options.document(document.text, chosen, by)))
        else:
            refused[index] = batch_error(index, given(document.id), chosen["code"], chosen["detail"])
    submission = await _submit(request, work) if work else None
    outcomes = iter(submission.outcomes if submission else ())
    results = [
        refused[index] if index in refused else batch_result(index, given(document.id), next(outcomes))
        for index, document in enumerate(body.documents)
    ]
    if submission and submission.large:
        return _answer_large(request, submission, batch_parts(results))
    try:
        return _encode(request, BatchResponse(results=results))
    except TypeError:  # one of the results holds what JSON does not know: it fails alone
        return _encode(request, orjson.Fragment(b"".join(batch_parts(results))))


async def _answer_one(
    request: Request, body: EntitiesRequest | SentimentRequest | AnalyzeRequest, options: Options
) -> Response:
    """Analyse one text and answer with its analysis, or raise the error that it ended with."""
    runtime = runtime_of(request)
    by = await require_language(runtime, choice_of(body), body.text)
    analyzer = require_analyzer(runtime.registry, by.choice, options)
    check_labels(options.labels, (analyzer,))
    submission = await _submit(request, [(analyzer, options.document(body.text, analyzer, by))])
    outcome = submission.outcomes[0]
    if isinstance(outcome, ServiceError):
        raise outcome
    if isinstance(outcome, EncodedAnalysis):
        return _answer_large(request, submission, outcome.pieces)
    return _encode(request, outcome)


async def _submit(request: Request, work: Sequence[tuple[Analyzer, Document]]) -> Submission:
    """Queue the documents and wait until all are done, the deadline passes, or the caller disconnects."""
    runtime, record = runtime_of(request), record_of(request)
    record.documents = len(work)
    record.pipelines = {analyzer.title for analyzer, _ in work}
    record.characters = sum(len(document.text) for _, document in work)
    submission = runtime.batcher.admit(record.request_id, work, caller=record.caller, identity=record.body_hash)
    submission.large = is_large(work)
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


def _answer_large(request: Request, submission: Submission, parts: Iterable[bytes]) -> Response:
    """Answer with what the NLP threads have encoded."""
    record, started = record_of(request), perf_counter()
    whole = list(parts)
    encoded = sum(one.milliseconds for one in submission.outcomes if isinstance(one, EncodedAnalysis))
    record.encode_ms = encoded + (perf_counter() - started) * 1000
    return LargeJSONResponse(whole, record.server_timing())
