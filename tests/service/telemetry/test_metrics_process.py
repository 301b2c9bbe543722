"""`/metrics` of a running service: two workers, one of which is killed, and a log that nobody reads."""

import os
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from prometheus_client.multiprocess import MultiProcessCollector

from tests.support.process import ServiceProcess, environment, service
from tests.support.samples import Samples

pytestmark = pytest.mark.process

TEXT = "Tim Cook loved Paris."


def scrape(process: ServiceProcess) -> Samples:
    """Scrape over a new connection, so that any worker may answer."""
    answer = httpx.get(f"{process.url}/metrics", verify=False)
    assert answer.status_code == 200
    return Samples(answer.text)


def until(process: ServiceProcess, wanted: Callable[[Samples], bool], seconds: float = 90) -> Samples:
    """Scrape until the samples are as wanted, and return them."""
    deadline = time.monotonic() + seconds
    while not wanted(found := scrape(process)):
        assert time.monotonic() < deadline, "such numbers were never told"
        time.sleep(0.1)
    return found


def starts(found: Samples) -> set[float]:
    """Return the times at which the two workers began."""
    return {found("process_start_time_seconds", worker=worker) for worker in ("0", "1")}


def requests_of_each(folder: Path) -> list[float]:
    """Return how many texts each worker has analysed, from the worker's own file."""
    counts = []
    for path in folder.glob("counter_*.db"):
        families = MultiProcessCollector.merge([str(path)])
        documents = [family for family in families if family.name == "spanwise_documents"]
        if documents:  # a worker that has not written yet has an empty file
            counts.append(sum(sample.value for sample in documents[0].samples))
    return counts


def test_two_workers_are_exposed_together_and_outlive_a_kill(tmp_path: Path) -> None:
    """Any worker exposes the sum of both; a dead worker's counts stay; the folder is deleted in the end."""
    settings = {**environment(nlp_threads="1"), "TMPDIR": str(tmp_path)}
    with service(settings, "--workers", "2") as process:
        until(process, lambda found: found("spanwise_workers") == 2)
        (folder,) = tmp_path.glob("spanwise-*")
        sent = 0
        deadline = time.monotonic() + 60
        while len(counts := requests_of_each(folder)) < 2 or min(counts) == 0:
            assert time.monotonic() < deadline, f"one worker got nothing: {counts}"
            with httpx.Client(verify=False) as one, httpx.Client(verify=False) as other:
                for client in (one, other):
                    assert client.post(f"{process.url}/v1/entities", json={"text": TEXT}).status_code == 200
                    sent += 1
        before = scrape(process)
        assert before.total("spanwise_documents_total", language="en", outcome="ok") == sent
        assert before.total("spanwise_characters_total", language="en") == sent * len(TEXT)
        assert before("spanwise_requests_total", operation="extract_entities", status="200") == sent
        assert before("spanwise_request_duration_seconds_count", operation="extract_entities") == sent
        assert before("spanwise_queue_limit_characters") == 2 * 2_000_000
        assert before.total("spanwise_pipeline_info") == 1
        assert before.total("spanwise_build_info") == 1
        assert before("spanwise_nlp_threads") == 2
        assert before("spanwise_requests_in_flight") == 0
        assert before.total("spanwise_queue_wait_seconds_count", line="short") == sent
        assert before.total("spanwise_lexicon_words", table="embeddings") > 0
        assert before.total("python_gc_collections_total") > 0
        for name in ("process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds"):
            assert {sample.labels["worker"] for sample in before.families[name.removesuffix("_total")].samples} == {
                "0",
                "1",
            }
        began = starts(before)
        assert all(0 < time.time() - second < 600 for second in began)
        again = scrape(process)
        assert starts(again) == began

        started = [line for line in process.log if line["event"].startswith("Started server process")]
        pids = [int(match[1]) for line in started if (match := re.search(r"\[(\d+)\]", line["event"]))]
        assert len(pids) == 2
        os.kill(pids[0], signal.SIGKILL)
        after = until(process, lambda found: found("spanwise_workers") == 2 and starts(found) != began)
        assert after.total("spanwise_documents_total", language="en", outcome="ok") == sent
        assert after("spanwise_nlp_seconds_total") == before("spanwise_nlp_seconds_total")
        assert len(began & starts(after)) == 1, "the worker that took the dead one's number began later"
        assert httpx.post(f"{process.url}/v1/entities", json={"text": TEXT}, verify=False).status_code == 200
        assert scrape(process).total("spanwise_documents_total", language="en", outcome="ok") == sent + 1
        assert len(list(folder.glob("counter_*.db"))) == 3  # one for a worker that takes the place of another
        assert process.stop() == 0
    assert not list(tmp_path.iterdir())


def test_a_single_process_counts_what_its_log_drops(tmp_path: Path) -> None:
    """A single process exposes its dropped log lines, and keeps its numbers in memory in any environment."""
    settings = {**environment(log_queue_lines="20", log_level="debug"), "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    with service(settings, read_log=False) as process:
        with httpx.Client(base_url=process.url, verify=False) as client:
            for _ in range(1500):
                client.get("/livez")
        found = scrape(process)
        assert found("spanwise_log_lines_dropped_total") > 0
        assert found("spanwise_requests_total", operation="get_liveness", status="200") == 1500
        assert found("process_resident_memory_bytes") > 10e6
        assert process.stop() == 0
    assert not list(tmp_path.iterdir())
