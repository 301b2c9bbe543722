"""The standard `process_*` metrics of every worker of a group, each with the worker's number as a label.

One process alone has them without a label. Sums would go back when a worker dies, which Prometheus would take for a
counter that began anew, and the worker that happens to be scraped would speak for itself alone.
"""

from collections.abc import Iterable
from pathlib import Path

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from spanwise.service.telemetry.worker_group import living


class WorkerProcesses(Collector):
    """Collects the resources of the workers that hold a number of the group's folder."""

    def __init__(self, registry: CollectorRegistry, folder: Path) -> None:
        self._folder = folder
        registry.register(self)

    def collect(self) -> Iterable[Metric]:
        """Return a family for each resource. A worker that ends meanwhile is left out."""
        families: dict[str, Metric] = {}
        for worker in living(self._folder):
            for metric in ProcessCollector(pid=lambda pid=worker.pid: pid, registry=None).collect():  # type: ignore[misc]
                family = families.setdefault(metric.name, Metric(metric.name, metric.documentation, metric.type))
                for sample in metric.samples:
                    # The system's own start time can differ by a second from one reading to the next.
                    value = worker.started if sample.name == "process_start_time_seconds" else sample.value
                    family.add_sample(sample.name, {"worker": str(worker.number)}, value)
        return families.values()

    def describe(self) -> Iterable[Metric]:
        """Return nothing, so that registering collects nothing."""
        return ()
