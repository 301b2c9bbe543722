"""The analyses in a folder that `spanwise bulk` wrote, Parquet or JSON Lines, and what it wrote there about the job."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

import orjson
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.json as pj

from spanwise.bulk.file_systems import Place, place_of

_ROWS_TOGETHER = 16_384
_JSON_BLOCK = 16 << 20
"""Bytes of JSON Lines that are read together; a longer line cannot be read."""
_SCORES = pa.struct(dict.fromkeys(("negative", "neutral", "positive"), pa.float64()))
_SENTIMENT = pa.struct({"label": pa.string(), "scores": _SCORES})
_JSON_ANALYSIS = {
    "language": pa.string(),
    "pipeline": pa.string(),
    "warnings": pa.list_(pa.string()),
    "sentiment": _SENTIMENT,
    "entities": pa.list_(pa.struct({"text": pa.string(), "label": pa.string(), "sentiment": _SENTIMENT})),
    "categories": pa.list_(pa.struct({"label": pa.string(), "score": pa.float64()})),
    "spans": pa.list_(pa.struct({"label": pa.string()})),
}
"""What is read of the `analysis` of a line; JSON Lines carry no schema, so that it must be said."""
_JSON_ERROR = pa.struct({"code": pa.string(), "detail": pa.string()})


class NoAnalyses(ValueError):
    """A folder that holds no analyses, or not what is asked of them."""


@dataclass(frozen=True)
class Analyses:
    """Files of analyses of one format, all with the same columns."""

    place: Place
    names: tuple[str, ...]
    columns: tuple[str, ...]
    job: dict[str, Any] = field(default_factory=dict)
    """What the output depends on: options, pipelines, version (`_spanwise/job.json`)."""
    summary: dict[str, Any] = field(default_factory=dict)
    """Of the last run that came to its end; empty where none has."""
    finished: datetime | None = None
    """When that was."""

    @classmethod
    def open(cls, uri: str) -> Self:
        """Find the files of a folder, local or in an object store. Raises `NoAnalyses` and `PlaceError`."""
        place = place_of(uri)
        for suffix in (".parquet", ".jsonl"):
            if names := tuple(sorted(name for name in place.names() if _is_part(name, suffix))):
                break
        else:
            raise NoAnalyses(f"There are no analyses in {uri}: neither *.parquet nor *.jsonl.")
        own = place / "_spanwise"
        job = _json(own / "job.json")
        columns = _columns(place / names[0], job)
        if "error" not in columns:
            raise NoAnalyses(f"{uri}/{names[0]} has no column `error`: it is no output of spanwise bulk.")
        return cls(place, names, columns, job, _json(own / "summary.json"), _written(own / "summary.json"))

    @property
    def size(self) -> int:
        """The bytes of all files."""
        return sum(info.size for info in self.place.system.get_file_info([one.path for one in self._files()]))

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Yield the rows, with those of these columns that there are, in an order that reading them again has too."""
        wanted = [name for name in columns if name in self.columns]
        if self.names[0].endswith(".jsonl"):
            for file in self._files():
                yield from _lines(file, wanted)
            return
        paths = [file.path for file in self._files()]
        scanner = ds.dataset(paths, format="parquet", filesystem=self.place.system).scanner(
            columns=wanted, batch_size=_ROWS_TOGETHER, batch_readahead=2, fragment_readahead=1
        )
        yield from scanner.to_batches()

    def _files(self) -> list[Place]:
        return [self.place / name for name in self.names]


def _is_part(name: str, suffix: str) -> bool:
    """Say whether a name is that of a file of analyses, and not of one that is beside them or being written."""
    return name.endswith(suffix) and not name.startswith((".", "_"))


def _json(place: Place) -> dict[str, Any]:
    """Return the object in a file; an empty one where there is no file, or something else in it."""
    try:
        found = orjson.loads(place.read())
    except (FileNotFoundError, orjson.JSONDecodeError):
        return {}
    return found if isinstance(found, dict) else {}


def _written(place: Place) -> datetime | None:
    found: datetime | None = place.system.get_file_info(place.path).mtime
    return found


def _columns(file: Place, job: dict[str, Any]) -> tuple[str, ...]:
    """Return the columns of a file. Raises `NoAnalyses` where it cannot be read."""
    try:
        if file.path.endswith(".parquet"):
            return tuple(ds.dataset(file.path, format="parquet", filesystem=file.system).schema.names)
        with file.system.open_input_stream(file.path) as stream:
            first = orjson.loads(bytes(stream.read(_JSON_BLOCK)).partition(b"\n")[0])
    except (pa.ArrowException, orjson.JSONDecodeError) as error:
        raise NoAnalyses(f"{file.path} cannot be read ({type(error).__name__}).") from error
    if "status" not in first:
        return ()
    carried = job.get("options", {}).get("carry", ())
    return ("id", *carried, *_JSON_ANALYSIS, "error")


def _lines(file: Place, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """Yield the lines of a file as rows with these columns; those that were carried through are strings."""
    carried = pa.struct([(name, pa.string()) for name in columns if name not in {"id", "error", *_JSON_ANALYSIS}])
    fields = {"id": pa.string(), "carried": carried, "analysis": pa.struct(_JSON_ANALYSIS), "error": _JSON_ERROR}
    parse = pj.ParseOptions(explicit_schema=pa.schema(fields), unexpected_field_behavior="ignore")
    with file.system.open_input_stream(file.path) as stream:
        for batch in pj.open_json(stream, pj.ReadOptions(block_size=_JSON_BLOCK), parse):
            rows = {"id": batch.column("id"), "error": batch.column("error")}
            for outer, types in (("carried", carried), ("analysis", fields["analysis"])):
                parts = batch.column(outer).flatten()  # with the nulls of the outer struct
                rows |= dict(zip((one.name for one in types), parts, strict=True))
            yield pa.record_batch({name: rows[name] for name in columns})
