"""Meet every fault of `tests/support/fault_proxy.py` with the packaged `Spanwise`, and print what came of each."""

import json
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future

import httpx
from spanwise_client.api.analysis import extract_entities
from spanwise_client.models import AnalyzeResponse, EntitiesRequest, EntitiesResponse, StreamDocument
from spanwise_client.robust import Document, DocumentRefused, Refused, Spanwise
from texts_and_answers import TEXT, Counted, labels, seen


def outcome(answer: "Future[AnalyzeResponse]") -> list[object]:
    try:
        return ["ok", *labels(answer.result())]
    except DocumentRefused as refusal:
        return ["document", refusal.code]
    except Refused as refusal:
        return ["refused", refusal.status, refusal.code, *refusal.errors]
    except httpx.TransportError:
        return ["no answer"]


def one(client: Spanwise) -> list[object]:
    return outcome(client.submit(TEXT, features=["entities"]))


def two(client: Spanwise) -> list[object]:
    """Send a bad text and a good one."""
    answers = [client.submit(text, features=["entities"]) for text in ("", TEXT)]
    return [outcome(answer) for answer in answers]


def many(client: Spanwise) -> list[object]:
    answers = [client.submit(TEXT, features=["entities"], language="en" if n % 2 else "en-US") for n in range(200)]
    return [len(answers), *{tuple(outcome(answer)) for answer in answers}]


def invalid(client: Spanwise) -> list[object]:
    return outcome(client.submit(TEXT, labels=["WIZARD"]))


def surrogate(client: Spanwise) -> list[object]:
    try:
        client.submit("\ud800")
    except ValueError:
        return [*one(client)]
    raise AssertionError("this cannot be sent")


def generated(client: Spanwise) -> list[object]:
    answer = extract_entities.sync(client=client.client, body=EntitiesRequest(text=TEXT))
    assert isinstance(answer, EntitiesResponse)
    return ["ok", *(entity.label for entity in answer.entities)]


def streamed(client: Spanwise) -> list[object]:
    return [seen(result) for result in client.stream([TEXT] * 10, features=["entities"])]


def mixed_stream(client: Spanwise) -> list[object]:
    documents: list[Document] = [
        StreamDocument(text=TEXT, id="a"),
        "Tim Cook\u2028",
        StreamDocument(text="x", language="tlh"),
        "",
    ]
    return [seen(result) for result in client.stream(documents, features=["entities"])]


def long_stream(client: Spanwise) -> list[object]:
    documents, ahead, order = Counted(1500), 0, []
    for result in client.stream(documents, features=["entities"]):
        order.append(result.index)
        ahead = max(ahead, documents.taken - len(order))
    return [order == list(range(1500)), ahead <= 2 * 256]


def left_stream(client: Spanwise) -> list[object]:
    documents = Counted(100_000)
    for result in client.stream(documents, features=["entities"]):
        return [*seen(result), documents.taken <= 2 * 256]
    raise AssertionError("there are results")


def silent_stream(client: Spanwise) -> list[object]:
    results: list[object] = []
    try:
        for result in client.stream([TEXT] * 10, features=["entities"]):
            results.append(seen(result))  # noqa: PERF401 - those before the error are wanted
    except httpx.TimeoutException:
        results.append(["timeout"])
    return results


def refused_stream(client: Spanwise) -> list[object]:
    try:
        return list(client.stream([TEXT], features=["magic"]))
    except Refused as refusal:
        return ["refused", refusal.status, refusal.code, *refusal.errors]


def failing_source(client: Spanwise) -> list[object]:
    def documents() -> Iterator[str]:
        yield TEXT
        raise LookupError("no more")

    try:
        return list(client.stream(documents()))
    except LookupError as error:
        return [str(error)]


SCENARIOS: dict[str, Callable[[Spanwise], list[object]]] = {
    "overloaded": one,
    "shutting_down": one,
    "quota_of_a_day": one,
    "deadline": one,
    "internal_once": one,
    "internal_twice": one,
    "broken": one,
    "always_broken": one,
    "gateway": one,
    "document_internal": one,
    "document_internal_twice": one,
    "invalid": invalid,
    "one_bad": two,
    "many": many,
    "too_large": many,
    "too_many": many,
    "surrogate": surrogate,
    "generated": generated,
    "stream": mixed_stream,
    "long_stream": long_stream,
    "left_stream": left_stream,
    "refused_stream": refused_stream,
    "failing_source": failing_source,
    "stream_overloaded": streamed,
    "stream_cut": streamed,
    "stream_cut_in_a_line": streamed,
    "stream_shutting_down": streamed,
    "stream_rate_limited": streamed,
    "stream_always_cut": streamed,
    "stream_document_internal": streamed,
}


def main(proxy: str, key: str) -> None:
    outcomes: dict[str, list[object]] = {}
    for name, scenario in SCENARIOS.items():
        with Spanwise(f"{proxy}/{name}", api_key=key) as client:
            try:
                outcomes[name] = scenario(client)
            except httpx.TransportError:
                outcomes[name] = ["no answer"]
    with Spanwise(f"{proxy}/no_key") as client:
        outcomes["no_key"] = one(client)
    with Spanwise(f"{proxy}/stream_silent", api_key=key, timeout=0.5) as client:
        outcomes["stream_silent"] = silent_stream(client)
    print(json.dumps(outcomes))


if __name__ == "__main__":
    main(*sys.argv[1:])
