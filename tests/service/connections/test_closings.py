"""Closings are counted one by one and logged together."""

import asyncio

import pytest
from structlog.testing import capture_logs

from spanwise.service.connections import closings
from spanwise.service.connections.closings import Closings
from spanwise.service.telemetry.metrics import Metrics

pytestmark = pytest.mark.anyio


async def test_the_first_is_logged_and_the_rest_summed_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line at once, one at the end of the time for all others, and none when there were none."""
    monkeypatch.setattr(closings, "SUMMARY_SECONDS", 0.05)
    metrics = Metrics()
    noted = Closings(metrics)
    with capture_logs() as lines:
        for _ in range(5):
            noted.note("header_timeout")
        noted.note("idle_timeout")
        assert [(line["reason"], line["connections"]) for line in lines] == [("header_timeout", 1), ("idle_timeout", 1)]
        await asyncio.sleep(0.08)
        assert [line["connections"] for line in lines if line["reason"] == "header_timeout"] == [1, 4]
        await asyncio.sleep(0.15)
        assert len(lines) == 3
        noted.note("header_timeout")
        assert lines[-1]["connections"] == 1
    text = (await metrics.exposition()).decode()
    assert 'spanwise_connections_closed_total{reason="header_timeout"} 6.0' in text
    assert 'spanwise_connections_closed_total{reason="idle_timeout"} 1.0' in text
