"""The template of workers: a process that has loaded the pipelines and forks into workers that share its memory.

`python -m spanwise.service.template CONTROL LISTENER COUNTS`, with the numbers of the socket to the supervisor, of the
listening socket, and of the memory in which workers count their connections. Only the supervisor starts it so; what the
two say to each other is in `service/process/template_words.py`.

A fork copies no threads, but the locks that they hold. So the template has none when it forks: what it needs while it
loads (one thread of low priority, the writer of the log) has ended by then. Where a component of the operator's has
started threads that stay, the template says so and ends, and the supervisor executes workers instead.
"""

import gc
import os
import signal
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from time import monotonic, sleep
from typing import NoReturn

from spanwise.pipelines.spacy_import import skip_spacy_cli_import
from spanwise.service.process.structlog_import import import_structlog_without_rich

if __name__ == "__main__":
    import_structlog_without_rich()
    skip_spacy_cli_import()

from spanwise.service.loading import Loaded, load, log_failure, log_pipelines
from spanwise.service.process import heap
from spanwise.service.process.lifeline import RETIRE
from spanwise.service.process.orphans import fork_orphan
from spanwise.service.process.priority import lower_priority
from spanwise.service.process.supervisor import START_FAILED
from spanwise.service.process.template_words import FORK, FORKED, READY, REFUSED, THREADS, said
from spanwise.service.server import flush_and_exit, run_worker
from spanwise.service.settings import Settings
from spanwise.service.telemetry.logging import flush_logs
from spanwise.service.worker import begin, create_forked_app

_NAME, _NAME_OF_WORKERS = "template", "worker"
"""What `ps` and `top` show instead of `python`: a fork has the command line of its parent."""

_THREAD_SECONDS = 2.0
"""How long threads that have ended may still be listed."""


def _load() -> tuple[Settings, Loaded]:
    """Read the settings, load and log the pipelines. Leaves no thread behind. Raises `SystemExit`."""
    settings, writer = begin()
    try:
        with ThreadPoolExecutor(1, initializer=lower_priority) as executor:
            loaded = executor.submit(load, settings).result()
    except Exception as error:  # noqa: BLE001 - whatever a pipeline raises ends the start
        log_failure(error)
        flush_logs()
        raise SystemExit(START_FAILED) from None
    log_pipelines(settings, loaded.registry)
    writer.close()
    return settings, loaded


def _threads_left() -> int:
    """Return how many threads there are beside this one, once those that have ended are gone."""
    deadline = monotonic() + _THREAD_SECONDS
    while (left := len(list(Path("/proc/self/task").iterdir())) - 1) and monotonic() < deadline:
        sleep(0.01)
    return left


def _freeze() -> None:
    """Keep the garbage collector from writing to the objects that workers will share, and give back what is free."""
    gc.disable()
    gc.collect()
    heap.release_freed_memory()
    gc.freeze()


def _call(name: str) -> None:
    """Give this process a name."""
    Path("/proc/self/comm").write_text(name)


def _serve(control: socket.socket, listener: int, counts: int) -> None:
    """Load, then fork whenever the supervisor asks, until it closes its end. In a forked process, be a worker."""
    settings, loaded = _load()
    if threads := _threads_left():
        control.send(said(THREADS, threads))
        return
    _freeze()
    control.send(READY)
    while True:
        word, descriptors, _, _ = socket.recv_fds(control, 64, 1)
        if word != FORK:
            return
        (lifeline,) = descriptors
        try:
            worker = fork_orphan()
        except OSError as error:
            control.send(said(REFUSED, error.errno or 0))
        else:
            if worker is None:
                control.close()
                _call(_NAME_OF_WORKERS)
                gc.enable()
                run_worker(listener, lifeline, counts, partial(create_forked_app, settings, loaded))
                return
            control.send(said(FORKED, worker))
        os.close(lifeline)


def _main() -> NoReturn:
    """Run the template, or a worker that it has become, and end the process."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, RETIRE):
        signal.signal(number, signal.SIG_IGN)  # the supervisor ends the template, by its end of the socket
    _call(_NAME)
    status: object = 0
    try:
        _serve(socket.socket(fileno=int(sys.argv[1])), *map(int, sys.argv[2:4]))
    except (ConnectionError, BrokenPipeError):  # the supervisor is gone
        pass
    except SystemExit as end:
        status = end.code
    flush_and_exit(status if isinstance(status, int) else 1)


if __name__ == "__main__":
    _main()
