"""Analyse the texts of an Arrow table: the one function under `spanwise bulk`, and what other engines call.

    table = spanwise.bulk.arrow.analyze(table, text="body", id="key", features=["entities", "sentiment"])

`ArrowAnalyzer` is the same as an object that travels to workers and loads its pipelines there, once a process: an actor
class of Ray's `map_batches`, or what Spark's `mapInArrow` calls.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar, Unpack, cast

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from spanwise.bulk.arrow_schema import ALWAYS, output_schema, section_types
from spanwise.bulk.input_columns import check_texts
from spanwise.bulk.pipeline_source import PipelineSource
from spanwise.bulk.row_analysis import BATCH_CHARACTERS, ROW_CHARACTERS, Outcome, RowAnalysis
from spanwise.bulk.row_errors import NOT_UTF8, RowError, UnreadableRow
from spanwise.bulk.row_options import NamedOptions, RowOptions
from spanwise.pipelines import Analyzer, Registry

__all__ = ["ArrowAnalyzer", "PipelineSource", "RowOptions", "analyze", "output_schema", "schema"]

Data = TypeVar("Data", pa.Table, pa.RecordBatch)
Pipelines = Analyzer | Registry | PipelineSource | str | None

Item = TypeVar("Item")
Done = TypeVar("Done")

SLICE_CHARACTERS = 16 * BATCH_CHARACTERS
"""Characters that become arrays together: a large table is never there as Python objects as a whole."""


def analyze(data: Data, *, pipelines: Pipelines = None, threads: int = 1, **options: Unpack[NamedOptions]) -> Data:
    """Analyse the texts of a table or record batch; as many rows come out, in the same order.

    `pipelines` is a loaded `Analyzer` or `Registry`, or what is to be loaded once in this process: a `PipelineSource`,
    or a string as `SPANWISE_PIPELINES` has it; by default the default pipeline. The options are those of `RowOptions`:
    `text`, `id`, `carry` and `language_column` name columns; `features`, `language`, `pipeline`, `offset_encoding`,
    `labels`, `min_confidence`, `min_score`, `top` and `raw_scores` mean what they mean in a request.

    Columns that come out: `id`, those carried through, `language`, `language_confidence`, `pipeline`, `warnings`, a
    column for each feature, and `error`. A row that is bad or whose analysis fails has nothing but `error`, with `code`
    and `detail`. Raises `TypeError` and `ValueError` for options that fit no row, and for columns that there are not.
    """
    return ArrowAnalyzer(pipelines, threads=threads, **options)(data)


def schema(given: pa.Schema | None = None, **options: Unpack[NamedOptions]) -> pa.Schema:
    """Return the schema of what `analyze` returns with these options, without loading anything.

    `given` is the schema of the input, which the types of carried columns are taken from; without it they are strings.
    """
    return output_schema(RowOptions.of(**options), given)


class ArrowAnalyzer:
    """Analyses tables with the same options over and over. Can be pickled; loads its pipelines on first use.

    Ray: `dataset.map_batches(ArrowAnalyzer, batch_format="pyarrow", fn_constructor_kwargs={"text": "body"}, ...)`.
    Spark: `frame.mapInArrow(ArrowAnalyzer(text="body").map, schema)`.
    """

    def __init__(self, pipelines: Pipelines = None, *, threads: int = 1, **options: Unpack[NamedOptions]) -> None:
        """Check the options as far as no pipeline is needed: see `analyze`."""
        self.options = RowOptions.of(**options)
        if threads < 1:
            raise ValueError("threads must be at least 1")
        self._threads = threads
        self._loaded = _registry_of(pipelines) if isinstance(pipelines, Analyzer | Registry) else None
        self._source = PipelineSource.parse(pipelines) if isinstance(pipelines, str) else pipelines
        self._rows: RowAnalysis | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what is loaded. Raises `TypeError` where that cannot be loaded again."""
        if self._loaded is not None:
            raise TypeError("A loaded pipeline does not travel to workers: pass a PipelineSource, or a string.")
        return self.__dict__ | {"_rows": None}

    @property
    def rows(self) -> RowAnalysis:
        """What analyses the rows, with its pipelines loaded. Raises `PipelineError`, and `ValueError` for options."""
        if self._rows is None:
            source = self._source if isinstance(self._source, PipelineSource) else PipelineSource()
            self._rows = RowAnalysis(self.options, self._loaded or source.registry())
        return self._rows

    def __call__(self, data: Data) -> Data:
        """Analyse a table or record batch."""
        if not isinstance(data, pa.Table | pa.RecordBatch):
            raise TypeError(f"analyze() takes a pyarrow Table or RecordBatch, and not {type(data).__name__}")
        shape = output_schema(self.options, data.schema)
        batches = data.to_batches() if isinstance(data, pa.Table) else [data]
        table = pa.Table.from_batches(self._map(batches, shape), shape)
        if isinstance(data, pa.Table):
            return table
        parts = table.combine_chunks().to_batches()
        return parts[0] if parts else pa.RecordBatch.from_pylist([], shape)

    def map(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Analyse batches as they come: what Spark's `mapInArrow` takes. Larger ones come out in parts."""
        for batch in batches:
            yield from self._map([batch], output_schema(self.options, batch.schema))

    def _map(self, batches: Iterable[pa.RecordBatch], shape: pa.Schema) -> Iterator[pa.RecordBatch]:
        slices = (part for batch in batches for part in self._slices(batch))
        return in_threads(lambda part: self._analyze(part, shape), slices, self._threads)

    def _slices(self, batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
        """Cut a batch by the sizes of its texts, so that neither threads nor memory depend on how it was cut."""
        column = column_of(batch, self.options.text)
        check_texts(column.type)
        start = 0
        for end in cuts(sizes_of(column)):
            yield batch.slice(start, end - start)
            start = end

    def _analyze(self, batch: pa.RecordBatch, shape: pa.Schema) -> pa.RecordBatch:
        options = self.options
        languages = None if options.language_column is None else values_of(column_of(batch, options.language_column))
        outcomes = self.rows.outcomes(values_of(column_of(batch, options.text)), languages)
        kept = [batch.column(name) for name in ((options.id,) if options.id is not None else ()) + options.carry]
        return pa.RecordBatch.from_arrays([*kept, *analysis_arrays(outcomes, options)], schema=shape)


def in_threads(work: Callable[[Item], Done], items: Iterable[Item], threads: int) -> Iterator[Done]:
    """Do the work on each item in so many threads, and yield the results in the order of the items.

    What waits is bounded: no more items are taken than two for each thread.
    """
    if threads == 1:
        yield from map(work, items)
        return
    with ThreadPoolExecutor(threads, "rows") as executor:
        waiting: deque[Future[Done]] = deque()
        for item in items:
            waiting.append(executor.submit(work, item))
            if len(waiting) > 2 * threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def cuts(sizes: Sequence[int]) -> list[int]:
    """Return where to cut rows of these sizes: the ends of slices that are analysed together, the last one included."""
    ends, size = [], 0
    for row, more in enumerate(sizes, 1):
        size += more + ROW_CHARACTERS
        if size >= SLICE_CHARACTERS:
            ends.append(row)
            size = 0
    if size:
        ends.append(len(sizes))
    return ends


def sizes_of(column: pa.Array) -> list[int]:
    """Return the bytes of each text of a column, 0 where there is none."""
    if pa.types.is_null(column.type):
        return [0] * len(column)
    plain = column.dictionary_decode() if pa.types.is_dictionary(column.type) else column
    if pa.types.is_string_view(plain.type) or pa.types.is_binary_view(plain.type):
        plain = plain.cast(pa.large_binary())
    return pc.fill_null(pc.binary_length(plain), 0).to_pylist()  # type: ignore[no-any-return]


def column_of(batch: pa.RecordBatch, name: str) -> pa.Array:
    """Return a column. Raises `ValueError` where there is none of that name."""
    if name not in batch.schema.names:
        raise ValueError(f"There is no column {name!r}. There are: {', '.join(batch.schema.names)}.")
    return batch.column(name)


def values_of(column: pa.Array) -> list[Any]:
    """Return the values of a column as Python has them, bytes as texts."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    try:
        values = column.to_pylist()
    except UnicodeDecodeError:  # a writer of the file did not check its strings
        values = column.cast(pa.large_binary()).to_pylist()
    return [_decode(value) if isinstance(value, bytes) else value for value in values]


def analysis_arrays(outcomes: Sequence[Outcome], options: RowOptions) -> list[pa.Array]:
    """Return the columns of the analysis, from `language` to `error`."""
    answers: list[dict[str, Any]] = [
        {} if isinstance(outcome, RowError) else cast("dict[str, Any]", outcome) for outcome in outcomes
    ]
    sections = section_types(options.sections, raw=options.raw_scores)
    if "extensions" in sections:
        answers = [_with_json(answer) for answer in answers]
    types = {name: field.type for field in output_schema(RowOptions()) if (name := field.name) in ALWAYS} | sections
    columns = [pa.array([answer.get(name) for answer in answers], type_) for name, type_ in types.items()]
    errors = [outcome._asdict() if isinstance(outcome, RowError) else None for outcome in outcomes]
    return [*columns, pa.array(errors, output_schema(RowOptions()).field("error").type)]


def _with_json(answer: dict[str, Any]) -> dict[str, Any]:
    """Return the answer with custom attributes as strings of JSON, those of its entities and spans too."""
    written = {
        name: [_with_json(one) for one in section] if name in {"entities", "spans"} else section
        for name, section in answer.items()
    }
    if "extensions" in written:
        written["extensions"] = orjson.dumps(written["extensions"]).decode()
    return written


def _registry_of(pipelines: Analyzer | Registry) -> Registry:
    return Registry([pipelines]) if isinstance(pipelines, Analyzer) else pipelines


def _decode(value: bytes) -> str | UnreadableRow:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return UnreadableRow(NOT_UTF8)
