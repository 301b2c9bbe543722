"""The application as a worker process builds it: from its environment, with its own logs."""

import platform
import sys
from importlib.metadata import version

import structlog
from fastapi import FastAPI

from service import heap
from service.app import create_app
from service.logging import configure_logging
from service.metrics import Metrics
from service.settings import Settings

SWITCH_SECONDS = 0.0005
"""How long one thread may keep the GIL from another (Python's default: 5 ms). What NLP threads do with it takes less,
and the event loop, which answers probes, need not wait longer."""


def create_worker_app() -> FastAPI:
    """For `uvicorn --factory service.worker:create_worker_app`; `spanwise serve` does the same."""
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
