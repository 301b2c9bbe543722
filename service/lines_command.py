"""`spanwise analyze --jsonl`: JSON Lines in and out, without a service, with the lines and the options of `/v1/stream`.

Lines are analysed in batches, one in each of as many threads as there are CPUs, and written in their order. What waits
is bounded, so that a file of any length takes the memory of a short one.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import BinaryIO, NamedTuple

from spanwise.pipelines import Analyzer, Document, Registry
from spanwise.pipelines.language import is_auto
from spanwise.schemas import BatchDocument, BatchResult, RejectedDocument, StreamOptions, given, stream_document
from spanwise.service.documents.batch_results import batch_error, batch_result, encode_line
from spanwise.service.documents.document_language import DocumentLanguage, detect_choice
from spanwise.service.documents.options import Options, options_of
from spanwise.service.documents.selection import choice_of, choose_analyzer
from spanwise.service.errors import InternalError, MalformedJson
from spanwise.service.http.bodies import parse_json, without_byte_order_mark
from spanwise.service.process.cpus import available_cpus
from spanwise.service.queue.submission import Outcome
from spanwise.service.settings import Settings

_MOST_DOCUMENTS = 128
_READ_BYTES = 1 << 16

Told = Callable[[int, int], object]
"""Called with how many lines and how many of their bytes are done since the last call."""


class _Line(NamedTuple):
    """A line of the input: its number, its size, and what is to be analysed or what is wrong."""

    number: int
    size: int
    id: str | None
    analyzer: Analyzer | None
    document: Document | None
    error: BatchResult | None = None


def analyze_lines(  # noqa: PLR0917 - a pipe with two ends
    source: BinaryIO, target: BinaryIO, options: StreamOptions, registry: Registry, settings: Settings, told: Told
) -> int:
    """Analyse each line of the source. Return how many of the results are errors."""
    failed = 0
    threads = settings.nlp_threads or available_cpus()
    with ThreadPoolExecutor(threads, "analyze") as executor:
        waiting: deque[tuple[list[_Line], Future[list[BatchResult]]]] = deque()
        lines = _lines(source, options, registry, settings)
        for batch in _batches(lines, settings.micro_batch_characters):
            waiting.append((batch, executor.submit(_analyze, batch)))
            if len(waiting) > 2 * threads:
                failed += _write(*waiting.popleft(), target, told)
        while waiting:
            failed += _write(*waiting.popleft(), target, told)
    return failed


def _write(batch: list[_Line], results: "Future[list[BatchResult]]", target: BinaryIO, told: Told) -> int:
    found = results.result()
    target.write(b"".join(map(encode_line, found)))
    target.flush()
    told(len(batch), sum(line.size for line in batch))
    return sum(result["status"] == "error" for result in found)


def _lines(source: BinaryIO, options: StreamOptions, registry: Registry, settings: Settings) -> Iterator[_Line]:
    """Yield the lines that are more than white space."""
    wanted = options_of(options)
    index = 0
    while line := source.readline(settings.max_stream_line_bytes + 2):
        size = len(line)
        if index == 0:
            line = without_byte_order_mark(line)
        too_long = len(line.rstrip(b"\n")) > settings.max_stream_line_bytes
        while too_long and not line.endswith(b"\n") and (line := source.readline(_READ_BYTES)):
            size += len(line)
        if too_long or line.strip():
            yield _line(index, size, None if too_long else line.rstrip(b"\n"), (options, wanted), registry, settings)
        index += 1


def _line(  # noqa: PLR0917 - all of it is the line and what holds for each
    index: int,
    size: int,
    line: bytes | None,
    options: tuple[StreamOptions, Options],
    registry: Registry,
    settings: Settings,
) -> _Line:
    """Parse and validate a line, and choose its pipeline; None is a line over the limit."""
    if line is None:
        detail = f"The line has more than {settings.max_stream_line_bytes} bytes."
        document: BatchDocument | RejectedDocument = RejectedDocument(id=None, code="line_too_long", detail=detail)
    else:
        try:
            document = stream_document(parse_json(line, "line"), settings.limits)
        except MalformedJson as error:
            document = RejectedDocument(id=None, code=error.code, detail=error.detail)
    if isinstance(document, RejectedDocument):
        refused = batch_error(index, document.id, document.code, document.detail)
        return _Line(index, size, None, None, None, refused)
    choice = choice_of(document, options[0])
    if is_auto(choice[1]):
        by = detect_choice(registry, choice, document.text)
    else:
        assumed = choice == (None, None) and settings.language_detection == "on"
        by = DocumentLanguage(choice, assumed=assumed)
    chosen = by.error or choose_analyzer(registry, by.choice, options[1])
    name = given(document.id)
    if not isinstance(chosen, Analyzer):
        return _Line(index, size, name, None, None, batch_error(index, name, chosen["code"], chosen["detail"]))
    return _Line(index, size, name, chosen, options[1].document(document.text, chosen, by))


def _batches(lines: Iterable[_Line], most_characters: int) -> Iterator[list[_Line]]:
    """Group lines as they come, up to a number of characters or of documents."""
    batch: list[_Line] = []
    characters = 0
    for line in lines:
        batch.append(line)
        characters += len(line.document.text) if line.document else 0
        if characters >= most_characters or len(batch) >= _MOST_DOCUMENTS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


def _analyze(batch: list[_Line]) -> list[BatchResult]:
    """Analyse a batch, each pipeline's documents together."""
    outcomes: dict[int, Outcome] = {}
    for analyzer in {line.analyzer.name: line.analyzer for line in batch if line.analyzer}.values():
        own = [line for line in batch if line.analyzer is analyzer]
        documents = [line.document for line in own if line.document]
        outcomes.update(zip((line.number for line in own), _outcomes(analyzer, documents), strict=True))
    return [line.error or batch_result(line.number, line.id, outcomes[line.number]) for line in batch]


def _outcomes(analyzer: Analyzer, documents: list[Document]) -> list[Outcome]:
    """Analyse documents; where they fail together, each alone, so that a bad one fails alone."""
    try:
        return list(analyzer.analyze_documents(documents))
    except Exception:  # noqa: BLE001 - a pipeline may raise anything
        if len(documents) == 1:
            return [InternalError()]
    return [outcome for document in documents for outcome in _outcomes(analyzer, [document])]
