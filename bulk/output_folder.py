"""The folder that a job writes to: parts, what is known of each, and the job that they are of.

    FOLDER/
      reviews-5f0c…-000000000000000.parquet     a part: the output of one unit of work, whole or not there
      _spanwise/job.json                        what the parts depend on, so that another job does not mix with them
      _spanwise/parts/reviews-5f0c….json        rows, errors and characters of that part; there before the part is
      _spanwise/summary.json                    of the last run that came to its end

Readers of folders of Parquet (Arrow, Spark, DuckDB) pass over names that begin with an underscore. A part is written
aside and renamed, in an object store created under its name in one request; so a part that is there is whole, and a
unit that is done twice at the same time has one part.
"""

import contextlib
import fcntl
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson

from spanwise.bulk.file_systems import Place, place_of
from spanwise.bulk.job_identity import OutputFormat, differences

_OWN = "_spanwise"
_SUFFIXES: Final[Mapping[OutputFormat, str]] = {"parquet": ".parquet", "jsonl": ".jsonl"}
_WRITING = ".writing"
_READERS: Final = 16


class OutputRefused(ValueError):
    """The folder holds something that the job would mix with, or another run writes to it."""


class PartDone(NamedTuple):
    """What is known of a part."""

    rows: int
    characters: int
    errors: Mapping[str, int]
    """How many rows have which code."""
    next_start: int | None = None
    """Where a compressed file goes on; None where it ends, and for all other files."""


class OutputFolder:
    """The output of a job in one format."""

    def __init__(self, uri: str, output_format: OutputFormat) -> None:
        """Nothing is created before `prepare`. Raises `PlaceError` for a scheme that there is not, `OutputRefused`."""
        self.place = place_of(uri)
        if self.place.is_local and Path(self.place.path).is_file():
            raise OutputRefused(f"{self.place.path} is a file, and not a folder.")
        self.format: OutputFormat = output_format
        self._own = self.place / _OWN
        self._parts = self._own / "parts"

    def prepare(self, identity: Mapping[str, Any]) -> None:
        """Create the folder for a job. Raises `OutputRefused` if it holds parts of another one."""
        known = self.identity()
        if known is not None and known != identity and self.done():
            names = ", ".join(differences(known, identity))
            raise OutputRefused(
                f"{self.place.path} holds the output of another job (other: {names}). "
                "Choose another folder, or --replace it."
            )
        self._parts.make_folder()
        if self.place.is_local:
            for aside in Path(self.place.path).rglob(f"*{_WRITING}"):
                aside.unlink(missing_ok=True)
        (self._own / "job.json").write(orjson.dumps(identity, option=orjson.OPT_INDENT_2))

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other runs on this machine out. Raises `OutputRefused` if one writes to the folder."""
        if not self.place.is_local:
            yield
            return
        self._own.make_folder()
        with Path((self._own / "lock").path).open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise OutputRefused(f"Another run writes to {self.place.path}.") from None
            yield

    def identity(self) -> dict[str, Any] | None:
        """Return what the parts that are there depend on; None where there is no job yet."""
        try:
            found: dict[str, Any] = orjson.loads((self._own / "job.json").read())
        except (FileNotFoundError, orjson.JSONDecodeError):
            return None
        return found

    def done(self) -> set[str]:
        """Return the names of the parts that are there."""
        suffix = _SUFFIXES[self.format]
        return {name.removesuffix(suffix) for name in self.place.names() if name.endswith(tuple(_SUFFIXES.values()))}

    def known(self, names: Sequence[str]) -> Iterator[PartDone]:
        """Yield what is known of these parts, in their order."""
        with ThreadPoolExecutor(_READERS) as executor:
            yield from executor.map(self.part, names)

    def part(self, name: str) -> PartDone:
        """Return what is known of a part."""
        return PartDone(**orjson.loads((self._parts / f"{name}.json").read()))

    def finished(self, name: str) -> PartDone | None:
        """Return what is known of a part, None where the part is not there."""
        there = (self.place / f"{name}{_SUFFIXES[self.format]}").is_there()
        return self.part(name) if there else None

    def publish(self, name: str, written: Path, done: PartDone) -> None:
        """Make a part of a file that was written aside. What is known of it comes first, so that it never lacks."""
        (self._parts / f"{name}.json").write(orjson.dumps(done._asdict()))
        target = self.place / f"{name}{_SUFFIXES[self.format]}"
        if self.place.is_local:
            written.rename(target.path)
        else:
            target.create(written.read_bytes())
            written.unlink()

    def aside(self, folder: Path, name: str) -> Path:
        """Return where to write a part: beside it, so that it can be renamed, or in a folder for temporary files."""
        return (Path(self._own.path) if self.place.is_local else folder) / f"{name}{_WRITING}"

    def clear(self) -> None:
        """Delete every part and what is known of it, and the job."""
        suffixes = tuple(_SUFFIXES.values())
        for folder, names in ((self.place, self.place.names()), (self._parts, self._parts.names())):
            for name in names:
                if folder is self._parts or name.endswith(suffixes):
                    (folder / name).delete()
        (self._own / "job.json").delete()

    def remove(self, names: Sequence[str]) -> None:
        """Delete parts."""
        for name in names:
            for suffix in _SUFFIXES.values():
                (self.place / f"{name}{suffix}").delete()
            (self._parts / f"{name}.json").delete()

    def write_summary(self, summary: Mapping[str, Any]) -> Place:
        """Write the summary of a run that came to its end. Return where."""
        place = self._own / "summary.json"
        place.write(orjson.dumps(summary, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
        return place
