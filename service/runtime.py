"""A worker while it serves: its pipelines, NLP threads and queue, owned by the application's lifespan."""

import asyncio
import gc
import math
import os
import sys
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import perf_counter

import structlog
from starlette.requests import Request

from spanwise.pipelines import Analyzer, PipelineError, Registry
from spanwise.pipelines.component_imports import import_components
from spanwise.pipelines.extension_specs import Extensions
from spanwise.service.connections.open_connections import OpenConnections
from spanwise.service.errors import NotReady
from spanwise.service.process import heap
from spanwise.service.process.cpus import available_cpus
from spanwise.service.queue import cost_seed
from spanwise.service.queue.batcher import Batcher
from spanwise.service.settings import Settings
from spanwise.service.telemetry.logging import flush_logs
from spanwise.service.telemetry.metrics import Metrics

log = structlog.get_logger(__name__)

DOCUMENT_CHARACTERS = 100
"""What a document costs a micro-batch beyond its characters, so that a batch of very short texts stays small."""

NLP_NICENESS = 5
"""Added to the niceness of NLP threads, so that the event loop can answer probes while they use all CPUs (ADR 0020)."""


@dataclass(frozen=True)
class Runtime:
    """A worker that is ready to serve. The application holds it as `app.state.runtime`."""

    settings: Settings
    registry: Registry
    batcher: Batcher
    connections: OpenConnections
    readers: set[asyncio.Timeout] = field(default_factory=set)
    """The time limits of requests whose bodies are still arriving."""
    streams: set[object] = field(default_factory=set)
    """The streams that are being served."""
    leaving: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once a shutdown has begun; for `shutdown_delay_seconds` after that, work is still accepted."""

    async def drain(self, *, delayed: bool = True) -> bool:
        """Accept nothing more and finish what was accepted. Return False when the time allowed was too short.

        The first call makes `/readyz` answer 503. If it is `delayed`, it goes on accepting for a while, until load
        balancers have noticed.
        """
        if not self.leaving.is_set():
            self.leaving.set()
            self.connections.draining = True
            if delayed:
                await asyncio.sleep(self.settings.shutdown_delay_seconds)
        draining = asyncio.create_task(self.batcher.drain(self.settings.shutdown_seconds))
        await asyncio.sleep(0)  # the batcher stops accepting
        now = asyncio.get_running_loop().time()
        for limit in tuple(self.readers):
            limit.reschedule(now)
        return await draining

    def reasons_not_ready(self) -> list[str]:
        """Return why this worker should get no requests although it does not shut down; empty when it should."""
        return [NotReady.STALLED] if self.batcher.stalled(self.settings.stall_seconds) else []


def runtime_of(request: Request) -> Runtime:
    """Return the runtime of the application that serves this request."""
    runtime: Runtime = request.app.state.runtime
    return runtime


@asynccontextmanager
async def running(
    settings: Settings,
    registry: Registry | None = None,
    metrics: Metrics | None = None,
    connections: OpenConnections | None = None,
) -> AsyncIterator[Runtime]:
    """Load, warm up and self-test, then serve until the block ends.

    The order matters at both ends. Pipelines are loaded on an NLP thread, so that the event loop turns in the meantime,
    and before the server accepts connections, so that no request finds half a service. Their objects then live as long
    as the process and are frozen, because the garbage collector would walk them again and again. At the end the queue
    is closed first, then accepted work is finished, and only then do the threads end.
    """
    metrics = metrics or Metrics()
    threads = settings.nlp_threads or math.ceil(available_cpus() / settings.workers)
    executor = ThreadPoolExecutor(threads, thread_name_prefix="nlp", initializer=_lower_priority)
    try:
        started = perf_counter()
        batcher = Batcher(
            executor,
            threads,
            settings.max_queued_characters,
            settings.micro_batch_characters,
            DOCUMENT_CHARACTERS,
            max_queued_seconds=settings.max_queued_seconds,
            batch_seconds=settings.micro_batch_ms / 1000,
            largest_request=max(settings.max_text_characters, settings.max_batch_characters),
            metrics=metrics,
        )
        if registry is None:
            registry = await _load(settings, executor, batcher)
        gc.collect()
        heap.release_freed_memory()
        gc.freeze()
        for analyzer in registry:
            _log_ready(analyzer)
        for warning in registry.load_warnings:
            log.warning("pipeline_warning", pipeline=warning.pipeline, warning=warning.message)
        _log_unused_calibrations(settings, registry)
        metrics.ready(registry, settings.max_queued_characters)
        log.info("ready", seconds=round(perf_counter() - started, 3), nlp_threads=threads)
        runtime = Runtime(settings, registry, batcher, connections or OpenConnections(settings, metrics))
        yield runtime
        finished = await runtime.drain()
        log.info("stopped", unfinished_work=not finished)
    finally:
        gc.unfreeze()
        executor.shutdown(wait=False, cancel_futures=True)
        flush_logs()


def _lower_priority() -> None:
    """Raise the niceness of the calling thread alone. Linux can do that, by setpriority(2); elsewhere do nothing."""
    if sys.platform == "linux":
        thread = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, thread, min(os.getpriority(os.PRIO_PROCESS, thread) + NLP_NICENESS, 19))


def _log_ready(analyzer: Analyzer) -> None:
    """Log a pipeline. Where spaCy's own engine serves it, say why: as a warning, or as an error if that is a defect."""
    fields: dict[str, object] = {
        "pipeline": analyzer.title,
        "language": analyzer.language,
        "engine": analyzer.engine_name,
        "features": sorted(analyzer.features),
        "weights": analyzer.weights,
    }
    if not_served := analyzer.contents.not_served:
        fields["not_served"] = [one["what"] for one in not_served]
    if analyzer.calibrated:
        fields["calibrated_texts"] = analyzer.calibrated["texts"]
        fields["calibration_error"] = analyzer.calibrated["error"]
    if analyzer.sentiment_model:
        fields["sentiment"] = analyzer.sentiment_model.name
    if analyzer.sentiment_model and analyzer.sentiment_model.name == "reference":
        log.warning("sentiment_without_kernels", pipeline=analyzer.title)
    if (fallback := analyzer.fallback) is None:
        log.info("pipeline_ready", **fields)
    else:
        log_fallback = log.error if fallback.is_defect else log.warning
        log_fallback("pipeline_ready", **fields, fallback=fallback.reason)
    if file := analyzer.ignored_calibration:
        reason = "it was fitted on other weights" if analyzer.calibrations else "spaCy's engine has no probabilities"
        log.warning("calibration_ignored", pipeline=analyzer.title, file=str(file), reason=reason)


def _log_unused_calibrations(settings: Settings, registry: Registry) -> None:
    """Log each file of calibrations that the settings name and that no pipeline uses."""
    used = {analyzer.calibrations.file for analyzer in registry if analyzer.calibrations}
    for file in settings.calibration_files:
        if file not in used:
            log.warning("calibration_ignored", file=str(file), reason="no pipeline has the weights it was fitted on")


def load_registry(settings: Settings) -> Registry:
    """Import the operator's own components, then load all pipelines. Raises `PipelineError`."""
    import_components(settings.components)
    extensions = Extensions.parse(settings.extensions)
    return Registry.load(
        settings.pipeline_specs,
        settings.calibration_files,
        extensions=extensions,
        detector=settings.detector,
        preload=settings.preload,
    )


async def _load(settings: Settings, executor: ThreadPoolExecutor, batcher: Batcher) -> Registry:
    """Load all pipelines on an NLP thread, and tell the batcher what they cost. Log the reason of a failure."""
    loop = asyncio.get_running_loop()
    try:
        registry = await loop.run_in_executor(executor, load_registry, settings)
        for analyzer in registry:
            batcher.price(analyzer, await loop.run_in_executor(executor, cost_seed.measure, analyzer))
    except PipelineError as error:
        log.error("start_failed", reason=str(error))  # safe to log: no caller has sent a text yet
        raise
    except Exception as error:
        log.error("start_failed", exc_info=error)
        raise
    return registry
