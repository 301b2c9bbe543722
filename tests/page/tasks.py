"""How long a page keeps its browser's main thread from everything else."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.browser import Page

_CATEGORIES = "devtools.timeline,disabled-by-default-devtools.timeline,toplevel"
_TASK = "ThreadControllerImpl::RunTask"
_SCRIPT = ("FunctionCall", "EvaluateScript", "RunMicrotasks")


@contextmanager
def traced(page: Page) -> Iterator[list[float]]:
    """Trace a page within the block. Afterwards the list holds the CPU times of its tasks in ms, the longest first.

    CPU time and not wall time, because tests share their machine with others.
    """
    found: list[float] = []
    page.traced.clear()
    page.tracing = True
    page.call("Tracing.start", transferMode="ReportEvents", categories=_CATEGORIES)
    yield found
    page.call("Tracing.end")
    while page.tracing:
        page.value("1")
        time.sleep(0.05)
    scripted = {(event["pid"], event["tid"]) for event in page.traced if event["name"] in _SCRIPT}
    tasks = [event for event in page.traced if event["name"] == _TASK and (event["pid"], event["tid"]) in scripted]
    found += sorted((task.get("tdur", 0) / 1000 for task in tasks), reverse=True)
