"""Find the files of a corpus, and what each is: its format, its compression, its version.

A version is what tells that a file has changed: an object store's etag, else size and time of modification.
"""

import fnmatch
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from pyarrow import fs

from spanwise.bulk.file_systems import Place, PlaceError, place_of

Format = Literal["parquet", "jsonl", "csv", "text"]
FORMATS: Final[tuple[Format, ...]] = get_args(Format)
_SUFFIXES: Final[dict[str, Format]] = {
    "parquet": "parquet",
    "pq": "parquet",
    "jsonl": "jsonl",
    "ndjson": "jsonl",
    "csv": "csv",
    "tsv": "csv",
    "txt": "text",
    "text": "text",
}
_CODECS: Final = {"gz": "gzip", "gzip": "gzip", "zst": "zstd", "zstd": "zstd", "bz2": "bz2"}
_WILD = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file of the corpus."""

    uri: str
    """As the user would write it."""
    size: int
    """Bytes."""
    version: str
    format: Format
    codec: str | None = None
    """gzip, zstd or bz2; None: not compressed, or Parquet, which compresses inside."""
    delimiter: str = ","
    """Of CSV."""

    @property
    def place(self) -> Place:
        """Where it lies."""
        return place_of(self.uri)

    @property
    def name(self) -> str:
        """Its name without folders and suffixes."""
        return self.uri.rpartition("/")[2].partition(".")[0]


def find_inputs(
    patterns: Sequence[str], format_: Format | None = None, delimiter: str | None = None
) -> list[InputFile]:
    """Return the files of paths, folders and globs, each once, in the order of the patterns and then of their names.

    In folders, files with other suffixes than those of the formats are left out unless a format is named, and so is
    what begins with a dot or an underscore. Raises `PlaceError` where a pattern finds nothing, or a named file's format
    is not to be told.
    """
    found: dict[str, InputFile] = {}
    for pattern in patterns:
        place = place_of(pattern)
        prefix = pattern.partition("://")[0] + "://" if "://" in pattern else ""
        try:
            infos = list(_files(place))
        except OSError as error:
            raise PlaceError(f"Cannot read {pattern}: {error}") from error
        named = len(infos) == 1 and infos[0].path == place.path
        for info in infos:
            uri = prefix + info.path.lstrip("/" if prefix == "memory://" else "") if prefix else info.path
            if (one := _input_file(uri, place, info, format_, delimiter)) is not None:
                found.setdefault(uri, one)
            elif named:
                suffixes = ", ".join(f".{suffix}" for suffix in _SUFFIXES)
                raise PlaceError(f"The format of {pattern} is not to be told by its name ({suffixes}): use --format.")
        if not infos or not found:
            raise PlaceError(f"There are no files to read at {pattern}.")
    return list(found.values())


def _files(place: Place) -> Iterator[Any]:
    """Yield the files of a path that is a file, a folder or a glob, sorted by path."""
    start = place.path
    if wild := _WILD.intersection(start):
        start = start[: min(start.index(one) for one in wild)].rpartition("/")[0] or "/"
    else:
        (info,) = place.system.get_file_info([start])
        if info.is_file:
            yield info
            return
    below = place.system.get_file_info(fs.FileSelector(start, recursive=True, allow_not_found=True))
    for info in sorted(below, key=lambda info: str(info.path)):
        inside = info.path[len(start) :].lstrip("/").split("/")
        hidden = any(part.startswith((".", "_")) for part in inside)
        if info.is_file and not hidden and (not wild or _matches(info.path, place.path)):
            yield info


def _matches(path: str, pattern: str) -> bool:
    """Tell whether a path fits a glob: `*` and `?` stay within a folder, `**` are any folders, also none."""
    parts, wanted = path.strip("/").split("/"), pattern.strip("/").split("/")
    return _parts_match(parts, wanted)


def _parts_match(parts: list[str], wanted: list[str]) -> bool:
    if not wanted:
        return not parts
    if wanted[0] == "**":
        return any(_parts_match(parts[skipped:], wanted[1:]) for skipped in range(len(parts) + 1))
    return bool(parts) and fnmatch.fnmatchcase(parts[0], wanted[0]) and _parts_match(parts[1:], wanted[1:])


def _input_file(uri: str, place: Place, info: Any, format_: Format | None, delimiter: str | None) -> InputFile | None:
    *stem, last = info.base_name.lower().split(".")
    codec = _CODECS.get(last)
    suffix = last if codec is None else stem[-1] if stem else ""
    known = format_ or _SUFFIXES.get(suffix)
    if known is None:
        return None
    if known == "parquet":
        codec = None
    version = _etag(place, info.path) or f"{info.mtime_ns or 0}"
    return InputFile(uri, info.size, version, known, codec, delimiter or ("\t" if suffix == "tsv" else ","))


def _etag(place: Place, path: str) -> str | None:
    """Return the etag that an object store has for the file; pyarrow's own file systems tell none."""
    if not isinstance(place.system, fs.PyFileSystem):
        return None
    told = place.system.handler.fs.info(path)
    etag = told.get("ETag") or told.get("etag") or told.get("md5Hash")
    return None if etag is None else str(etag).strip('"')
