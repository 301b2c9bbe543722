"""Where the supervisor's workers come from: each is executed anew, or forked from a template that has loaded for all.

A forked worker shares the memory of what was loaded, and starts in a fraction of a second.
"""

import asyncio
import os
import signal
import socket
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from time import monotonic
from typing import Any, NoReturn, Protocol

import structlog

from spanwise.service.process.adopted_process import AdoptedProcess
from spanwise.service.process.template_words import FORK, FORKED, READY, REFUSED, THREADS, understood

log = structlog.get_logger(__name__)

_END_SECONDS = 5.0
"""How long a template may take to end when it is told to."""

Command = Callable[[int, int], Sequence[str]]
"""Returns the command of a worker, from the numbers of the listening socket and of its end of the lifeline."""

TemplateCommand = Callable[[int, int], Sequence[str]]
"""Returns the command of a template, from the numbers of its control socket and of the listening socket."""


class ChildProcess(Protocol):
    """A child of this process."""

    @property
    def pid(self) -> int:
        """The process id."""

    @property
    def returncode(self) -> int | None:
        """The exit status, once `wait` has returned."""

    async def wait(self) -> int:
        """Wait for the end, and return the exit status."""

    def send_signal(self, signal: signal.Signals, /) -> None:
        """Send a signal, unless the process has ended."""

    def kill(self) -> None:
        """Kill the process, unless it has ended."""


class TemplateFailed(Exception):
    """A template ended, or was killed, before it could fork."""

    def __init__(self, pid: int, status: int) -> None:
        super().__init__(f"process {pid} ended with {status}")
        self.pid = pid
        self.status = status


class WorkerSource(Protocol):
    """Starts workers that are all alike."""

    async def start(self, lifeline: socket.socket) -> ChildProcess:
        """Start a worker with this end of its lifeline. Raises OSError, or `TemplateFailed`."""

    async def renewed(self) -> "WorkerSource":
        """Return a source whose workers have read and loaded everything anew. Raises OSError, or `TemplateFailed`."""

    async def close(self) -> None:
        """Start no more workers. Those that were started go on."""


class ExecutedWorkers:
    """Starts each worker by executing its command. It loads for itself."""

    def __init__(self, command: Command, listener: socket.socket, inherited: Sequence[int] = ()) -> None:
        """`inherited` are descriptors that every worker is given under their own numbers."""
        self._command = command
        self._listener = listener
        self._inherited = tuple(inherited)

    async def start(self, lifeline: socket.socket) -> ChildProcess:
        """Start a worker. Raises OSError when the system has no process or descriptor left."""
        descriptors = self._listener.fileno(), lifeline.fileno()
        return await asyncio.create_subprocess_exec(
            *self._command(*descriptors), pass_fds=(*descriptors, *self._inherited)
        )

    async def renewed(self) -> "ExecutedWorkers":
        """Return this source: its workers load for themselves."""
        return self

    async def close(self) -> None:
        """Do nothing."""


class ForkedWorkers:
    """Has workers forked from a template, which is started when the first worker is, and again after it has died.

    Where the template finds that it must not fork, workers are executed.
    """

    def __init__(
        self,
        command: TemplateCommand,
        listener: socket.socket,
        inherited: Sequence[int],
        executed: ExecutedWorkers,
        load_seconds: float,
    ) -> None:
        """`load_seconds` is what a template may take until it can fork."""
        self._command = command
        self._listener = listener
        self._inherited = tuple(inherited)
        self._executed = executed
        self._load_seconds = load_seconds
        self._template: _Template | None = None
        self._must_not_fork = False

    async def start(self, lifeline: socket.socket) -> ChildProcess:
        """Have a worker forked. Raises OSError when the system has no process left, or `TemplateFailed`."""
        if not self._must_not_fork and (self._template is None or self._template.has_ended):
            await self._load()
        if self._must_not_fork or self._template is None:
            return await self._executed.start(lifeline)
        return AdoptedProcess(await self._in_time(self._template, self._template.fork(lifeline)))

    async def renewed(self) -> "ForkedWorkers":
        """Return a source with a new template. Raises OSError, or `TemplateFailed`."""
        source = ForkedWorkers(self._command, self._listener, self._inherited, self._executed, self._load_seconds)
        await source._load()
        return source

    async def close(self) -> None:
        """End the template."""
        if self._template is not None:
            await self._template.end()

    async def _load(self) -> None:
        """Start a template, and wait until it has loaded."""
        await self.close()  # of one that has died, the socket
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        descriptors = theirs.fileno(), self._listener.fileno()
        started = monotonic()
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command(*descriptors), pass_fds=(*descriptors, *self._inherited)
            )
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        template = _Template(process, ours)
        log.info("template_started", pid=process.pid)
        if threads := await self._in_time(template, template.loaded()):
            log.warning("workers_not_forked", reason="loading has started threads", threads=threads)
            self._must_not_fork = True
            await template.end()
            return
        log.info("template_ready", pid=process.pid, seconds=round(monotonic() - started, 3))
        self._template = template

    async def _in_time(self, template: "_Template", answer: Coroutine[Any, Any, int]) -> int:
        """Return what a template answers. Kill it if that takes too long, or if nobody waits any more."""
        try:
            async with asyncio.timeout(self._load_seconds or None):
                return await answer
        except TimeoutError:
            log.error("template_killed", pid=template.pid, seconds=self._load_seconds)
            raise TemplateFailed(template.pid, await template.kill()) from None
        except asyncio.CancelledError:
            await template.kill()
            raise


class _Template:
    """A template as the supervisor sees it."""

    def __init__(self, process: asyncio.subprocess.Process, control: socket.socket) -> None:
        self.pid = process.pid
        self._process = process
        self._control = control
        self._ending = False
        self._watching = asyncio.create_task(self._watch())

    @property
    def has_ended(self) -> bool:
        """Whether there is no process any more."""
        return self._watching.done()

    async def loaded(self) -> int:
        """Wait until it can fork. Return 0, or how many threads keep it from that. Raises `TemplateFailed`."""
        word, number = await self._answer()
        if word not in (READY, THREADS):
            await self._fail()
        return number

    async def fork(self, lifeline: socket.socket) -> int:
        """Have a worker forked; return its process id. Raises OSError, or `TemplateFailed`."""
        try:
            socket.send_fds(self._control, [FORK], [lifeline.fileno()])
        except ConnectionError:
            await self._fail()
        word, number = await self._answer()
        if word == REFUSED:
            raise OSError(number, os.strerror(number))
        if word != FORKED:
            await self._fail()
        return number

    async def kill(self) -> int:
        """Kill it, and return its exit status."""
        self._ending = True
        with suppress(ProcessLookupError):
            self._process.kill()
        return await self.end()

    async def end(self) -> int:
        """Let it end, and return its exit status."""
        self._ending = True
        self._control.close()
        _, pending = await asyncio.wait({self._watching}, timeout=_END_SECONDS)
        if pending:
            with suppress(ProcessLookupError):
                self._process.kill()
        return await self._process.wait()

    async def _answer(self) -> tuple[bytes, int]:
        try:
            return understood(await asyncio.get_running_loop().sock_recv(self._control, 64))
        except ConnectionError:
            return understood(b"")

    async def _fail(self) -> NoReturn:
        raise TemplateFailed(self.pid, await self.end())

    async def _watch(self) -> None:
        status = await self._process.wait()
        if not self._ending:
            log.warning("template_died", pid=self.pid, status=status)
