"""The application as a worker process builds it: from its environment, with its own logs."""

import platform
import sys
from importlib.metadata import version

import structlog
from fastapi import FastAPI

from spanwise.pipelines.spacy_import import skip_spacy_cli_import
from spanwise.service.process import heap
from spanwise.service.settings import Settings
from spanwise.service.telemetry.logging import configure_logging
from spanwise.service.telemetry.metrics import Metrics

SWITCH_SECONDS = 0.0005
"""How long one thread may keep the GIL from another (Python's default: 5 ms). What NLP threads do with it takes less,
and the event loop, which answers probes, need not wait longer."""


def create_worker_app() -> FastAPI:
    """For `uvicorn --factory spanwise.service.worker:create_worker_app`; `spanwise serve` does the same."""
    skip_spacy_cli_import()
    from spanwise.service.app import create_app  # noqa: PLC0415 - it imports spaCy: only now may it

    heap.keep_it_small()
    sys.setswitchinterval(SWITCH_SECONDS)
    settings = Settings.from_environment()
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
