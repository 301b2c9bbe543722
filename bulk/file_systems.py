"""Local folders and object stores behind one face: pyarrow's file systems, and fsspec's inside pyarrow's.

`s3://` and `gs://` go through fsspec where its package for them is installed (`s3fs`, `gcsfs`), because that can create
an object only if there is none; else through pyarrow's own. Other schemes are fsspec's alone.
"""

import contextlib
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from pyarrow import fs


class PlaceError(ValueError):
    """A place that cannot be reached, or that is not there: the user's mistake."""


@dataclass(frozen=True, slots=True)
class Place:
    """A file or a folder: its file system, and its path there."""

    system: Any
    path: str

    @property
    def is_local(self) -> bool:
        """Whether it lies on this machine's own file system."""
        return isinstance(self.system, fs.LocalFileSystem)

    def __truediv__(self, name: str) -> "Place":
        """Return the place of this name below."""
        return Place(self.system, f"{self.path.rstrip('/')}/{name}")

    def read(self) -> bytes:
        """Return what the file holds. Raises `FileNotFoundError`."""
        with self.system.open_input_stream(self.path, compression=None) as stream:
            return bytes(stream.read())

    def is_there(self) -> bool:
        """Whether there is a file or a folder."""
        return bool(self.system.get_file_info(self.path).type != fs.FileType.NotFound)

    def names(self) -> list[str]:
        """Return the names of the files in the folder, none where there is no folder."""
        selector = fs.FileSelector(self.path, allow_not_found=True)
        return [info.base_name for info in self.system.get_file_info(selector) if info.is_file]

    def make_folder(self) -> None:
        """Create the folder and those above. Does nothing where it is there, and in object stores."""
        self.system.create_dir(self.path, recursive=True)

    def delete(self) -> None:
        """Delete the file, if it is there."""
        with contextlib.suppress(FileNotFoundError):
            self.system.delete_file(self.path)

    def write(self, content: bytes) -> None:
        """Write the file as a whole: nobody ever sees a part of it. Replaces the one that is there."""
        if self.is_local:
            aside = Path(f"{self.path}.{os.getpid()}.writing")
            aside.write_bytes(content)
            aside.rename(self.path)
            return
        with self.system.open_output_stream(self.path, compression=None) as stream:
            stream.write(content)  # object stores show an object when it is complete

    def create(self, content: bytes) -> bool:
        """Write the file as a whole unless it is there; say whether it was written.

        In an object store behind fsspec the store itself decides (`If-None-Match: *`), so that of two writers one wins.
        """
        if self.is_local or not isinstance(self.system, fs.PyFileSystem):
            if self.is_there():
                return False
            self.write(content)
            return True
        try:
            self.system.handler.fs.pipe_file(self.path, content, mode="create")
        except FileExistsError:
            return False
        return True


def place_of(uri: str) -> Place:
    """Return the place of a path or URI. Raises `PlaceError`."""
    scheme, separator, rest = uri.partition("://")
    if not separator:
        return Place(_local(), str(Path(uri).absolute()))
    if scheme == "file":
        return Place(_local(), str(Path(f"/{rest.lstrip('/')}")))
    try:
        system = _system(scheme, rest.partition("/")[0])
    except (ImportError, ValueError) as error:
        raise PlaceError(f"There is no file system for {scheme}:// here: {_first_line(error)}") from error
    return Place(system, rest.rstrip("/") if scheme != "memory" else f"/{rest.strip('/')}")


@lru_cache(maxsize=1)
def _local() -> Any:
    return fs.LocalFileSystem()


@lru_cache(maxsize=16)
def _system(scheme: str, bucket: str) -> Any:
    """Return the file system of a scheme; pyarrow's own wants to know the bucket, for its region."""
    import fsspec

    try:
        found = fsspec.filesystem(scheme)
    except ImportError:
        if scheme not in {"s3", "gs", "gcs", "hdfs", "abfs", "abfss"}:
            raise
        return fs.FileSystem.from_uri(f"{'gs' if scheme == 'gcs' else scheme}://{bucket}/")[0]
    return fs.PyFileSystem(fs.FSSpecHandler(found))


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
