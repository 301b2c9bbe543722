"""What a worker holds while it serves: pipelines, NLP threads, queue. The lifespan owns it; `app.state.runtime` shows it."""

import asyncio
import gc
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import perf_counter

import structlog

from pipelines import Analyzer, Document, Registry
from service.batcher import Batcher
from service.logging import flush_logs
from service.settings import Settings

log = structlog.get_logger(__name__)

NLP_THREADS = 1
"""spaCy's own components share state and fight over the GIL: one thread is both safe and fastest."""

_MEASURED_SAMPLE = (
    "Angela Merkel met Tim Cook at Apple's office in Paris on Monday, and everybody was very happy. " * 40
)


@dataclass(frozen=True)
class Runtime:
    """A worker that is ready to serve."""

    settings: Settings
    registry: Registry
    batcher: Batcher

    def not_ready_because(self) -> list[str]:
        """Why this worker should get no requests now; empty when it should."""
        reasons = []
        if not self.batcher.accepting:
            reasons.append("shutting down")
        if self.batcher.longest_run() > self.settings.stall_seconds:
            reasons.append("the NLP threads are stuck in one micro-batch")
        return reasons


@asynccontextmanager
async def running(settings: Settings, registry: Registry | None = None) -> AsyncIterator[Runtime]:
    """Load, warm up and self-test, then serve until the block ends.

    The order matters at both ends. Pipelines are loaded on the NLP thread itself, so that whatever they bind to a thread is
    bound to the right one, and before the server accepts connections, so that no request meets half a service. What they
    hold then lives as long as the process and is hidden from the garbage collector, which would walk it again and again.
    At the end the queue is closed first, what was accepted is finished, and only then do the threads go.
    """
    executor = ThreadPoolExecutor(NLP_THREADS, thread_name_prefix="nlp")
    try:
        started = perf_counter()
        if registry is None:
            loading = asyncio.get_running_loop().run_in_executor(executor, Registry.load, settings.pipeline_specs)
            registry = await loading
        batcher = Batcher(executor, NLP_THREADS, settings.max_queued_characters, settings.micro_batch_characters)
        await _measure(registry.default, batcher, executor)
        gc.collect()
        gc.freeze()
        for analyzer in registry:
            log.info(
                "pipeline_ready",
                pipeline=analyzer.title,
                language=analyzer.language,
                engine=analyzer.engine_name,
                features=sorted(analyzer.features),
            )
        log.info("ready", seconds=round(perf_counter() - started, 3))
        yield Runtime(settings, registry, batcher)
        finished = await batcher.drain(settings.shutdown_seconds)
        log.info("stopped", unfinished_work=not finished)
    finally:
        gc.unfreeze()
        executor.shutdown(wait=False, cancel_futures=True)
        flush_logs()


async def _measure(analyzer: Analyzer, batcher: Batcher, executor: ThreadPoolExecutor) -> None:
    """A first drain rate, so that even the first `Retry-After` is computed from something measured."""
    document = Document(_MEASURED_SAMPLE, analyzer.features)
    for _ in range(2):  # the first run still warms caches
        started = perf_counter()
        await asyncio.get_running_loop().run_in_executor(executor, analyzer.analyze, [document])
        seconds = perf_counter() - started
    batcher.drain_rate.record(len(document.text), seconds)
