"""SIGTERM, once and twice, while requests are under way."""

import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.faults.load import load
from tests.faults.misbehaving import MisbehavingPipeline
from tests.faults.observing import ask, entities, wait_for_readiness, wait_for_workers
from tests.support.process import environment, service


@pytest.mark.parametrize("times", [1, 2])
def test_a_shutdown_answers_what_was_accepted(times: int, misbehaving: MisbehavingPipeline) -> None:
    """`/readyz` turns red and new work is refused until accepted work is done, whether SIGTERM comes once or twice."""
    with service(misbehaving.environment()) as process, ThreadPoolExecutor(1) as pool:
        accepted = pool.submit(entities, process, "HANG on in Paris")
        time.sleep(1)
        for _ in range(times):
            process.process.send_signal(signal.SIGTERM)
            wait_for_readiness(process, 503)
        assert ask(process, "/readyz").json()["code"] == "shutting_down"
        assert entities(process, "Paris").json()["code"] == "shutting_down"
        assert not accepted.done()
        misbehaving.control("release")
        assert accepted.result().json()["entities"][0]["text"] == "Paris"
        assert process.process.wait(30) == 0
    assert b"Traceback" not in process.errors


@pytest.mark.parametrize("times", [1, 2])
def test_a_shutdown_under_load_ends_in_order(times: int, full_size: bool) -> None:
    """Every answer is 200, or 503 for what came too late; only connections that were idle are cut."""
    callers = 32 if full_size else 8
    with service(environment(), "--workers", "2") as process:
        wait_for_workers(process, 2)
        with load(process.url, callers) as found:
            found.wait_for(50)
            for _ in range(times):
                process.process.send_signal(signal.SIGTERM)
            assert process.process.wait(60) == 0
        counts = found.counts()
        assert set(counts) <= {200, 503, "ConnectionRefusedError", "ConnectionResetError", "RemoteDisconnected",
                               "BrokenPipeError"}  # fmt: skip
        cut = sum(counts[how] for how in ("ConnectionResetError", "RemoteDisconnected", "BrokenPipeError"))
        # A caller can be cut off at the end of each worker, and once more while its connection waits to be accepted.
        assert cut <= 3 * callers, counts
    assert b"Traceback" not in process.errors
    stopped = [line["unfinished_work"] for line in process.log if line["event"] == "stopped"]
    assert stopped == [False, False]
