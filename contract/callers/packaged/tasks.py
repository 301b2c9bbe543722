"""Meet every fault of `tests/support/fault_proxy.py` with the packaged `AsyncSpanwise`, and print what came."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
from spanwise_client.api.analysis import extract_entities
from spanwise_client.models import AnalyzeResponse, EntitiesRequest, EntitiesResponse, StreamDocument
from spanwise_client.robust import AsyncSpanwise, Document, DocumentRefused, Refused
from texts_and_answers import TEXT, Counted, labels, seen


async def outcome(answer: Awaitable[AnalyzeResponse]) -> list[object]:
    try:
        return ["ok", *labels(await answer)]
    except DocumentRefused as refusal:
        return ["document", refusal.code]
    except Refused as refusal:
        return ["refused", refusal.status, refusal.code, *refusal.errors]
    except httpx.TransportError:
        return ["no answer"]


async def one(client: AsyncSpanwise) -> list[object]:
    return await outcome(client.analyze(TEXT, features=["entities"]))


async def two(client: AsyncSpanwise) -> list[object]:
    answers = [client.analyze(text, features=["entities"]) for text in ("", TEXT)]
    return list(await asyncio.gather(*map(outcome, answers)))


async def many(client: AsyncSpanwise) -> list[object]:
    answers = [client.analyze(TEXT, features=["entities"], language="en" if n % 2 else "en-US") for n in range(200)]
    return [len(answers), *{tuple(one) for one in await asyncio.gather(*map(outcome, answers))}]


async def invalid(client: AsyncSpanwise) -> list[object]:
    return await outcome(client.analyze(TEXT, labels=["WIZARD"]))


async def surrogate(client: AsyncSpanwise) -> list[object]:
    try:
        await client.analyze("\ud800")
    except ValueError:
        return await one(client)
    raise AssertionError("this cannot be sent")


async def generated(client: AsyncSpanwise) -> list[object]:
    answer = await extract_entities.asyncio(client=client.client, body=EntitiesRequest(text=TEXT))
    assert isinstance(answer, EntitiesResponse)
    return ["ok", *(entity.label for entity in answer.entities)]


async def streamed(client: AsyncSpanwise) -> list[object]:
    return [seen(result) async for result in client.stream([TEXT] * 10, features=["entities"])]


async def mixed_stream(client: AsyncSpanwise) -> list[object]:
    documents: list[Document] = [
        StreamDocument(text=TEXT, id="a"),
        "Tim Cook\u2028",
        StreamDocument(text="x", language="tlh"),
        "",
    ]
    return [seen(result) async for result in client.stream(documents, features=["entities"])]


async def long_stream(client: AsyncSpanwise) -> list[object]:
    documents, ahead, order = Counted(1500), 0, []
    async for result in client.stream(documents, features=["entities"]):
        order.append(result.index)
        ahead = max(ahead, documents.taken - len(order))
    return [order == list(range(1500)), ahead <= 2 * 256]


async def left_stream(client: AsyncSpanwise) -> list[object]:
    documents = Counted(100_000)
    async for result in client.stream(documents, features=["entities"]):
        return [*seen(result), documents.taken <= 2 * 256]
    raise AssertionError("there are results")


async def silent_stream(client: AsyncSpanwise) -> list[object]:
    results: list[object] = []
    try:
        async for result in client.stream([TEXT] * 10, features=["entities"]):
            results.append(seen(result))  # noqa: PERF401 - those before the error are wanted
    except httpx.TimeoutException:
        results.append(["timeout"])
    return results


async def refused_stream(client: AsyncSpanwise) -> list[object]:
    try:
        return [result async for result in client.stream([TEXT], features=["magic"])]
    except Refused as refusal:
        return ["refused", refusal.status, refusal.code, *refusal.errors]


async def failing_source(client: AsyncSpanwise) -> list[object]:
    async def documents() -> AsyncIterator[str]:
        yield TEXT
        raise LookupError("no more")

    try:
        return [result async for result in client.stream(documents())]
    except LookupError as error:
        return [str(error)]


async def slow_source(client: AsyncSpanwise) -> list[object]:
    """Wait in the source for the result of the first document before the second one is given."""
    answered = asyncio.Event()

    async def documents() -> AsyncIterator[str]:
        yield TEXT
        await answered.wait()
        yield TEXT

    results: list[object] = []
    async for result in client.stream(documents(), features=["entities"]):
        answered.set()
        results.append(seen(result))
    return results


async def cancelled(client: AsyncSpanwise) -> list[object]:
    """Cancel a call that waits while others are on their way: it is not sent."""
    calls = [asyncio.create_task(outcome(client.analyze(TEXT, features=["entities"])))]
    await asyncio.sleep(0.1)
    calls += [asyncio.create_task(outcome(client.analyze(TEXT, features=["entities"]))) for _ in range(3)]
    await asyncio.sleep(0.1)
    calls[2].cancel()
    await asyncio.wait(calls)
    return [call.cancelled() or (await call) for call in calls]


SCENARIOS: dict[str, Callable[[AsyncSpanwise], Awaitable[list[object]]]] = {
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
    "slow_source": slow_source,
    "cancelled": cancelled,
    "stream_overloaded": streamed,
    "stream_cut": streamed,
    "stream_cut_in_a_line": streamed,
    "stream_shutting_down": streamed,
    "stream_rate_limited": streamed,
    "stream_always_cut": streamed,
    "stream_document_internal": streamed,
}


async def main(proxy: str, key: str) -> None:
    outcomes: dict[str, list[object]] = {}
    for name, scenario in SCENARIOS.items():
        async with AsyncSpanwise(f"{proxy}/{name}", api_key=key, parallel=1 if name == "cancelled" else 2) as client:
            try:
                outcomes[name] = await scenario(client)
            except httpx.TransportError:
                outcomes[name] = ["no answer"]
    async with AsyncSpanwise(f"{proxy}/no_key") as client:
        outcomes["no_key"] = await one(client)
    async with AsyncSpanwise(f"{proxy}/stream_silent", api_key=key, timeout=0.5) as client:
        outcomes["stream_silent"] = await silent_stream(client)
    print(json.dumps(outcomes))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
