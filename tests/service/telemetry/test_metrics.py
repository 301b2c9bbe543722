"""`/metrics` of a single process: what is counted, when, and what never shows."""

import asyncio
import re
import threading
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import get_args

import httpx
import pytest
from prometheus_client.samples import Sample

from spanwise.pipelines import Analyzer, Registry
from spanwise.pipelines.entities.engine_choice import Fallback
from spanwise.schemas import ErrorCode
from spanwise.service.settings import Settings
from spanwise.service.telemetry.metrics import DocumentOutcome
from tests.support.bad_requests import JSON, MARK, marked_requests
from tests.support.fakes import FailingEngine, GatedEngine, with_engine
from tests.support.samples import Samples, scrape
from tests.support.serving import Serving

pytestmark = pytest.mark.anyio

METRICS_PAGE = Path(__file__).parents[3] / "docs" / "reference" / "metrics.md"
WHOLE = "spanwise_request_duration_seconds"


async def test_every_metric_of_the_docs_is_exposed_and_no_other(serving: Serving) -> None:
    """Names, types and labels are those of the tables in the docs; manifests and dashboards rely on them."""
    async with serving(api_keys="secret") as client:
        await client.post("/v1/entities", json={"text": "Tim Cook"}, headers={"X-API-Key": "secret"})
        await client.get("/nowhere")
        exposed = {
            family.name + ("_total" if family.type == "counter" else ""): (family.type, labels(family.samples))
            for family in (await scrape(client)).families.values()
        }
    documented = documented_metrics()
    for name, (kind, having) in documented.items():
        if name.startswith("process_"):
            assert having == {"worker"}, "the label of a group's; a single process has none"
            documented[name] = (kind, set())
    assert exposed == documented


def documented_metrics() -> dict[str, tuple[str, set[str]]]:
    """Return the type and the labels of each metric in the docs."""
    rows = re.findall(r"^\| `(\w+)(?:\{([\w,]+)\})?` \| (\w+) \|", METRICS_PAGE.read_text("utf-8"), re.MULTILINE)
    return {name: (kind, set(filter(None, having.split(",")))) for name, having, kind in rows}


def labels(samples: Iterable[Sample]) -> set[str]:
    """Return the names of the labels on a family's samples."""
    return {name for sample in samples for name in sample.labels} - {"le"}


async def test_it_is_prometheus_text_for_everybody(serving: Serving) -> None:
    """`/metrics` needs no key, like the probes, and is not in the contract's document."""
    async with serving(api_keys="key") as client:
        answer = await client.get("/metrics")
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        assert answer.headers["X-Request-ID"]
        assert "/metrics" not in (await client.get("/openapi.json")).json()["paths"]
        assert (await client.post("/metrics")).status_code == 405


async def test_what_is_counted_by_language_starts_at_0(client: httpx.AsyncClient) -> None:
    """A rate over a series that begins with its first count would miss that count."""
    found = await scrape(client)
    counted = [(s.labels["language"], s.labels["outcome"]) for s in found.families["spanwise_documents"].samples]
    assert counted == [(language, outcome) for language in ("en", "fr") for outcome in get_args(DocumentOutcome)]
    assert found.total("spanwise_documents_total") == 0
    assert [s.labels["language"] for s in found.families["spanwise_characters"].samples] == ["en", "fr"]


async def test_requests_are_counted_by_operation_and_status(serving: Serving) -> None:
    """Requests without a route are `unmatched`; a wrong method counts for its route."""
    async with serving(api_keys="key") as client:
        key = {"X-API-Key": "key"}
        for _ in range(3):
            await client.post("/v1/entities", json={"text": "Tim Cook"}, headers=key)
        await client.post("/v1/entities", json={"text": ""}, headers=key)
        await client.delete("/v1/entities", headers=key)
        await client.post("/v1/entities", json={"text": "no key"})
        await client.get("/nowhere")
        await client.head("/livez")
        found = await scrape(client)
    requests = {
        (sample.labels["operation"], sample.labels["status"]): sample.value
        for sample in found.families["spanwise_requests"].samples
    }
    assert requests == {
        ("extract_entities", "200"): 3,
        ("extract_entities", "422"): 1,
        ("extract_entities", "405"): 1,
        ("extract_entities", "401"): 1,
        ("unmatched", "404"): 1,
        ("get_liveness", "200"): 1,
    }
    assert found(f"{WHOLE}_count", operation="extract_entities") == 6
    assert 0 < found(f"{WHOLE}_sum", operation="extract_entities") < 60
    assert found(f"{WHOLE}_bucket", operation="extract_entities", le="+Inf") == 6


async def test_texts_are_counted_by_language(client: httpx.AsyncClient) -> None:
    """Each accepted text is counted once, with its characters; a refused one is not counted."""
    documents = [{"text": "Tim Cook"}, {"text": "Paris 🎉", "language": "fr"}, {"text": ""}, {"text": "b"}]
    await client.post("/v1/batch", json={"documents": documents, "features": ["entities"]})
    await client.post("/v1/sentiment", json={"text": "Good."})
    found = await scrape(client)
    assert found.total("spanwise_documents_total", language="en", outcome="ok") == 3
    assert found.total("spanwise_documents_total", language="fr", outcome="ok") == 1
    assert found.total("spanwise_documents_total") == 4
    assert found.total("spanwise_characters_total", language="en") == len("Tim Cook") + 1 + len("Good.")
    assert found.total("spanwise_characters_total", language="fr") == len("Paris 🎉")
    assert found("spanwise_nlp_seconds_total") > 0
    assert found("spanwise_queue_characters") == 0


async def test_the_queue_is_exposed_while_the_threads_are_busy(
    serving: Serving, english: Analyzer, engine: GatedEngine
) -> None:
    """The gauge holds waiting and running texts; one that was given up is `dropped`, and in the end it is 0."""
    async with serving(registry=Registry({"en": with_engine(english, engine)}), nlp_threads=1) as client:
        busy = asyncio.create_task(client.post("/v1/entities", json={"text": "busy"}))
        await asyncio.to_thread(engine.entered.wait, 10)
        waits = asyncio.create_task(client.post("/v1/entities", json={"text": "waits too"}))
        headers = {"X-Request-Timeout-Ms": "300"}
        gone = asyncio.create_task(client.post("/v1/entities", json={"text": "x" * 100}, headers=headers))
        await asyncio.sleep(0.05)
        found = await scrape(client)
        assert found("spanwise_queue_characters") == len("busy") + len("waits too") + 100
        assert found("spanwise_queue_limit_characters") == Settings().max_queued_characters
        assert (await gone).status_code == 504
        found = await scrape(client)
        assert found("spanwise_queue_characters") == len("busy") + len("waits too")
        assert found.total("spanwise_documents_total", language="en", outcome="dropped") == 1
        engine.gate.set()
        await asyncio.gather(busy, waits)
        found = await scrape(client)
    assert found("spanwise_queue_characters") == 0
    assert found.total("spanwise_documents_total", language="en", outcome="ok") == 2
    assert found.total("spanwise_characters_total", language="en") == len("busy") + len("waits too")
    assert found("spanwise_requests_total", operation="extract_entities", status="504") == 1


async def test_a_failure_inside_is_counted_as_one(serving: Serving, english: Analyzer) -> None:
    """Only the bad text of a batch is counted as failed."""
    failing = Registry({"en": with_engine(english, FailingEngine(lambda text: "bad" in text))})
    async with serving(registry=failing) as client:
        documents = [{"text": "fine"}, {"text": "bad"}, {"text": "fine too"}]
        await client.post("/v1/batch", json={"documents": documents, "features": ["entities"]})
        found = await scrape(client)
    assert found.total("spanwise_documents_total", language="en", outcome="ok") == 2
    assert found.total("spanwise_documents_total", language="en", outcome="failed") == 1
    assert found("spanwise_queue_characters") == 0


async def test_pipelines_are_exposed_with_their_engine(serving: Serving, english: Analyzer, french: Analyzer) -> None:
    """The reason is given where spaCy's own engine serves a pipeline."""
    own = with_engine(french, GatedEngine(), "fr")
    own = replace(own, fallback=Fallback('a "reason"\nof two lines', is_defect=False))
    compiled = replace(english, fallback=None)
    async with serving(registry=Registry({"en": compiled, "fr": own})) as client:
        found = await scrape(client)
    exposed = [sample.labels for sample in found.families["spanwise_pipeline_info"].samples]
    assert exposed == [
        {"language": "en", "pipeline": english.title, "engine": english.engine_name, "reason": ""},
        {"language": "fr", "pipeline": french.title, "engine": "spacy", "reason": 'a "reason"\nof two lines'},
    ]
    assert found.total("spanwise_pipeline_info") == 2
    assert found("spanwise_workers") == 1


async def test_no_label_ever_holds_what_a_caller_sent(client: httpx.AsyncClient) -> None:
    """No request, however wrong, adds a label value, so the number of series is bounded."""
    for path, body in marked_requests():
        await client.post(path, content=body, headers=JSON)
    await client.post("/v1/entities", json={"text": MARK}, headers={"X-Request-ID": MARK})
    await client.request(MARK.split()[0], f"/v1/{MARK}?q={MARK}")
    await client.request(MARK.split()[0], "/v1/entities")
    answer = await client.get("/metrics")
    assert "Xyzzy7" not in answer.text
    found = Samples(answer.text).labels
    document = (await client.get("/openapi.json")).json()
    operations = {operation["operationId"] for path in document["paths"].values() for operation in path.values()}
    assert found["operation"] <= operations | {"unmatched"}
    assert found["code"] <= set(get_args(ErrorCode.__value__))
    assert found["language"] == {"en", "fr"}
    assert found["outcome"] == set(get_args(DocumentOutcome))
    assert found["status"] <= {"200", "400", "404", "405", "413", "415", "422"}
    documented = {label for name, (_, having) in documented_metrics().items() for label in having}
    assert set(found) == documented - {"key", "worker"}, "without keys, and with one worker, these two label nothing"


async def test_a_scrape_blocks_nobody_and_scrapes_take_turns(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow scrape runs in a thread, one at a time, and other requests are answered meanwhile."""
    gate, together, most = threading.Event(), [0], [0]

    def slow(_: object) -> bytes:
        together[0] += 1
        most[0] = max(most[0], together[0])
        assert gate.wait(30)
        together[0] -= 1
        return b"done 1\n"

    monkeypatch.setattr("spanwise.service.telemetry.metrics.generate_latest", slow)
    scrapes = [asyncio.create_task(client.get("/metrics")) for _ in range(3)]
    try:
        for _ in range(20):
            assert (await client.get("/livez")).status_code == 200
        assert not any(task.done() for task in scrapes)
    finally:
        gate.set()
    assert {answer.text for answer in await asyncio.gather(*scrapes)} == {"done 1\n"}
    assert most == [1]


async def test_a_single_process_exposes_its_own_resources(client: httpx.AsyncClient) -> None:
    """Memory, CPU time and open files of the process are exposed."""
    found = await scrape(client)
    assert found("process_resident_memory_bytes") > 10e6
    assert found("process_cpu_seconds_total") > 0
    assert found("process_open_fds") > 3
