"""Keep the workers running: start them, replace those that end, replace all of them at SIGHUP, and end them.

A worker is judged by what analysis cannot hold up: whether its process exists. Its event loop also says every second
that it turns. A silence is reported in the log; only a very long one, of minutes, makes the supervisor kill a worker.
Silences are counted in ticks of the supervisor's own loop, so that neither a changed clock nor a machine that slept
counts as one.

How a worker is started is the business of `worker_sources.py`. Workers share the listening socket, so that a connection
waits for whichever worker there is; `acceptor.py` says how they share out the connections.
"""

import asyncio
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from time import monotonic

import structlog

from spanwise.service.process.connection_counts import ConnectionCounts
from spanwise.service.process.lifeline import LEAVING
from spanwise.service.process.worker_sources import ChildProcess, TemplateFailed, WorkerSource

log = structlog.get_logger(__name__)

START_FAILED = 3
"""The exit status of a worker that cannot load its pipelines, and of the service then. It is uvicorn's."""

CRASH_LOOP = 1
"""The exit status of the service when its workers end again and again before one of them serves."""

HANDLED_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
"""Whoever executes the supervisor may block these until it handles them."""

_GIVE_UP_AFTER = 5
"""So many starts in a row that failed, while no worker serves, end the service."""

_SETTLED_SECONDS = 60.0
"""A worker that ends sooner than this after its start counts as a failure, for which the next start waits longer."""

_LONGEST_DELAY_SECONDS = 30.0
_TICK_SECONDS = 1.0
_REPORTED_SILENCE_SECONDS = 10.0


class WorkerProcess:
    """A worker as the supervisor sees it."""

    def __init__(self, process: ChildProcess, lifeline: socket.socket) -> None:
        self.process = process
        self.lifeline = lifeline
        self.started = monotonic()
        self.serves = asyncio.Event()
        self.leaves = False
        """Whether another worker takes its place, so that its end is expected."""
        self.silent_seconds = 0.0
        self.reported_silent = False

    @property
    def pid(self) -> int:
        """The process id."""
        return self.process.pid

    def kill(self) -> None:
        """Kill the process, unless it has ended."""
        with suppress(ProcessLookupError):
            self.process.kill()


class Supervisor:
    """The workers of one service, which listen on one socket."""

    def __init__(
        self,
        source: WorkerSource,
        workers: int,
        *,
        start_seconds: float,
        silence_seconds: float,
        leave_seconds: float,
        counts: ConnectionCounts | None = None,
        on_serving: Callable[[], object] = lambda: None,
    ) -> None:
        """`leave_seconds` is what a worker may take to end; one that takes longer is killed. A silence of 0 is none.

        In `counts` each worker has a slot while it lives. `on_serving` is called once, when the first worker serves.
        """
        self._source = source
        self._wanted = workers
        self._start_seconds = start_seconds
        self._silence_seconds = silence_seconds
        self._leave_seconds = leave_seconds
        self._counts = counts
        self._on_serving = on_serving
        self._workers: dict[WorkerProcess, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._starting = asyncio.Lock()
        self._reloading: asyncio.Task[None] | None = None
        self._reload_again = False
        self._over = asyncio.Event()
        self._signals = 0
        self._status = 0
        self._has_served = False
        self._quick_ends = 0
        self._failed_starts = 0

    async def run(self) -> int:
        """Serve until a signal or a failure ends it. Return the exit status."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop, number)
        loop.add_signal_handler(signal.SIGHUP, self._reload_soon)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, HANDLED_SIGNALS)
        self._spawn_task(self._listen_for_silence())
        self._spawn_task(self._fill())
        await self._over.wait()
        for task in (tasks := tuple(self._tasks)):
            task.cancel()
        await self._end_all()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._source.close()
        return self._status

    # Starting

    async def _start(self, source: WorkerSource) -> WorkerProcess:
        """Start a worker. Raises OSError when the system has no process or descriptor left, or `TemplateFailed`."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        try:
            process = await source.start(theirs)
        except BaseException:
            ours.close()  # a worker that was started nevertheless ends by this
            raise
        finally:
            theirs.close()
        worker = WorkerProcess(process, ours)
        asyncio.get_running_loop().add_reader(ours, self._hear, worker)
        if self._counts is not None:
            self._counts.add(worker.pid)
        self._workers[worker] = asyncio.create_task(self._watch(worker))
        log.info("worker_started", pid=worker.pid)
        return worker

    async def _fill(self, delay: float = 0) -> None:
        """Start the workers that are missing, after `delay` seconds. Try again later if the system starts none."""
        await asyncio.sleep(delay)
        async with self._starting:
            while len(self._staying()) < self._wanted:
                try:
                    await self._start(self._source)
                except OSError as error:
                    log.error("worker_not_started", reason=error.strerror, next_try_seconds=_LONGEST_DELAY_SECONDS)
                    self._spawn_task(self._fill(_LONGEST_DELAY_SECONDS))
                    return
                except TemplateFailed as failed:
                    log.error("template_failed", pid=failed.pid, status=failed.status)
                    self._quick_ends += 1
                    self._fill_later(failed.status)
                    return

    def _staying(self) -> list[WorkerProcess]:
        return [worker for worker in self._workers if not worker.leaves]

    # Watching

    def _hear(self, worker: WorkerProcess) -> None:
        """Take in what a worker says."""
        try:
            said = worker.lifeline.recv(4096)
        except BlockingIOError:
            return
        except OSError:
            said = b""
        if not said:
            asyncio.get_running_loop().remove_reader(worker.lifeline)
            return
        if worker.reported_silent:
            log.warning("worker_speaks_again", pid=worker.pid, silent_seconds=round(worker.silent_seconds, 1))
        worker.silent_seconds, worker.reported_silent = 0.0, False
        if not worker.serves.is_set():
            worker.serves.set()
            if not self._has_served:
                self._on_serving()
            self._has_served = True
            self._failed_starts = 0
            log.info("worker_serves", pid=worker.pid, seconds=round(monotonic() - worker.started, 3))
        if LEAVING in said and not worker.leaves:
            log.warning("worker_leaves", pid=worker.pid)
            self._expect_end(worker)
            self._spawn_task(self._fill())

    async def _listen_for_silence(self) -> None:
        while True:
            before = monotonic()
            await asyncio.sleep(_TICK_SECONDS)
            passed = min(monotonic() - before, 2 * _TICK_SECONDS)
            for worker in tuple(self._workers):
                worker.silent_seconds += passed
                self._judge(worker)

    def _judge(self, worker: WorkerProcess) -> None:
        serves, silent = worker.serves.is_set(), worker.silent_seconds
        if serves and silent > _REPORTED_SILENCE_SECONDS and not worker.reported_silent:
            worker.reported_silent = True
            log.warning("worker_silent", pid=worker.pid, seconds=round(silent, 1))
        limit = self._silence_seconds if serves else self._start_seconds
        if limit and silent > limit and not worker.leaves:
            log.error("worker_killed", pid=worker.pid, silent_seconds=round(silent, 1), served=serves)
            worker.kill()

    async def _watch(self, worker: WorkerProcess) -> None:
        """Wait for the end of a worker, and see that another takes its place if nobody has seen to that."""
        status = await worker.process.wait()
        if self._counts is not None:
            self._counts.discard(worker.pid)
        asyncio.get_running_loop().remove_reader(worker.lifeline)
        worker.lifeline.close()
        del self._workers[worker]
        lived = monotonic() - worker.started
        if worker.leaves or self._over.is_set():
            log.info("worker_ended", pid=worker.pid, status=status)
            return
        log.error("worker_died", pid=worker.pid, status=status, seconds=round(lived, 1), served=worker.serves.is_set())
        self._quick_ends = self._quick_ends + 1 if lived < _SETTLED_SECONDS else 0
        self._fill_later(None if worker.serves.is_set() else status)

    def _fill_later(self, failed: int | None) -> None:
        """See that missing workers are started, after a delay that grows with each quick end.

        `failed` is the status of a start that failed: where no worker serves and there is no hope, give up instead.
        """
        if failed is not None and not any(worker.serves.is_set() for worker in self._workers):
            self._failed_starts += 1
            if (failed == START_FAILED and not self._has_served) or self._failed_starts >= _GIVE_UP_AFTER:
                self._give_up(failed)
                return
        if len(self._staying()) < self._wanted:
            delay = min(2.0 ** (self._quick_ends - 2), _LONGEST_DELAY_SECONDS) if self._quick_ends > 1 else 0.0
            log.info("worker_restart", delay_seconds=delay)
            self._spawn_task(self._fill(delay))

    # Replacing

    def _reload_soon(self) -> None:
        """Replace all workers. A SIGHUP that comes meanwhile begins another round after this one."""
        if self._reloading is not None and not self._reloading.done():
            self._reload_again = True
        else:
            self._reloading = self._spawn_task(self._reload())

    async def _reload(self) -> None:
        self._reload_again = True
        while self._reload_again:
            self._reload_again = False
            log.info("reloading", workers=len(self._staying()))
            if not await self._replace_all():
                return
            log.info("reloaded")

    async def _replace_all(self) -> bool:
        """Replace the workers, one at a time; each serves until its successor does. Return False if one did not."""
        try:
            source = await self._source.renewed()
        except (OSError, TemplateFailed) as error:
            _log_failed_reload(error)
            return False
        try:
            for old in self._staying():
                if not await self._replace(old, source):
                    return False
                if source is not self._source:  # a worker of it serves, so that it can be relied on
                    async with self._starting:
                        previous, self._source = self._source, source
                    await previous.close()
        finally:
            if source is not self._source:
                await source.close()
        return True

    async def _replace(self, old: WorkerProcess, source: WorkerSource) -> bool:
        """Start a worker from this source, and retire the old one once it serves. Return False if it does not."""
        try:
            async with self._starting:
                new = await self._start(source)
        except (OSError, TemplateFailed) as error:
            _log_failed_reload(error)
            return False
        serves = self._spawn_task(self._until(new.serves))
        await asyncio.wait({serves, self._workers[new]}, return_when=asyncio.FIRST_COMPLETED)
        serves.cancel()
        if not new.serves.is_set():
            log.error("reload_failed", pid=new.pid, status=new.process.returncode)
            return False
        if old in self._workers:
            self._expect_end(old)
            await asyncio.wait({self._workers[old]})
        return True

    @staticmethod
    async def _until(event: asyncio.Event) -> None:
        await event.wait()

    def _expect_end(self, worker: WorkerProcess) -> None:
        """Let a worker retire, by closing its lifeline on this side, and kill it if that takes too long."""
        worker.leaves = True
        with suppress(OSError):
            worker.lifeline.shutdown(socket.SHUT_WR)
        asyncio.get_running_loop().call_later(2 * self._leave_seconds, self._kill_late, worker)

    def _kill_late(self, worker: WorkerProcess) -> None:
        if worker in self._workers:
            log.error("worker_killed", pid=worker.pid, reason="it did not end in time")
            worker.kill()

    # Ending

    def _stop(self, number: signal.Signals) -> None:
        """End the service in order at the first signal; at a second SIGINT have the workers stop at once."""
        self._signals += 1
        log.info("stopping", signal=number.name)
        self._over.set()
        if self._signals > 1 and number is signal.SIGINT:
            self._signal_all(number)

    def _give_up(self, status: int) -> None:
        self._status = START_FAILED if status == START_FAILED else CRASH_LOOP
        log.error("workers_cannot_start", failed_starts=self._failed_starts, last_status=status)
        self._over.set()

    async def _end_all(self) -> None:
        self._signal_all(signal.SIGTERM)
        asyncio.get_running_loop().call_later(_TICK_SECONDS, self._kill_those_that_start)
        if self._workers:
            await asyncio.wait(self._workers.values(), timeout=self._leave_seconds)
        for worker in tuple(self._workers):
            self._status = self._status or CRASH_LOOP
            self._kill_late(worker)
        if self._workers:
            await asyncio.wait(self._workers.values())

    def _kill_those_that_start(self) -> None:
        """Kill the workers that do not serve yet. They have accepted nothing, and would first load their pipelines."""
        for worker in self._workers:
            if not worker.serves.is_set():
                worker.kill()

    def _signal_all(self, number: signal.Signals) -> None:
        for worker in self._workers:
            with suppress(ProcessLookupError):
                worker.process.send_signal(number)

    def _spawn_task(self, work: "asyncio._CoroutineLike[None]") -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _log_failed_reload(error: OSError | TemplateFailed) -> None:
    """Log why no worker could be started in the place of another."""
    if isinstance(error, TemplateFailed):
        log.error("reload_failed", pid=error.pid, status=error.status)
    else:
        log.error("reload_failed", reason=error.strerror)
