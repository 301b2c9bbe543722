"""A caller who hangs up while its text waits, on a real connection."""

import threading

import httpx
import orjson

from tests.support.process import environment, service
from tests.support.raw_http import Raw, sized

LONG = {"text": "Tim Cook loved Paris. " * 4_000, "features": ["entities", "sentiment", "entity_sentiment"]}


def test_a_caller_who_hangs_up_leaves_the_queue() -> None:
    """Its text is not analysed, the request is logged as 499, and the request before it is answered."""
    with service(environment()) as running:
        busy = threading.Thread(
            target=lambda: httpx.post(
                f"{running.url}/v1/analyze", content=orjson.dumps(LONG), headers=JSON, timeout=100
            )
        )
        busy.start()
        while 'outcome="dropped"' not in (metrics := httpx.get(f"{running.url}/metrics").text):
            pass
        while "spanwise_queue_characters 0.0" in metrics:
            metrics = httpx.get(f"{running.url}/metrics").text
        with Raw(running.url) as caller:
            caller.send(sized())
        (line,) = running.lines(lambda line: line.get("route") == "/v1/entities")
        busy.join()
        assert line["status"] == 499
        assert line["documents"] == 1
        dropped = [one for one in httpx.get(f"{running.url}/metrics").text.splitlines() if 'outcome="dropped"' in one]
        assert dropped[0].endswith(" 1.0")


JSON = {"Content-Type": "application/json"}
