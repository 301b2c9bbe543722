"""The access log's line: on the event loop a tuple on the writer's queue, on the writer's thread a line of JSON.

structlog's chain with its time stamp takes some 50 µs a line, which the event loop would spend for each request. So the
loop notes the time and the fields and nothing else. The line is the one that structlog would have made.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from time import time
from typing import Any, NamedTuple

import orjson

from spanwise.service.telemetry.log_writer import LogWriter

EVENT = "request"
Fields = dict[str, Any]
AccessLog = Callable[[Fields], None]
"""Takes the fields of one request's line. They must not change afterwards."""


class AccessLogs(NamedTuple):
    """The logs of requests: of all but the routine ones, at info, and of probes and scrapes, at debug."""

    request: AccessLog
    routine: AccessLog


def no_access_log(_: Fields) -> None:
    """Log nothing: requests are below the configured level."""


def access_log(writer: LogWriter, render: Callable[[Fields], bytes], level: str = "info") -> AccessLog:
    """Return what queues requests' lines. `render` makes a line of the fields, `timestamp` the first of them."""

    def line(entry: tuple[float, Fields]) -> bytes:
        seconds, fields = entry
        return render({"timestamp": timestamp(seconds), "level": level, "event": EVENT, **fields})

    def log(fields: Fields) -> None:
        writer.put_later(line, (time(), fields))

    return log


def json_line(fields: Fields) -> bytes:
    """Return the fields as a line of JSON, in their order."""
    return orjson.dumps(fields, option=orjson.OPT_APPEND_NEWLINE)


def timestamp(seconds: float) -> str:
    """Return a time since the epoch in the form of structlog's `TimeStamper(fmt="iso", utc=True)`."""
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
