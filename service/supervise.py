"""The supervisor's process: `python -m spanwise.service.supervise OPTIONS`.

`spanwise serve` executes it in its own place, with the same process id, once the settings are checked and the socket is
open. What that took (the command line, Pydantic) would otherwise lie in memory for as long as the service runs, in a
process that only waits: 38 MB in place of 15. So this module imports neither, and no library that imports them.
"""

import json
import os
import signal
import socket
import sys
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any, NoReturn

if __name__ == "__main__":
    # structlog, asyncio and hashlib do without these. The supervisor shows no traceback and encrypts nothing.
    _modules: dict[str, Any] = sys.modules
    _modules.update(dict.fromkeys(("rich", "ssl", "_hashlib")))

import asyncio

import structlog

from spanwise.service.keys.quota_memory import shared_memory
from spanwise.service.process.connection_counts import ConnectionCounts
from spanwise.service.process.supervisor import HANDLED_SIGNALS, Supervisor
from spanwise.service.process.worker_sources import ExecutedWorkers, ForkedWorkers, WorkerSource
from spanwise.service.telemetry.logging import configure_logging, flush_logs
from spanwise.service.telemetry.worker_group import NoSharedFolder, shared_folder

_USERS_MISTAKE = 2  # the exit status of a start that the user can mend, as on the command line


@dataclass(frozen=True, slots=True)
class Options:
    """What the supervisor needs to know. It reads no settings itself."""

    listener: int
    """The number of the listening socket's descriptor."""
    url: str
    """Where it listens, for the log."""
    hint: str
    """Said on standard error once a worker serves; empty where no person reads it."""
    workers: int
    start_seconds: float
    silence_seconds: float
    leave_seconds: float
    log_level: str
    log_format: str
    log_queue_lines: int
    forks: bool = False
    """Whether this process adopts orphans, so that workers can be forked by another process than this one."""


def execute(options: Options) -> NoReturn:
    """Execute the supervisor in the place of this process.

    Signals that it handles wait until it does: PID 1 of a container would lose them meanwhile, another process end.
    """
    from spanwise.service.process.orphans import adopt_orphans  # noqa: PLC0415 - the supervisor itself needs it no more

    signal.pthread_sigmask(signal.SIG_BLOCK, HANDLED_SIGNALS)
    os.set_inheritable(options.listener, True)
    options = replace(options, forks=options.workers > 1 and adopt_orphans())
    arguments = ["-P", "-m", "spanwise.service.supervise", json.dumps(asdict(options))]
    os.execv(sys.executable, [sys.executable, *arguments])  # noqa: S606 - our own interpreter


def _worker_command(counts: int, listener: int, lifeline: int) -> list[str]:
    """Return the command of a worker. `-P` keeps the current folder's modules from taking installed ones' places."""
    descriptors = map(str, (listener, lifeline, counts))
    return [sys.executable, "-P", "-m", "spanwise.service.server", *descriptors]


def _template_command(counts: int, control: int, listener: int) -> list[str]:
    descriptors = map(str, (control, listener, counts))
    return [sys.executable, "-P", "-m", "spanwise.service.template", *descriptors]


def _worker_source(options: Options, listener: socket.socket, quotas: int, counts: int) -> WorkerSource:
    """Return where workers come from. A single one would share its memory with nobody but the template."""
    inherited = (quotas, counts)
    executed = ExecutedWorkers(partial(_worker_command, counts), listener, inherited)
    if not options.forks:
        return executed
    return ForkedWorkers(
        partial(_template_command, counts), listener, inherited, executed, load_seconds=options.start_seconds
    )


def _supervise(options: Options) -> int:
    """Serve until a signal ends the service, or its start fails. Return the exit status. Raises `NoSharedFolder`."""
    listener = socket.socket(fileno=options.listener)
    listener.set_inheritable(False)
    os.environ.setdefault(
        "OPENBLAS_NUM_THREADS", "1"
    )  # our NLP threads are the parallelism, and a fork copies no others
    with shared_folder(options.workers), shared_memory() as quotas, closing(ConnectionCounts.create()) as counts:
        configure_logging(options.log_level, options.log_format, options.log_queue_lines)
        supervisor = Supervisor(
            _worker_source(options, listener, quotas, counts.descriptor),
            options.workers,
            start_seconds=options.start_seconds,
            silence_seconds=options.silence_seconds,
            leave_seconds=options.leave_seconds,
            counts=counts,
            on_serving=partial(_say_where, options),
        )
        try:
            return asyncio.run(supervisor.run())
        finally:
            flush_logs()


def _say_where(options: Options) -> None:
    """Log where the service listens, and give a person on a terminal something to try."""
    structlog.get_logger(__name__).info("listening", url=options.url)
    with suppress(OSError, AttributeError):  # standard error may be full, or closed
        sys.stderr.write(options.hint)
        sys.stderr.flush()


def _main() -> None:
    """Supervise, and exit with the status of the service."""
    try:
        status = _supervise(Options(**json.loads(sys.argv[1])))
    except NoSharedFolder as error:
        sys.stderr.write(f"spanwise: {error}\n")
        status = _USERS_MISTAKE
    sys.exit(status)


if __name__ == "__main__":
    _main()
