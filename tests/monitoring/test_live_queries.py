"""A Prometheus scrapes a service of two workers under load; every query that we publish has an answer there."""

import re
import time
from collections.abc import Iterator

import pytest

from tests.monitoring.prometheus import (
    ROOT,
    RUNBOOKS,
    Prometheus,
    filled_in,
    panels,
    program,
    rules,
    running_prometheus,
)
from tests.monitoring.traffic import KEYS, SETTINGS, traffic
from tests.support.process import environment, service

pytestmark = [pytest.mark.process, pytest.mark.timeout(400)]

_LOAD_SECONDS = 15
_PAGES = [*(ROOT / "docs" / "how-to" / f"{name}.md" for name in ("grafana", "debug")), *sorted(RUNBOOKS.glob("*.md"))]


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """Return a Prometheus that has seen some seconds of traffic, which goes on."""
    program("prometheus")
    folder = tmp_path_factory.mktemp("prometheus")
    with (
        service(environment(**SETTINGS)) as process,
        running_prometheus(folder, process.url.removeprefix("http://")) as running,
        traffic(process.url),
    ):
        running.wait_for("spanwise_workers == 2")
        running.wait_for("spanwise_key_refusals_total > 0")
        running.wait_for("spanwise_deadline_misses_total > 0")
        running.wait_for("spanwise_disconnects_total > 0")
        time.sleep(_LOAD_SECONDS)
        yield running


def test_every_panel_has_data(prometheus: Prometheus) -> None:
    """Each query of the dashboard returns at least one number."""
    without = [
        (panel["title"], target["expr"])
        for panel in panels()
        for target in panel["targets"]
        if not prometheus.query(filled_in(target["expr"]))
    ]
    assert not without


def test_every_query_of_the_docs_has_data(prometheus: Prometheus) -> None:
    """What the pages tell the reader to ask has an answer; a comparison may have none."""
    asked = 0
    for page in _PAGES:
        for block in re.findall(r"^```promql\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL):
            for query in block.strip().splitlines():
                without_threshold = re.sub(r" [<>]=? [\d.]+$", "", query)
                assert prometheus.query(without_threshold), f"{page.name}: {query}"
                asked += 1
    assert asked > 20


def test_every_alert_is_evaluated(prometheus: Prometheus) -> None:
    """Prometheus finds no error in any rule, and a service that is well has no alert of being down."""
    groups = prometheus.ask("rules")["groups"]
    evaluated = {rule["name"]: rule for group in groups for rule in group["rules"]}
    assert evaluated.keys() == {rule["alert"] for group in rules()["groups"] for rule in group["rules"]}
    for name, rule in evaluated.items():
        assert rule["health"] == "ok", f"{name}: {rule.get('lastError')}"
    for name in (
        "SpanwiseDown",
        "SpanwiseErrors",
        "SpanwiseReplicaDown",
        "SpanwiseRestarts",
        "SpanwiseLogLinesDropped",
    ):
        assert evaluated[name]["state"] == "inactive", name


def test_the_numbers_are_those_of_the_traffic(prometheus: Prometheus) -> None:
    """Every key has requests, and the workers' threads and limits add up."""
    for number, _ in enumerate(KEYS, 1):
        assert prometheus.query(f'spanwise_key_requests_total{{key="key{number}"}}')[0] > 0
    assert prometheus.query("spanwise_nlp_threads") == [2]
    assert len(prometheus.query("process_resident_memory_bytes")) == 2
    (busy,) = prometheus.query("sum(rate(spanwise_nlp_seconds_total[15s])) / sum(spanwise_nlp_threads)")
    assert 0 < busy < 1.2
    assert prometheus.query('spanwise_requests_total{operation="show_docs", status="200"}')[0] > 0
