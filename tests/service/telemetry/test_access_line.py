"""The access line: who called, which operation was refused, which trace it belongs to, and what is too common."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
import structlog

from spanwise.pipelines import Analyzer, Registry
from spanwise.pipelines.error_notes import note_place
from spanwise.service.keys.key_lines import line_of
from spanwise.service.telemetry.logging import configure_logging
from tests.support.fakes import FailingEngine, with_engine
from tests.support.serving import Serving

pytestmark = pytest.mark.anyio

Lines = Callable[[], list[dict[str, Any]]]
TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.fixture
def lines(tmp_path: Path) -> Iterator[Lines]:
    """Configure logging to a file at debug, and yield a function that returns the service's lines so far."""
    path = tmp_path / "log"
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    with path.open("wb") as file:
        writer = configure_logging("debug", "json", 1000, file.fileno())

        def read() -> list[dict[str, Any]]:
            writer.flush()
            written = [orjson.loads(line) for line in path.read_bytes().splitlines()]
            return [line for line in written if line.get("logger") is None]

        yield read
        writer.close()
    root.handlers[:], root.level = handlers, level
    logging.captureWarnings(False)
    structlog.reset_defaults()


def requests(lines: Lines) -> list[dict[str, Any]]:
    """Return the access lines."""
    return [line for line in lines() if line["event"] == "request"]


async def test_probes_and_scrapes_are_logged_at_debug(lines: Lines, client: httpx.AsyncClient) -> None:
    """What asks every second is not logged by default, as long as the answer is good."""
    for path in ("/livez", "/readyz", "/metrics", "/v1/pipelines"):
        await client.get(path)
    client.app.state.runtime.leaving.set()  # type: ignore[attr-defined]
    await client.get("/readyz")
    assert [(line["route"], line["level"]) for line in requests(lines)] == [
        ("/livez", "debug"),
        ("/readyz", "debug"),
        ("/metrics", "debug"),
        ("/v1/pipelines", "info"),
        ("/readyz", "info"),
    ]


async def test_refused_keys_name_their_operation(lines: Lines, serving: Serving) -> None:
    """A 401 and a 429 have the route that was asked for, in the log and in the metrics."""
    async with serving(api_keys=line_of("acme", "the key"), rate_limit_per_minute=1) as client:
        key = {"X-API-Key": "the key"}
        await client.post("/v1/entities", json={"text": "a"})
        await client.post("/v1/batch", json={"documents": [{"text": "a"}]}, headers=key)
        await client.post("/v1/batch", json={"documents": [{"text": "a"}]}, headers=key)
        metrics = (await client.get("/metrics")).text
    shown = [(line["route"], line["status"], line.get("key")) for line in requests(lines)[:3]]
    assert shown == [
        ("/v1/entities", 401, None),
        ("/v1/batch", 200, "acme"),
        ("/v1/batch", 429, "acme"),
    ]
    assert 'spanwise_requests_total{operation="extract_entities",status="401"} 1.0' in metrics
    assert 'spanwise_requests_total{operation="analyze_batch",status="429"} 1.0' in metrics
    assert "the key" not in str(lines())


@pytest.mark.parametrize(
    ("trusted", "sent", "client"),
    [
        ("", "203.0.113.7", "127.0.0.1"),
        ("10.0.0.0/8", "203.0.113.7", "127.0.0.1"),
        ("127.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("127.0.0.0/8,10.0.0.7", "198.51.100.1, 203.0.113.7, 10.0.0.7", "203.0.113.7"),
        ("127.0.0.1", "2001:db8::1", "2001:db8::1"),
        ("127.0.0.1", "[2001:db8::1]:4711", "2001:db8::1"),
        ("127.0.0.1", "Xyzzy7 is a text", "unknown"),
    ],
)
async def test_the_clients_address_is_believed_of_configured_proxies(
    lines: Lines, serving: Serving, trusted: str, sent: str, client: str
) -> None:
    """Only a proxy that the settings name can say who called; what is no address is not logged."""
    async with serving(trusted_proxies=trusted) as caller:
        await caller.get("/v1/pipelines", headers={"X-Forwarded-For": sent})
    (line,) = requests(lines)
    assert line["client"] == client
    assert "Xyzzy7" not in str(lines())


async def test_a_callers_trace_stands_in_every_line_of_its_request(
    lines: Lines, serving: Serving, english: Analyzer
) -> None:
    """A failed analysis and the access line have the caller's trace id and one span id; later requests have others."""
    failing = Registry({"en": with_engine(english, FailingEngine(lambda text: True))})
    async with serving(registry=failing) as client:
        sent = {"traceparent": f"00-{TRACE}-{SPAN}-01"}
        await client.post("/v1/entities", json={"text": "a"}, headers=sent)
        await client.post("/v1/entities", json={"text": "b"}, headers={"X-Request-ID": "b"})
    failed, request, other_failed, other = (line for line in lines() if line["event"] in ("analysis_failed", "request"))
    assert failed["trace_id"] == request["trace_id"] == TRACE
    assert failed["span_id"] == request["span_id"] != SPAN
    assert other_failed["trace_id"] == other["trace_id"] != TRACE
    assert len(other["trace_id"]) == 32
    assert len(other["span_id"]) == 16
    outside = [line for line in lines() if line["event"] == "stopped"]
    assert "trace_id" not in outside[0]


@pytest.mark.parametrize(
    "sent",
    [
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE}-{SPAN}",
        "",
        "Xyzzy7",
    ],
)
async def test_what_is_no_traceparent_counts_as_absent(lines: Lines, client: httpx.AsyncClient, sent: str) -> None:
    """The request then begins a trace of its own."""
    await client.get("/v1/pipelines", headers={"traceparent": sent})
    await client.get("/v1/pipelines", headers=[("traceparent", f"00-{TRACE}-{SPAN}-01")] * 2)
    for line in requests(lines):
        assert line["trace_id"] != TRACE
        assert line["trace_id"].strip("0")
    assert "Xyzzy7" not in str(lines())


async def test_a_newer_traceparent_is_understood(lines: Lines, client: httpx.AsyncClient) -> None:
    """A version that is not known yet may have more behind what is known."""
    await client.get("/v1/pipelines", headers={"traceparent": f"01-{TRACE}-{SPAN}-00-more"})
    assert requests(lines)[0]["trace_id"] == TRACE


async def test_a_components_failure_names_the_component(lines: Lines, serving: Serving, english: Analyzer) -> None:
    """The line of a failed analysis says which component has raised."""

    class Failing(FailingEngine):
        def annotate(self, *arguments: Any) -> Any:
            try:
                return super().annotate(*arguments)
            except ValueError as error:
                note_place(error, "component 'tagger'")
                raise

    failing = Registry({"en": with_engine(english, Failing(lambda text: True))})
    async with serving(registry=failing) as client:
        await client.post("/v1/entities", json={"text": "a"})
    (failed,) = (line for line in lines() if line["event"] == "analysis_failed")
    assert failed["component"] == "tagger"


async def test_spacys_warnings_keep_their_message_and_loggers_raise_no_false_alarm(tmp_path: Path) -> None:
    """A warning of spaCy's own says what it is about, without what was filled in; no logger is called "error"."""
    path = tmp_path / "log"
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    with path.open("wb") as file:
        writer = configure_logging("debug", "json", 1000, file.fileno())
        log = logging.getLogger("py.warnings")
        log.warning("%s", "/lib/spacy/pipeline.py:12: UserWarning: [W108] The rule-based lemmatizer")
        log.warning("%s", '/lib/spacy/util.py:7: UserWarning: [W030] Some entities in the text "Xyzzy7"')
        log.warning("%s", "/lib/other.py:7: UserWarning: Xyzzy7 [W030]")
        log.warning("%s", "/lib/other.py:7: UserWarning: [W999] Xyzzy7")
        logging.getLogger("uvicorn.error").info("Started")
        logging.getLogger("errors").info("Started")
        writer.close()
    root.handlers[:], root.level = handlers, level
    logging.captureWarnings(False)
    structlog.reset_defaults()
    lemmatizer, aligned, other, unknown, uvicorn, errors = map(orjson.loads, path.read_bytes().splitlines())
    assert "[W108] The rule-based lemmatizer did not find POS annotation" in lemmatizer["event"]
    assert "[W030] Some entities could not be aligned" in aligned["event"]
    assert other["event"] == unknown["event"] == "/lib/other.py:7: UserWarning"
    assert (uvicorn["logger"], errors["logger"]) == ("uvicorn", "library")
    assert b"Xyzzy7" not in path.read_bytes()
