"""Build the application of a worker process, with its own logs and metrics.

A worker that was executed reads its environment and loads its pipelines. One that was forked gets the settings and the
pipelines of the process that it is a fork of (`template.py`).
"""

import platform
import sys
from importlib.metadata import version

import structlog
from fastapi import FastAPI

from spanwise.pipelines.spacy_import import skip_spacy_cli_import
from spanwise.service.process import heap
from spanwise.service.process.supervisor import START_FAILED
from spanwise.service.settings import Settings, reason_of
from spanwise.service.telemetry.log_writer import LogWriter
from spanwise.service.telemetry.logging import configure_logging, flush_logs
from spanwise.service.telemetry.metrics import Metrics

skip_spacy_cli_import()

from spanwise.service.app import create_app  # noqa: E402 - it imports spaCy, which must follow the line above
from spanwise.service.loading import Loaded  # noqa: E402

SWITCH_SECONDS = 0.0005
"""How long one thread may keep the GIL while another waits for it (Python's default: 5 ms).

NLP threads hold it for less than that, and the event loop, which answers probes, should not wait longer.
"""


def create_worker_app() -> FastAPI:
    """Create the application of this process; `uvicorn --factory` and `spanwise serve` call it by its name."""
    settings, writer = begin()
    return _create(settings, writer)


def create_forked_app(settings: Settings, loaded: Loaded) -> FastAPI:
    """Create the application of this process, which was forked once the pipelines were loaded."""
    return _create(settings, _configure_logging(settings), loaded)


def begin() -> tuple[Settings, LogWriter]:
    """Limit the heap, read the settings and log them. Return them and what writes the log.

    Where the settings are refused, the log says why, and `SystemExit` is raised.
    """
    heap.limit_arenas()
    settings = _settings()
    writer = _configure_logging(settings)
    structlog.get_logger(__name__).info(
        "starting",
        version=version("spanwise"),
        python=platform.python_version(),
        spacy=version("spacy"),
        settings=settings.model_dump(mode="json"),
    )
    return settings, writer


def _create(settings: Settings, writer: LogWriter, loaded: Loaded | None = None) -> FastAPI:
    sys.setswitchinterval(SWITCH_SECONDS)
    metrics = Metrics.of_this_process()
    writer.on_drop = metrics.log_lines_dropped.inc
    return create_app(settings, loaded, metrics)


def _configure_logging(settings: Settings) -> LogWriter:
    return configure_logging(settings.log_level, settings.log_format, settings.log_queue_lines)


def _settings() -> Settings:
    """Read the settings. Where they are refused, say why in the log and raise `SystemExit`."""
    try:
        return Settings.from_environment()
    except ValueError as error:
        configure_logging("info", "auto", queue_lines=100)
        structlog.get_logger(__name__).error("start_failed", reason=reason_of(error))
        flush_logs()
        raise SystemExit(START_FAILED) from None
