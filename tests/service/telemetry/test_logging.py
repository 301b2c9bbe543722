"""Logs: what a line holds, what it never holds, and that nobody waits for a line to be written."""

import asyncio
import io
import logging
import os
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
import structlog

from spanwise.pipelines import Analyzer, Document, Registry
from spanwise.pipelines.entities.engine_choice import Fallback
from spanwise.pipelines.error_notes import note_place
from spanwise.service.telemetry.log_writer import LogWriter
from spanwise.service.telemetry.logging import configure_logging
from spanwise.service.telemetry.redaction import describe_exception
from tests.support.bad_requests import JSON, MARK, marked_requests
from tests.support.fakes import FailingEngine, with_engine
from tests.support.serving import Serving

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines(tmp_path: Path) -> Iterator[Lines]:
    """Configure logging to a file, and yield a function that returns the lines written so far."""
    path = tmp_path / "log"
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    with path.open("wb") as file:
        writer = configure_logging("debug", "json", 1000, file.fileno())

        def read() -> list[dict[str, Any]]:
            writer.flush()
            written = [orjson.loads(line) for line in path.read_bytes().splitlines()]
            return [line for line in written if line.get("logger") != "httpx"]  # the client's, in the same process

        yield read
        writer.close()
    root.handlers[:], root.level = handlers, level
    logging.captureWarnings(False)
    structlog.reset_defaults()


@pytest.mark.anyio
async def test_one_access_line_per_request(lines: Lines, client: httpx.AsyncClient) -> None:
    """An access line has method, route, status, sizes, times and the request's id."""
    await client.post("/v1/entities", json={"text": "Tim Cook 🎉"}, headers={"X-Request-ID": "abc"})
    await client.post("/v1/batch", json={"documents": [{"text": "a"}, {"text": "bc"}, {"text": ""}]})
    await client.get("/nowhere")
    await client.get("/openapi.json")
    single, batch, nowhere, document = (line for line in lines() if line["event"] == "request")
    assert single["request_id"] == "abc"
    assert (single["method"], single["route"], single["status"]) == ("POST", "/v1/entities", 200)
    assert (single["documents"], single["characters"]) == (1, 10)
    assert single["bytes"] == len(orjson.dumps({"text": "Tim Cook 🎉"}))
    assert single["ms"] > single["nlp_ms"] > 0
    assert single["queue_ms"] >= 0
    assert single["encode_ms"] > 0
    assert (batch["documents"], batch["characters"]) == (2, 3)
    assert (nowhere["route"], nowhere["status"], nowhere["code"]) == ("unmatched", 404, "not_found")
    assert document["route"] == "/openapi.json"
    assert {line["pid"] for line in (single, batch, nowhere, document)} == {os.getpid()}
    assert single["client"] == "127.0.0.1"
    assert "key" not in single


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("fallback", "level"),
    [
        (None, "info"),
        (Fallback("an architecture that it does not know", is_defect=False), "warning"),
        (Fallback("3 of 20 built-in texts were answered differently", is_defect=True), "error"),
    ],
)
async def test_a_pipeline_on_spacys_own_engine_is_logged_with_the_reason(
    lines: Lines, serving: Serving, english: Analyzer, fallback: Fallback | None, level: str
) -> None:
    """The line is an error when the compiled engine should have served the pipeline."""
    async with serving(registry=Registry({"en": replace(english, fallback=fallback)})):
        (line,) = (line for line in lines() if line["event"] == "pipeline_ready")
    assert line["level"] == level
    assert line.get("fallback") == (fallback.reason if fallback else None)
    assert line["pipeline"] == english.title


@pytest.mark.anyio
async def test_no_line_ever_holds_a_callers_text(lines: Lines, serving: Serving, english: Analyzer) -> None:
    """Marked text goes through every error path, a component that quotes it included, and shows up in no line."""
    failing = Registry({"en": with_engine(english, FailingEngine(lambda text: "Xyzzy7" in text))})
    async with serving(registry=failing, max_text_characters=100_000) as client:
        for path, body in marked_requests():
            await client.post(path, content=body, headers=JSON)
        await client.post("/v1/entities", json={"text": MARK}, headers={"X-Request-ID": MARK})
        await client.request("DELETE", f"/v1/{MARK}?q={MARK}", headers={"X-Request-Timeout-Ms": MARK})
        answer = await client.post("/v1/entities", json={"text": MARK})
        assert answer.status_code == 500
        written = lines()
    failures = [line for line in written if line["event"] == "analysis_failed"]
    assert failures, "the failing component was never asked"
    assert failures[0]["exception"][0]["type"] == "ValueError"
    assert any("annotate" in frame for frame in failures[0]["exception"][0]["frames"])
    assert "Xyzzy7" not in orjson.dumps(written).decode()


def test_an_exception_is_told_by_type_and_frames(lines: Lines) -> None:
    """An exception and its causes are logged without their messages, which may quote anything."""

    def fail() -> None:
        try:
            dict[str, str]()["Xyzzy7"]
        except KeyError as error:
            raise ValueError("Xyzzy7") from error

    try:
        fail()
    except ValueError:
        structlog.get_logger().exception("own")
        logging.getLogger("somebody").exception("foreign")
    own, foreign = lines()
    for line in (own, foreign):
        assert [part["type"] for part in line["exception"]] == ["ValueError", "KeyError"]
        assert "test_an_exception_is_told" in line["exception"][0]["frames"][0]
        assert line["level"] == "error"
    assert foreign["logger"] == "somebody"
    assert "Xyzzy7" not in orjson.dumps([own, foreign]).decode()


def test_an_exception_names_the_component_that_raised_it() -> None:
    """Of the notes on an exception only our own are logged, because any other may quote a text."""
    error = ValueError("secret")
    error.add_note("a text of the caller")
    note_place(error, "component 'ner'")
    note_place(error, "component 'outer'")
    assert describe_exception(error) == [
        {"type": "ValueError", "frames": [], "notes": ["in the pipeline's component 'ner'"]}
    ]


def test_other_peoples_lines_are_logged_without_what_they_quote(lines: Lines) -> None:
    """A component's line about a text is logged by its template or place, a warning by its category."""
    logging.getLogger("component").warning("cannot read %r", "Xyzzy7")
    logging.getLogger("component").warning(f"cannot read {'Xyzzy7'}")  # noqa: G004 - as people do
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("cannot read Xyzzy7", UserWarning, stacklevel=1)
    template, place, warning = lines()
    assert template["event"] == "cannot read %r"
    assert "test_logging.py" in place["place"]
    assert warning["event"].endswith("UserWarning")
    assert "Xyzzy7" not in str([template, place, warning])


def test_a_repr_of_a_document_does_not_quote_it() -> None:
    """A document's repr leaves out the text, because asyncio puts reprs of arguments into its messages."""
    assert "Xyzzy7" not in repr(Document("Xyzzy7"))


def test_a_long_chain_of_causes_ends() -> None:
    """A chain of causes is cut off, because it can be a circle."""
    one, two = ValueError(), ValueError()
    one.__context__, two.__context__ = two, one
    assert len(describe_exception(one)) <= 10


def test_the_standard_librarys_lines_go_through_the_same_chain(lines: Lines) -> None:
    """Lines of uvicorn and asyncio are logged by their first line, since a repr may follow."""
    logging.getLogger("uvicorn.error").info("Started %s", "here")
    logging.getLogger("asyncio").error("Task exception was never retrieved\nfuture: <Xyzzy7>")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("look out", UserWarning, stacklevel=1)
    first, second, third = lines()
    assert (first["event"], first["logger"], first["level"]) == (
        "Started here",
        "uvicorn",
        "info",
    )  # not uvicorn.error: the line is none
    assert first["timestamp"].endswith("Z")
    assert second["event"] == "Task exception was never retrieved"
    assert third["logger"] == "py.warnings"
    assert third["event"].endswith("UserWarning")


def test_a_terminal_gets_lines_for_people(tmp_path: Path) -> None:
    """The console format has the same fields and the same redaction."""
    path = tmp_path / "log"
    with path.open("wb") as file:
        writer = configure_logging("info", "console", 1000, file.fileno())
        structlog.get_logger().info("hello", name="world")
        structlog.get_logger().debug("too detailed")
        structlog.get_logger().error("failed", exc_info=ValueError("Xyzzy7"))
        logging.getLogger("uvicorn.error").error("failed too", exc_info=ValueError("Xyzzy7"))
        writer.close()
    logging.getLogger().handlers.clear()
    logging.captureWarnings(False)
    structlog.reset_defaults()
    text = path.read_text()
    assert "hello" in text
    assert "world" in text
    assert "too detailed" not in text
    assert text.count("ValueError") == 2
    assert "Xyzzy7" not in text
    assert not text.startswith("{")


def test_a_stuck_reader_never_makes_a_caller_wait() -> None:
    """The queue fills, lines are dropped and counted, and the count is logged once the reader reads again."""
    read_end, write_end = os.pipe()
    writer = LogWriter(write_end, 100, lambda event, fields: orjson.dumps({"event": event, **fields}) + b"\n")
    reported: list[int] = []
    writer.on_drop = reported.append
    longest = 0.0
    for _ in range(5000):
        started = time.perf_counter()
        writer.put(b"x" * 999 + b"\n")
        longest = max(longest, time.perf_counter() - started)
    assert longest < 1.0, "putting a line waited for the reader"
    assert writer.dropped >= 5000 - 100 - 100 - 70  # what the queue, the thread and the pipe can hold
    got = io.BytesIO()

    def read() -> None:
        while chunk := os.read(read_end, 65536):
            got.write(chunk)

    reader = threading.Thread(target=read)
    reader.start()
    writer.put(b"after\n")
    writer.close()
    os.close(write_end)
    reader.join(10)
    os.close(read_end)
    notices = [orjson.loads(line) for line in got.getvalue().splitlines() if line.startswith(b"{")]
    assert [line["event"] for line in notices][:1] == ["log_lines_dropped"]
    assert sum(line["lines"] for line in notices) == writer.dropped
    written = sum(not line.startswith(b"{") for line in got.getvalue().splitlines())
    assert written + writer.dropped == 5001
    assert sum(reported) == writer.dropped


def test_a_vanished_reader_is_survived() -> None:
    """Writing to a closed pipe does not end the writer."""
    read_end, write_end = os.pipe()
    os.close(read_end)
    writer = LogWriter(write_end, 10, lambda event, fields: b"")
    writer.put(b"line\n")
    writer.flush()
    writer.put(b"line\n")
    writer.close()
    os.close(write_end)


@pytest.mark.anyio
async def test_requests_do_not_wait_for_a_stuck_log(serving: Serving) -> None:
    """Requests are served while nobody reads the log's pipe."""
    read_end, write_end = os.pipe()
    root = logging.getLogger()
    handlers = root.handlers[:]
    writer = configure_logging("info", "json", 50, write_end)
    try:
        async with serving() as client:
            async with asyncio.timeout(60):
                for _ in range(600):
                    assert (await client.get("/livez")).status_code == 200
            assert writer.dropped > 0
            os.set_blocking(read_end, False)
            while True:  # let the writer go, so that the end of the service need not wait for it
                try:
                    if not os.read(read_end, 1 << 20):
                        break
                except BlockingIOError:
                    break
    finally:
        os.close(read_end)
        writer.close()
        os.close(write_end)
        root.handlers[:] = handlers
        logging.captureWarnings(False)
        structlog.reset_defaults()
