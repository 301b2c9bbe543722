"""What a worker holds while it serves: pipelines, NLP threads, queue. The lifespan owns it, as `app.state.runtime`."""

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

from spanwise.pipelines import Analyzer, Document, PipelineError, Registry
from spanwise.service.process import heap
from spanwise.service.process.cpus import available_cpus
from spanwise.service.queue.batcher import Batcher
from spanwise.service.settings import Settings
from spanwise.service.telemetry.logging import flush_logs
from spanwise.service.telemetry.metrics import Metrics

log = structlog.get_logger(__name__)

DOCUMENT_CHARACTERS = 100
"""What a document costs a micro-batch beyond its characters: very short texts do not come for nothing."""

NLP_NICENESS = 5
"""How much nicer NLP threads are than the event loop, which has to answer probes while they use all CPUs (ADR 0020)."""

_MEASURED_SAMPLE = (
    "Angela Merkel met Tim Cook at Apple's office in Paris on Monday, and everybody was very happy. " * 10
)


@dataclass(frozen=True)
class Runtime:
    """A worker that is ready to serve."""

    settings: Settings
    registry: Registry
    batcher: Batcher
    readers: set[asyncio.Timeout] = field(default_factory=set)
    """The time limits of requests whose bodies are still arriving."""
    streams: set[object] = field(default_factory=set)
    """The streams that are being served."""
    leaving: asyncio.Event = field(default_factory=asyncio.Event)
    """Whether a shutdown has begun, although work may still be accepted."""

    async def drain(self) -> bool:
        """Accept nothing more, and finish what was accepted within the time allowed; False when that was too short.

        Before that, once: say so at `/readyz` and go on, until load balancers have noticed.
        """
        if not self.leaving.is_set():
            self.leaving.set()
            await asyncio.sleep(self.settings.shutdown_delay_seconds)
        draining = asyncio.create_task(self.batcher.drain(self.settings.shutdown_seconds))
        await asyncio.sleep(0)
        now = asyncio.get_running_loop().time()
        for limit in tuple(self.readers):
            limit.reschedule(now)
        return await draining

    def not_ready_because(self) -> list[str]:
        """Why this worker should get no requests although it does not shut down; empty when it should."""
        stalled = self.batcher.stalled(self.settings.stall_seconds)
        return ["the NLP threads do not get on with their work"] if stalled else []


@asynccontextmanager
async def running(
    settings: Settings, registry: Registry | None = None, metrics: Metrics | None = None
) -> AsyncIterator[Runtime]:
    """Load, warm up and self-test, then serve until the block ends.

    The order matters at both ends. Pipelines are loaded on an NLP thread, so that the event loop turns meanwhile,
    and before the server accepts connections, so that no request meets half a
    service. What they hold then lives as long as the process and is hidden from the garbage collector, which would
    walk it again and again. At the end the queue is closed first, what was accepted is finished, and only then do
    the threads go.
    """
    metrics = metrics or Metrics()
    threads = settings.nlp_threads or math.ceil(available_cpus() / settings.workers)
    executor = ThreadPoolExecutor(threads, thread_name_prefix="nlp", initializer=_give_way)
    try:
        started = perf_counter()
        batcher = Batcher(
            executor,
            threads,
            settings.max_queued_characters,
            settings.micro_batch_characters,
            DOCUMENT_CHARACTERS,
            metrics=metrics,
        )
        if registry is None:
            registry = await _load(settings, executor, batcher)
        gc.collect()
        heap.give_back()
        gc.freeze()
        for analyzer in registry:
            _log_ready(analyzer)
        metrics.ready(registry, settings.max_queued_characters)
        log.info("ready", seconds=round(perf_counter() - started, 3), nlp_threads=threads)
        runtime = Runtime(settings, registry, batcher)
        yield runtime
        finished = await runtime.drain()
        log.info("stopped", unfinished_work=not finished)
    finally:
        gc.unfreeze()
        executor.shutdown(wait=False, cancel_futures=True)
        flush_logs()


def _give_way() -> None:
    """Make this thread nicer than the others of its process, where the system can: setpriority(2) on Linux."""
    if sys.platform == "linux":
        thread = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, thread, min(os.getpriority(os.PRIO_PROCESS, thread) + NLP_NICENESS, 19))


def _log_ready(analyzer: Analyzer) -> None:
    """Once per pipeline; when spaCy's own engine serves it, why: a warning, or an error when that is a defect."""
    fields: dict[str, object] = {
        "pipeline": analyzer.title,
        "language": analyzer.language,
        "engine": analyzer.engine_name,
        "features": sorted(analyzer.features),
    }
    if analyzer.sentiment_model:
        fields["sentiment"] = analyzer.sentiment_model.name
    if analyzer.sentiment_model and analyzer.sentiment_model.name == "reference":
        log.warning("sentiment_without_kernels", pipeline=analyzer.title)
    if (fallback := analyzer.fallback) is None:
        log.info("pipeline_ready", **fields)
    else:
        tell = log.error if fallback.is_defect else log.warning
        tell("pipeline_ready", **fields, fallback=fallback.reason)


async def _load(settings: Settings, executor: ThreadPoolExecutor, batcher: Batcher) -> Registry:
    loop = asyncio.get_running_loop()
    try:
        registry = await loop.run_in_executor(executor, Registry.load, settings.pipeline_specs)
        batcher.drain_rate.record(*await loop.run_in_executor(executor, _measure, registry.default))
    except PipelineError as error:
        log.error("start_failed", reason=str(error))  # about pipelines alone: no caller has sent a text yet
        raise
    except Exception as error:
        log.error("start_failed", exc_info=error)
        raise
    return registry


def _measure(analyzer: Analyzer) -> tuple[int, float]:
    """Characters and seconds of one analysis, so that even the first `Retry-After` has something measured to go by."""
    document = Document(_MEASURED_SAMPLE, analyzer.features)
    analyzer.analyze([document])  # fills caches
    started = perf_counter()
    analyzer.analyze([document])
    return len(document.text), perf_counter() - started
