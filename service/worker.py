"""Build the application in a worker process: from its environment, with its own logs and metrics."""

import platform
import sys
from importlib.metadata import version

import structlog
from fastapi import FastAPI

from spanwise.pipelines.spacy_import import skip_spacy_cli_import
from spanwise.service.process import heap
from spanwise.service.process.supervisor import START_FAILED
from spanwise.service.settings import Settings, reason_of
from spanwise.service.telemetry.logging import configure_logging, flush_logs
from spanwise.service.telemetry.metrics import Metrics

SWITCH_SECONDS = 0.0005
"""How long one thread may keep the GIL while another waits for it (Python's default: 5 ms).

NLP threads hold it for less than that, and the event loop, which answers probes, should not wait longer.
"""


def create_worker_app() -> FastAPI:
    """Create the application of this process; `uvicorn --factory` and `spanwise serve` call it by its name."""
    skip_spacy_cli_import()
    from spanwise.service.app import create_app  # noqa: PLC0415 - it imports spaCy, which must follow the line above

    heap.limit_arenas()
    sys.setswitchinterval(SWITCH_SECONDS)
    settings = _settings()
    writer = configure_logging(settings.log_level, settings.log_format, settings.log_queue_lines)
    structlog.get_logger(__name__).info(
        "starting",
        version=version("spanwise"),
        python=platform.python_version(),
        spacy=version("spacy"),
        settings=settings.model_dump(mode="json"),
    )
    metrics = Metrics.of_this_process()
    writer.on_drop = metrics.log_lines_dropped.inc
    return create_app(settings, metrics=metrics)


def _settings() -> Settings:
    """Read the settings. Where they are refused, say why in the log and raise `SystemExit`."""
    try:
        return Settings.from_environment()
    except ValueError as error:
        configure_logging("info", "auto", queue_lines=100)
        structlog.get_logger(__name__).error("start_failed", reason=reason_of(error))
        flush_logs()
        raise SystemExit(START_FAILED) from None
