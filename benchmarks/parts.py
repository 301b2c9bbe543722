"""Measurements of the parts behind those decisions that the docs give figures for.

    python -m benchmarks.parts

It measures the cost of a request without analysis and FastAPI's own, spaCy's tokenizer and the linear one, the memory
that forgotten words leave behind, the gain from a warm vocabulary, and the cost of metrics. The ratios are what counts,
because the figures change with the machine.
"""

import asyncio
import random
import string
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Any, Literal

import orjson
import spacy
import structlog
from fastapi import FastAPI, Request, Response
from pydantic import MISSING, BaseModel, ConfigDict, Field
from spacy.language import Language
from starlette.types import ASGIApp, Message, Scope

from benchmarks.corpus import DATA, load_corpus
from benchmarks.ner_alone import PIPELINE
from benchmarks.procfs import resident_mb
from spanwise.pipelines.entities.linear_tokenizer import LinearTokenizer
from spanwise.pipelines.entities.spacy_pipeline import load
from spanwise.pipelines.entities.vocabulary import warm_vocabulary
from spanwise.schemas import SentimentRequest
from spanwise.service.endpoints.json_route import JSONRoute
from spanwise.service.http.request_record import RequestRecord
from spanwise.service.runtime import running
from spanwise.service.settings import Settings
from spanwise.service.telemetry.metrics import Metrics
from spanwise.service.telemetry.worker_group import shared_folder

_REQUESTS = 5000
_BATCH = 64
_NEW_WORDS = 1_000_000
_BODY = orjson.dumps({"text": "Apple is looking at buying U.K. startup for $1 billion", "language": "en"})
_ANSWER = orjson.dumps({"results": []})


class _Request(BaseModel):
    """The fields of `SentimentRequest` in FastAPI's own way, with constant limits."""

    model_config = ConfigDict(extra="forbid", strict=True)

    text: Annotated[str, Field(min_length=1, max_length=100_000)]
    language: str | MISSING = MISSING
    offset_encoding: Literal["codepoint", "utf16", "utf8"] = "codepoint"


async def requests() -> None:
    """Print the microseconds per request of a route that answers constant bytes, in one process without a server."""
    plain = FastAPI()

    @plain.post("/x")
    async def plain_route(body: _Request) -> Any:  # noqa: ARG001 - FastAPI reads the signature
        return Response(_ANSWER, media_type="application/json")

    ours = FastAPI(telemetry={"tracing": False, "metrics": False, "logs": False})

    async def our_route(body: SentimentRequest, request: Request) -> Any:  # noqa: ARG001 - as JSONRoute calls it
        return Response(_ANSWER, media_type="application/json")

    ours.router.routes.insert(0, JSONRoute("/x", our_route, methods=["POST"]))
    async with running(Settings()) as runtime:
        ours.state.runtime = runtime
        for name, app in (("FastAPI's own way", plain), ("JSONRoute", ours)):
            print(f"{name}: {await _microseconds(app):.1f} µs per request")


async def _microseconds(app: ASGIApp) -> float:
    async def receive() -> Message:
        return {"type": "http.request", "body": _BODY, "more_body": False}

    async def send(_: Message) -> None:
        pass

    best = float("inf")
    for _ in range(3):
        started = time.perf_counter()
        for _ in range(_REQUESTS):
            scope: Scope = {
                "type": "http",
                "http_version": "1.1",
                "method": "POST",
                "path": "/x",
                "raw_path": b"/x",
                "query_string": b"",
                "headers": [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(_BODY))],
            }
            RequestRecord("id").attach(scope)
            await app(scope, receive, send)
        best = min(best, (time.perf_counter() - started) / _REQUESTS)
    return best * 1e6


def tokenizers() -> None:
    """Print the seconds that each tokenizer takes for one run of exclamation marks."""
    nlp = spacy.blank("en")
    linear = LinearTokenizer(nlp.tokenizer)
    for name, tokenizer, lengths in (
        ("spaCy", nlp.tokenizer, (2_000, 4_000, 8_000)),
        ("linear", linear, (8_000, 100_000)),
    ):
        for length in lengths:
            text = "!" * length
            print(f"{name}: {_seconds(tokenizer, [text], nlp):.2f} s for {length:,} exclamation marks")


def vocabulary(data: Path) -> None:
    """Print tokens per second in memory zones with a cold and a warm vocabulary, and what warming up costs."""
    texts = load_corpus(data, 4000).texts
    nlp = load(PIPELINE).nlp
    blank = spacy.blank("en")
    tokens = sum(len(blank.make_doc(text)) for text in texts)
    cold = tokens / _seconds(nlp.tokenizer, texts, nlp)
    before, started = resident_mb(), time.perf_counter()
    words = warm_vocabulary(nlp)
    seconds, grown = time.perf_counter() - started, resident_mb() - before
    warm = tokens / _seconds(nlp.tokenizer, texts, nlp)
    print(f"cold vocabulary: {cold:,.0f} tokens/s; warm: {warm:,.0f} tokens/s, {warm / cold:.1f} times as many")
    print(f"warming up: {words:,} words in {seconds:.1f} s, {grown:.0f} MB")


def forgotten_words() -> None:
    """Print the memory that stays after a million new words were read, and forgotten, in memory zones."""
    nlp = load(PIPELINE).nlp
    warm_vocabulary(nlp)
    rng = random.Random(1)
    before = resident_mb()
    for _ in range(_NEW_WORDS // 1000):
        text = " ".join("".join(rng.choices(string.ascii_lowercase, k=8)) for _ in range(1000))
        _seconds(nlp.tokenizer, [text], nlp)
    print(f"{_NEW_WORDS:,} never-seen words: {resident_mb() - before:.0f} MB stay")


def _seconds(tokenizer: Any, texts: list[str], nlp: Language) -> float:
    started = time.perf_counter()
    for start in range(0, len(texts), _BATCH):
        with nlp.memory_zone():
            for text in texts[start : start + _BATCH]:
                tokenizer(text)
    return time.perf_counter() - started


def counting() -> None:
    """Print the CPU time of one thread to count a request and a micro-batch, and to be scraped.

    Metrics are measured in memory and in files that workers share.
    """
    _count("in memory", Metrics())
    with shared_folder(2):
        _count("in files", Metrics.of_this_process())


def _count(where: str, metrics: Metrics) -> None:
    analyzer: Any = SimpleNamespace(language="en", title="title", engine_name="compiled", fallback=None)
    metrics.ready([analyzer], 1)
    for operation in range(10):
        for status in (200, 400, 422, 503):
            metrics.answered(f"operation_{operation}", status, 0.1)
    for name, times, call in (
        ("request's end", 20_000, lambda: metrics.answered("operation_0", 200, 0.02)),
        ("request's admission", 20_000, lambda: metrics.admitted(300)),
        ("micro-batch of 40", 20_000, lambda: metrics.analyzed(analyzer, 40, 0, 12_000, 0.1)),
        ("scrape", 50, lambda: asyncio.run(metrics.exposition())),
    ):
        print(f"counting {where}, a {name}: {_cpu_microseconds(call, times):,.1f} µs")


def _cpu_microseconds(call: Callable[[], object], times: int) -> float:
    best = float("inf")
    for _ in range(5):
        started = time.process_time()
        for _ in range(times):
            call()
        best = min(best, (time.process_time() - started) / times)
    return best * 1e6


def main() -> None:
    """Measure all parts, one after the other."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    asyncio.run(requests())
    tokenizers()
    forgotten_words()
    vocabulary(DATA)
    counting()


if __name__ == "__main__":
    main()
