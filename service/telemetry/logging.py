"""Structured logs that nobody waits for.

structlog renders a line (JSON by orjson, or for people on a terminal) and hands it to a bounded queue; one thread
writes it. The standard library's loggers, uvicorn's among them, go through the same chain. When stdout is stuck and
the queue is full, lines are dropped and counted, and the count is logged as soon as something can be written again.

No line holds a caller's text. An exception's message can quote one, so only its type and where it was raised are
logged.
"""

import logging
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, Full, Queue
from types import TracebackType
from typing import Any

import orjson
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

_TRUSTED = frozenset({"uvicorn", "asyncio"})
_GATHER_SECONDS = 0.02  # after the first line: one wake-up and one write for all that came in between
_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


class LogWriter:
    """A bounded queue and the one thread that writes it to a file descriptor."""

    def __init__(self, descriptor: int, queue_lines: int, render: Callable[[str, dict[str, Any]], bytes]) -> None:
        self._descriptor = descriptor
        self.render = render
        self._queue: Queue[bytes] = Queue(queue_lines)
        self.on_drop: Callable[[int], object] = lambda _: None
        """Told how many lines were dropped, whenever some are, by whichever thread."""
        self._dropped = 0
        self._told = 0
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="log-writer", daemon=True)
        self._thread.start()

    @property
    def dropped(self) -> int:
        """How many lines were thrown away because the queue was full."""
        return self._dropped

    def put(self, line: bytes) -> None:
        """Queue a line that ends in a line feed. Never waits."""
        try:
            self._queue.put_nowait(line)
        except Full:
            self._drop(1)

    def flush(self, timeout: float = 2.0) -> None:
        """Wait until what is queued is written, for `timeout` seconds at most."""
        deadline = time.monotonic() + timeout
        while self._queue.unfinished_tasks and self._thread.is_alive() and time.monotonic() < deadline:
            time.sleep(_GATHER_SECONDS / 2)

    def close(self, timeout: float = 2.0) -> None:
        """Write what is queued, for `timeout` seconds at most."""
        self._closing.set()
        with suppress(Full):
            self._queue.put_nowait(b"")  # wakes the thread
        self._thread.join(timeout)

    def _run(self) -> None:
        while not (self._closing.is_set() and self._queue.empty()):
            lines = [self._queue.get()]
            if not self._closing.is_set():
                time.sleep(_GATHER_SECONDS)
            try:
                while len(lines) < self._queue.maxsize:
                    lines.append(self._queue.get_nowait())
            except Empty:
                pass
            taken = len(lines)
            if self._dropped > self._told:
                told = self._dropped
                lines.append(self.render("log_lines_dropped", {"lines": told - self._told, "in_all": told}))
                self._told = told
            self._write(b"".join(lines))
            for _ in range(taken):
                self._queue.task_done()

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            try:
                view = view[os.write(self._descriptor, view) :]
            except BlockingIOError:
                time.sleep(_GATHER_SECONDS)
            except OSError:  # the reader is gone, or the disk is full
                self._drop(data.count(b"\n"))
                return

    def _drop(self, lines: int) -> None:
        with self._lock:
            self._dropped += lines
        self.on_drop(lines)


class _QueueLogger:
    """What structlog calls with a rendered line."""

    def __init__(self, writer: LogWriter) -> None:
        self._writer = writer

    def msg(self, line: bytes) -> None:
        self._writer.put(line)

    debug = info = warning = warn = error = critical = exception = log = msg


class _QueueHandler(logging.Handler):
    """The standard library's records into the same queue."""

    def __init__(self, writer: LogWriter) -> None:
        super().__init__()
        self._writer = writer

    def emit(self, record: logging.LogRecord) -> None:
        """Logging must never be what fails: a line that cannot be rendered is told as just that."""
        try:
            self._writer.put(self.format(record).encode())
        except structlog.DropEvent:
            pass
        except Exception as error:  # noqa: BLE001 - see above
            place = f"{record.pathname}:{record.lineno}"
            self._writer.put(self._writer.render("log_line_lost", {"place": place, "error": type(error).__name__}))

    def flush(self) -> None:
        self._writer.flush()

    def close(self) -> None:
        self._writer.close()
        super().close()


def configure_logging(level: str, log_format: str, queue_lines: int, descriptor: int | None = None) -> LogWriter:
    """Set up structlog and the standard library's logging for this process."""
    descriptor = sys.stdout.fileno() if descriptor is None else descriptor
    for_people = log_format == "console" or (log_format == "auto" and os.isatty(descriptor))
    render = _render_console() if for_people else _render_json
    common: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level if for_people else _add_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        safe_exceptions,
    ]

    def own_line(event: str, fields: dict[str, Any]) -> bytes:
        entry: EventDict = {**fields, "event": event}
        for processor in common:
            entry = processor(None, "warning", entry)  # type: ignore[assignment]
        return render(None, "warning", entry)

    writer = LogWriter(descriptor, queue_lines, own_line)
    structlog.configure(
        processors=[*common, render],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=lambda *_: _QueueLogger(writer),
        cache_logger_on_first_use=False,
    )
    handler = _QueueHandler(writer)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[_first_line, structlog.stdlib.add_logger_name, *common],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _render_text(render)],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(_LEVELS[level])
    logging.captureWarnings(True)
    return writer


def flush_logs() -> None:
    """Wait until the lines logged so far are written, for two seconds at most: before a process may be killed."""
    for handler in logging.getLogger().handlers:
        handler.flush()


def safe_exceptions(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """`exc_info` as types and frames, innermost cause last; never a message or a local variable."""
    error = event.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()
    if isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        event["exception"] = describe_exception(error)
    return event


def describe_exception(error: BaseException) -> list[dict[str, Any]]:
    """An exception and its causes, the outermost first: type and frames (`file:line function`)."""
    chain: list[dict[str, Any]] = []
    current: BaseException | None = error
    while current is not None and len(chain) < 10:  # noqa: PLR2004 - a chain that long tells nothing more
        chain.append({"type": _qualified_name(type(current)), "frames": _frames(current.__traceback__)})
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return chain


def _frames(trace: TracebackType | None) -> list[str]:
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(trace)]


def _qualified_name(kind: type) -> str:
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _first_line(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """What other people's loggers say, without what it may quote.

    uvicorn and asyncio are known to keep callers' texts out of their first lines; asyncio puts reprs behind it. Any
    other message is told by its template, before its arguments are filled in, or else by its place alone, and a
    warning by its category. What Starlette tells uvicorn of a failed start is nothing but a traceback; the runtime
    has said why by then.
    """
    record: logging.LogRecord = event["_record"]
    first = str(event["event"]).partition("\n")[0]
    if first.startswith("Traceback"):
        raise structlog.DropEvent
    if record.name == "py.warnings":  # "/path/module.py:12: UserWarning: message"
        first = ": ".join(first.split(": ", 2)[:2])
    elif record.name.partition(".")[0] not in _TRUSTED:
        filled_in = str(record.msg) != str(event["event"])
        first = str(record.msg).partition("\n")[0] if filled_in else "a message that may quote anything"
        event["place"] = f"{record.pathname}:{record.lineno}"
    event["event"] = first
    return event


def _add_level(_logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    event["level"] = "warning" if method == "warn" else "error" if method == "exception" else method
    return event


def _render_json(_logger: WrappedLogger, _method: str, event: EventDict) -> bytes:
    first = {name: event.pop(name) for name in ("timestamp", "level", "event") if name in event}
    return orjson.dumps({**first, **event}, default=str, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS)


def _render_console() -> Callable[[WrappedLogger, str, EventDict], bytes]:
    console = structlog.dev.ConsoleRenderer()

    def render(logger: WrappedLogger, method: str, event: EventDict) -> bytes:
        if chain := event.pop("exception", None):
            parts = ("\n".join([part["type"], *(f"  {frame}" for frame in part["frames"])]) for part in chain)
            event["exception"] = "\n".join(parts)
        return (str(console(logger, method, event)) + "\n").encode()

    return render


def _render_text(render: Callable[[WrappedLogger, str, EventDict], bytes]) -> Processor:
    """The standard library's formatter wants a string, and its handler adds no line feed here."""

    def processor(logger: WrappedLogger, method: str, event: EventDict) -> str:
        return render(logger, method, event).decode()

    return processor
