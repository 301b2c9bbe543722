"""`GET /v1/pipelines`, `/livez`, `/readyz` and `/metrics`."""

from importlib.metadata import version
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from spanwise.pipelines import Analyzer
from spanwise.schemas import LivenessResponse, Pipeline, PipelinesResponse, ReadinessResponse, ServiceLimits
from spanwise.service.endpoints.probe_route import ProbeRoute
from spanwise.service.errors import NotReady, ShuttingDown
from spanwise.service.http.openapi import NO_KEY_NEEDED, PROTECTED_ERRORS, READINESS_ERRORS, operation_id
from spanwise.service.http.responses import JSONResponse
from spanwise.service.runtime import Runtime, runtime_of
from spanwise.service.settings import Settings
from spanwise.service.telemetry.metrics import CONTENT_TYPE, Metrics

_VERSION = version("spanwise")

router = APIRouter(generate_unique_id_function=operation_id)
probes = APIRouter(route_class=ProbeRoute, generate_unique_id_function=operation_id)


@router.get(
    "/v1/pipelines",
    tags=["analysis"],
    summary="List pipelines and limits",
    response_model=PipelinesResponse,
    responses=PROTECTED_ERRORS,
)
async def list_pipelines(request: Request) -> Any:
    """Says what each loaded pipeline offers, and which limits are in force."""
    runtime = runtime_of(request)
    default = runtime.registry.default
    answer = PipelinesResponse(
        version=_VERSION,
        pipelines=[describe(analyzer, default=analyzer is default) for analyzer in runtime.registry],
        limits=limits(runtime.settings),
    )
    return JSONResponse.of(answer)


@probes.get(
    "/livez",
    tags=["system"],
    summary="Whether the process lives",
    response_model=LivenessResponse,
    openapi_extra=NO_KEY_NEEDED,
)
async def get_liveness(request: Request) -> Any:  # noqa: ARG001 - as ProbeRoute calls it
    """200 while the event loop turns. Never waits for analysis."""
    return JSONResponse(b'{"status":"alive"}')


@probes.get(
    "/readyz",
    tags=["system"],
    summary="Whether the service can serve",
    response_model=ReadinessResponse,
    responses=READINESS_ERRORS,
    openapi_extra=NO_KEY_NEEDED,
)
async def get_readiness(request: Request) -> Any:
    """200 once every pipeline is loaded, warmed up and self-tested, while work gets done; else 503 with the reasons."""
    runtime: Runtime | None = getattr(request.app.state, "runtime", None)
    if runtime is None:
        raise NotReady([NotReady.NOT_LOADED])
    if runtime.leaving.is_set() or not runtime.batcher.accepting:
        raise ShuttingDown
    if reasons := runtime.reasons_not_ready():
        raise NotReady(reasons)
    return JSONResponse(b'{"status":"ready"}')


@router.get("/metrics", include_in_schema=False)
async def get_metrics(request: Request) -> Any:
    """Answer with the metrics of all workers, for Prometheus, also while every NLP thread is busy."""
    metrics: Metrics = request.app.state.metrics
    return Response(await metrics.exposition(), media_type=CONTENT_TYPE)


def describe(analyzer: Analyzer, *, default: bool) -> Pipeline:
    """Return a pipeline as `/v1/pipelines` shows it."""
    contents = analyzer.contents
    described = Pipeline(
        name=analyzer.name,
        version=analyzer.version,
        language=analyzer.language,
        licence=analyzer.licence,
        weights=analyzer.weights,
        engine=analyzer.engine_name,
        features=sorted(analyzer.features),
        entity_labels=list(analyzer.entity_labels),
        sentiment_labels=list(analyzer.sentiment_labels),
        default=default,
        components=list(contents.components),
        not_served=list(contents.not_served),
    )
    if contents.categories:
        described["categories"] = contents.categories
    if contents.span_keys:
        described["span_keys"] = list(contents.span_keys)
    if contents.extensions:
        described["extensions"] = list(contents.extensions)
    if analyzer.calibrated is not None:
        described["calibrated"] = analyzer.calibrated
    return described


def limits(settings: Settings) -> ServiceLimits:
    """Return the limits in force as `/v1/pipelines` shows them."""
    return ServiceLimits(
        max_body_bytes=settings.max_body_bytes,
        max_text_characters=settings.max_text_characters,
        max_batch_documents=settings.max_batch_documents,
        max_batch_characters=settings.max_batch_characters,
        max_stream_line_bytes=settings.max_stream_line_bytes,
        default_timeout_ms=settings.default_timeout_ms,
        max_timeout_ms=settings.max_timeout_ms,
    )
