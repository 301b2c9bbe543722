"""A shutdown that gives load balancers time to notice it."""

import signal
import time

import httpx
import pytest

from tests.support.process import environment, service


@pytest.mark.process
def test_a_leaving_instance_says_so_and_still_serves_for_a_while() -> None:
    """`/readyz` answers 503 at once; work is accepted until the delay is over; then the process exits with 0."""
    with service(environment(shutdown_delay_seconds="3")) as process, httpx.Client(base_url=process.url) as client:
        process.process.send_signal(signal.SIGTERM)
        left = time.monotonic()
        while client.get("/readyz").status_code == 200:
            assert time.monotonic() - left < 2, "it never said so"
        served = [client.post("/v1/entities", json={"text": "Tim Cook"}).status_code for _ in range(10)]
        assert time.monotonic() - left < 3, "the machine was too slow for this test"
        assert served == [200] * 10
        assert process.process.wait(30) == 0
        assert time.monotonic() - left >= 3
