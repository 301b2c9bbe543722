"""A server that shuts down says so on every connection."""

import signal
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.support.process import environment, service
from tests.support.raw_http import LIVENESS, Raw, sized

pytestmark = pytest.mark.process

LONG = sized(body=b'{"text":"%b"}' % (b"!" * 90_000))


def test_every_answer_of_a_draining_server_closes_its_connection() -> None:
    """Refusals, probes and the answers to accepted work carry `Connection: close`, on kept connections and new ones."""
    with service(environment(components="slow_texts")) as process:
        kept = [Raw(process.url) for _ in range(3)]
        for raw in kept:
            answer = raw.send(LIVENESS).answer()
            assert (answer.status, answer.closes) == (200, False)
        accepted = Raw(process.url, seconds=60).send(LONG)
        time.sleep(0.5)
        process.process.send_signal(signal.SIGTERM)
        process.lines(lambda line: line["event"] == "draining")
        readiness = LIVENESS.replace(b"/livez", b"/readyz")
        for raw, request, status in zip(kept, (sized(), readiness, LIVENESS), (503, 503, 200), strict=True):
            answer = raw.send(request).answer()
            assert (answer.status, answer.closes) == (status, True)
            assert raw.is_closed()
        with Raw(process.url) as new:
            answer = new.send(readiness).answer()
            assert (answer.status, answer.closes) == (503, True)
            assert answer.json["code"] == "shutting_down"
            assert new.is_closed()
        answer = accepted.answer()
        assert (answer.status, answer.closes) == (200, True)
        assert process.process.wait(30) == 0
        for raw in (*kept, accepted):
            raw.__exit__()


def test_callers_on_kept_connections_see_each_refusal_once() -> None:
    """No caller meets a broken connection: each gets one 503 and a close, and tries elsewhere."""
    with service(environment(components="slow_texts"), "--workers", "1") as process, ThreadPoolExecutor(16) as pool:
        accepted = Raw(process.url, seconds=60).send(LONG)
        clients = [httpx.Client(base_url=process.url) for _ in range(16)]
        for client in clients:
            assert client.get("/livez").status_code == 200
        time.sleep(0.5)
        process.process.send_signal(signal.SIGTERM)
        process.lines(lambda line: line["event"] == "draining")
        refused = list(pool.map(lambda client: client.post("/v1/entities", json={"text": "Ada"}), clients))
        assert {(answer.status_code, answer.headers.get("connection")) for answer in refused} == {(503, "close")}
        assert accepted.answer().status == 200
        accepted.__exit__()
        for client in clients:
            client.close()
        assert process.process.wait(30) == 0
