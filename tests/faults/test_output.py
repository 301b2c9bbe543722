"""Standard streams that are closed or full. (test_process has a stdout that nobody reads.)"""

import socket

import pytest

from tests.faults.observing import ask, entities, metrics
from tests.support.process import environment, service


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize("redirect", [">&-", ">/dev/full", "<&- >&- 2>&-", "2>/dev/full >/dev/full"])
def test_without_output_the_service_serves_and_counts_lost_lines(redirect: str) -> None:
    """The service serves without a traceback, counts every line that it could not write, and ends in order."""
    with service(environment(), port=free_port(), redirect=redirect) as process:
        for _ in range(20):
            assert entities(process, "Tim Cook loved Paris.").status_code == 200
        assert ask(process, "/livez").status_code == 200
        lost = 0.0
        while lost < 20:
            lost = metrics(process)("spanwise_log_lines_dropped_total")
        requests = metrics(process).total("spanwise_requests_total")
        assert lost < requests + 20, "something was counted more than once"
        assert process.stop() == 0
    assert b"Traceback" not in process.errors
    assert not process.log
