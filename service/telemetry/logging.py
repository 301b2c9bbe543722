"""Structured logs through one chain: structlog's own lines, and those of the standard library's loggers.

A line is rendered as JSON by orjson, or for people on a terminal, and handed to the queue of `log_writer.py`. No line
holds a caller's text: see `redaction.py`.
"""

import logging
import os
from collections.abc import Callable
from typing import Any

import orjson
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from spanwise.service.telemetry.log_writer import LogWriter
from spanwise.service.telemetry.redaction import redact_exception, redact_foreign_message

_STDOUT = 1  # not `sys.stdout.fileno()`: a process that is started with its stdout closed has no `sys.stdout`


class _QueueLogger:
    """Puts the lines that structlog has rendered into the writer's queue."""

    def __init__(self, writer: LogWriter) -> None:
        self._writer = writer

    def msg(self, line: bytes) -> None:
        self._writer.put(line)

    debug = info = warning = warn = error = critical = exception = log = msg


class _QueueHandler(logging.Handler):
    """Puts the standard library's records into the writer's queue."""

    def __init__(self, writer: LogWriter) -> None:
        super().__init__()
        self._writer = writer

    def emit(self, record: logging.LogRecord) -> None:
        """Render and queue a record. Never raises: a record that cannot be rendered is replaced by a line about it."""
        try:
            self._writer.put(self.format(record).encode())
        except structlog.DropEvent:
            pass
        except Exception as error:  # noqa: BLE001 - logging must never be what fails
            place = f"{record.pathname}:{record.lineno}"
            self._writer.put(self._writer.render("log_line_lost", {"place": place, "error": type(error).__name__}))

    def flush(self) -> None:
        self._writer.flush()

    def close(self) -> None:
        self._writer.close()
        super().close()


def configure_logging(level: str, log_format: str, queue_lines: int, descriptor: int | None = None) -> LogWriter:
    """Set up structlog and the standard library's logging for this process.

    Lines go to `descriptor`, by default stdout. `log_format` is `json`, `console`, or `auto`: console on a terminal.
    """
    descriptor = _STDOUT if descriptor is None else descriptor
    least = logging.getLevelNamesMapping()[level.upper()]
    for_people = log_format == "console" or (log_format == "auto" and os.isatty(descriptor))
    render = _render_console() if for_people else _render_json
    common: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level if for_people else _add_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        redact_exception,
    ]

    def writers_line(event: str, fields: dict[str, Any]) -> bytes:
        entry: EventDict = {**fields, "event": event}
        for processor in common:
            entry = processor(None, "warning", entry)  # type: ignore[assignment]
        return render(None, "warning", entry)

    writer = LogWriter(descriptor, queue_lines, writers_line)
    structlog.configure(
        processors=[*common, render],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=lambda *_: _QueueLogger(writer),
        cache_logger_on_first_use=False,
    )
    handler = _QueueHandler(writer)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[redact_foreign_message, structlog.stdlib.add_logger_name, *common],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _render_text(render)],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(least)
    logging.captureWarnings(True)
    return writer


def flush_logs() -> None:
    """Wait until all logged lines are written, for two seconds at most. Call before the process may be killed."""
    for handler in logging.getLogger().handlers:
        handler.flush()


def _add_level(_logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    event["level"] = "warning" if method == "warn" else "error" if method == "exception" else method
    return event


def _render_json(_logger: WrappedLogger, _method: str, event: EventDict) -> bytes:
    first = {name: event.pop(name) for name in ("timestamp", "level", "event") if name in event}
    return orjson.dumps({**first, **event}, default=str, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS)


def _render_console() -> Callable[[WrappedLogger, str, EventDict], bytes]:
    """Return structlog's renderer for terminals, with the exceptions that `redact_exception` has described."""
    console = structlog.dev.ConsoleRenderer()

    def render(logger: WrappedLogger, method: str, event: EventDict) -> bytes:
        if chain := event.pop("exception", None):
            parts = ("\n".join([part["type"], *(f"  {frame}" for frame in part["frames"])]) for part in chain)
            event["exception"] = "\n".join(parts)
        return (str(console(logger, method, event)) + "\n").encode()

    return render


def _render_text(render: Callable[[WrappedLogger, str, EventDict], bytes]) -> Processor:
    """Return the renderer for the standard library's formatter, which wants a string and not bytes."""

    def processor(logger: WrappedLogger, method: str, event: EventDict) -> str:
        return render(logger, method, event).decode()

    return processor
