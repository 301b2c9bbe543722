"""A worker while it serves: its pipelines, NLP threads and queue, owned by the application's lifespan."""

import asyncio
import gc
import math
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import perf_counter

import structlog
from starlette.requests import Request

from spanwise.pipelines import Registry
from spanwise.service.connections.open_connections import OpenConnections
from spanwise.service.errors import NotReady
from spanwise.service.loading import Loaded, load, log_failure, log_pipelines
from spanwise.service.process import heap
from spanwise.service.process.cpus import available_cpus
from spanwise.service.process.priority import lower_priority
from spanwise.service.queue.batcher import Batcher
from spanwise.service.queue.loop_batches import loop_milliseconds
from spanwise.service.settings import Settings
from spanwise.service.telemetry.logging import flush_logs
from spanwise.service.telemetry.metrics import Metrics
from spanwise.service.telemetry.metrics_sampling import Sampler, sampling

log = structlog.get_logger(__name__)

DOCUMENT_CHARACTERS = 100
"""What a document costs a micro-batch beyond its characters, so that a batch of very short texts stays small."""


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
    given: Registry | Loaded | None = None,
    metrics: Metrics | None = None,
    connections: OpenConnections | None = None,
) -> AsyncIterator[Runtime]:
    """Load, warm up and self-test, then serve until the block ends. Nothing is loaded where pipelines are `given`.

    The order matters at both ends. Pipelines are loaded on an NLP thread, so that the event loop turns in the meantime,
    and before the server accepts connections, so that no request finds half a service. Their objects then live as long
    as the process and are frozen, because the garbage collector would walk them again and again. At the end the queue
    is closed first, then accepted work is finished, and only then do the threads end.
    """
    metrics = metrics or Metrics()
    threads = settings.nlp_threads or math.ceil(available_cpus() / settings.workers)
    executor = ThreadPoolExecutor(threads, thread_name_prefix="nlp", initializer=lower_priority)
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
            loop_milliseconds=loop_milliseconds(threads),
            metrics=metrics,
        )
        loaded = await _load(settings, executor) if given is None else given
        registry = loaded.registry if isinstance(loaded, Loaded) else loaded
        if isinstance(loaded, Loaded):
            for analyzer in registry:
                batcher.price(analyzer, loaded.costs[analyzer.name])
        gc.collect()
        heap.release_freed_memory()
        gc.freeze()
        if not isinstance(given, Loaded):  # whoever has loaded those has logged them
            log_pipelines(settings, registry)
        metrics.ready(registry, settings.max_queued_characters)
        metrics.set_limits(threads, settings.max_queued_seconds, settings.max_streams)
        log.info("ready", seconds=round(perf_counter() - started, 3), nlp_threads=threads)
        runtime = Runtime(settings, registry, batcher, connections or OpenConnections(settings, metrics))
        sampler = Sampler(metrics, registry, batcher.state, lambda: len(runtime.streams))
        async with sampling(metrics, sampler):
            yield runtime
            finished = await runtime.drain()
        log.info("stopped", unfinished_work=not finished)
    finally:
        gc.unfreeze()
        executor.shutdown(wait=False, cancel_futures=True)
        flush_logs()


async def _load(settings: Settings, executor: ThreadPoolExecutor) -> Loaded:
    """Load all pipelines on an NLP thread. Log the reason of a failure."""
    try:
        return await asyncio.get_running_loop().run_in_executor(executor, load, settings)
    except Exception as error:
        log_failure(error)
        raise
