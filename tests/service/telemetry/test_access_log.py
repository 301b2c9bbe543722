"""The line of a request, which the writer's thread makes, is the line that structlog would make."""

import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import structlog

from spanwise.service.telemetry.access_log import timestamp
from spanwise.service.telemetry.log_writer import LogWriter
from spanwise.service.telemetry.logging import configure_logging, configured_access_log

FIELDS: dict[str, Any] = {"request_id": "abc", "method": "POST", "route": "/v1/entities", "status": 200, "ms": 1.25}


@pytest.fixture(autouse=True)
def unconfigured() -> Iterator[None]:
    """Put the logging of the process back as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    logging.captureWarnings(False)
    structlog.reset_defaults()


def written(path: Path, level: str, form: str) -> list[str]:
    """Return the lines of one request, once through the access log and once through structlog."""
    with path.open("wb") as file:
        writer = configure_logging(level, form, 100, file.fileno())
        configured_access_log().request(FIELDS)
        structlog.get_logger("spanwise.service.access").info("request", **FIELDS)
        writer.close()
    return path.read_text().splitlines()


def test_it_is_structlogs_line_but_for_the_time(tmp_path: Path) -> None:
    """Both lines have the same fields in the same order, and the same form of time."""
    ours, structlogs = map(orjson.loads, written(tmp_path / "log", "info", "json"))
    assert list(ours.items())[1:] == list(structlogs.items())[1:]
    form = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z"
    assert re.fullmatch(form, ours["timestamp"])
    assert re.fullmatch(form, structlogs["timestamp"])
    assert ours["timestamp"] <= structlogs["timestamp"]


def test_people_get_the_line_in_their_form(tmp_path: Path) -> None:
    """On a terminal both lines look alike."""
    ours, structlogs = (line.split(maxsplit=1)[1] for line in written(tmp_path / "log", "info", "console"))
    assert [part for part in ours.split() if ":" not in part] == [
        part for part in structlogs.split() if ":" not in part
    ]
    assert "/v1/entities" in ours


def test_requests_below_the_level_are_not_logged(tmp_path: Path) -> None:
    """With the level `warning` there are no lines of requests."""
    assert written(tmp_path / "log", "warning", "json") == []


def test_a_time_is_written_as_structlog_writes_it() -> None:
    """Whole seconds have no fraction, as in `datetime.isoformat`."""
    assert timestamp(0) == "1970-01-01T00:00:00Z"
    assert timestamp(1.5) == "1970-01-01T00:00:01.500000Z"


def test_a_line_that_cannot_be_made_does_not_end_the_writer(tmp_path: Path) -> None:
    """The lines behind it are still written, and one says that a line was lost."""
    path = tmp_path / "log"
    with path.open("wb") as file:
        writer = LogWriter(file.fileno(), 10, lambda event, fields: orjson.dumps({"event": event, **fields}) + b"\n")

        def fail(_: object) -> bytes:
            raise ValueError("Xyzzy7")

        writer.put_later(fail, None)
        writer.put(b"after\n")
        writer.flush()
        assert path.read_text().splitlines()[-1] == "after"
        writer.close()
    lost = orjson.loads(path.read_text().splitlines()[0])
    assert lost == {"event": "log_line_lost", "error": "ValueError"}
