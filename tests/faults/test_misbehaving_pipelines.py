"""Pipelines that raise, return garbage, or hang."""

import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.faults.misbehaving import MisbehavingPipeline
from tests.faults.observing import ask, entities, metrics, wait_for_lines, wait_for_readiness
from tests.support.process import service


@pytest.mark.parametrize("kind", ["RAISE", "NONE", "OTHER", "WORD"])
def test_a_text_that_a_pipeline_cannot_bear_fails_alone(kind: str, misbehaving: MisbehavingPipeline) -> None:
    """A pipeline that raises, or returns no Doc or another text's, costs that text alone; no line holds the text."""
    with service(misbehaving.environment()) as process:
        documents = [{"text": "Paris"}, {"text": f"secretly {kind}"}, {"text": "To Paris"}]
        body = {"documents": documents, "features": ["entities"]}
        answer = httpx.post(f"{process.url}/v1/batch", json=body, timeout=60, verify=False)
        results = answer.json()["results"]
        assert [result["status"] for result in results] == ["ok", "error", "ok"]
        assert results[1]["error"]["code"] == "internal_error"
        assert [entity["start"] for entity in results[2]["analysis"]["entities"]] == [3]
        assert entities(process, f"secretly {kind}").status_code == 500
        assert ask(process, "/readyz").status_code == 200
        assert metrics(process).total("spanwise_documents_total", language="en", outcome="failed") == 2
        assert process.stop() == 0
    assert "secretly" not in str(process.log)
    assert sum(line["event"] == "analysis_failed" for line in process.log) == 2


def test_readiness_turns_red_while_analysis_hangs_and_green_again(misbehaving: MisbehavingPipeline) -> None:
    """A micro-batch that takes too long makes `/readyz` red, `/livez` not; when it ends, all is well."""
    with service(misbehaving.environment(stall_seconds="1")) as process, ThreadPoolExecutor(1) as pool:
        hanging = pool.submit(entities, process, "HANG on in Paris")
        red = wait_for_readiness(process, 503)
        assert red.json()["code"] == "not_ready"
        assert ask(process, "/livez").status_code == 200
        misbehaving.control("release")
        assert hanging.result().status_code == 200
        wait_for_readiness(process, 200)
        assert process.stop() == 0


def test_a_worker_whose_analysis_never_ends_is_replaced(misbehaving: MisbehavingPipeline) -> None:
    """The worker leaves, its caller gets an error, another worker serves; the log does not say which text it was."""
    settings = misbehaving.environment(stall_seconds="1", hang_seconds="3", shutdown_seconds="3")
    with service(settings) as process, ThreadPoolExecutor(1) as pool:
        (before,) = process.worker_pids()
        hanging = pool.submit(entities, process, "HANG secretly")
        wait_for_readiness(process, 503)
        wait_for_lines(process, "analysis_hangs", 1)
        answer = hanging.result()
        assert answer.status_code == 503
        assert answer.json()["code"] == "shutting_down"
        wait_for_readiness(process, 200)
        assert [entity["text"] for entity in entities(process, "Paris").json()["entities"]] == ["Paris"]
        deadline = time.monotonic() + 30
        while before in process.worker_pids():
            assert time.monotonic() < deadline, "the worker never left"
            time.sleep(0.1)
        assert process.stop() == 0
    events = [line["event"] for line in process.log]
    assert events.index("analysis_hangs") < events.index("worker_leaves") < events.index("worker_ended")
    assert "secretly" not in str(process.log)
    assert not {"worker_killed", "worker_died"} & set(events)
