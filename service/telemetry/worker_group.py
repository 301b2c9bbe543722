"""What the workers of one `spanwise serve` share: a folder in which each keeps its numbers, for whichever is scraped.

The files are prometheus_client's own. It would name them by process id and make new ones for every worker that is
started again; here a worker takes the first number that no living worker holds, so that a worker which takes a dead
one's place goes on with its counters, and there are never more files than workers were alive at once. A number is held
by a lock that the kernel lets go of when the process ends, however it ends.
"""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import count
from pathlib import Path

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""Where prometheus_client looks for the folder."""

KINDS = ("counter", "histogram", "gauge_livesum", "gauge_livemax")
"""A file of each worker for each: the types that our metrics have, gauges with the way in which they are merged."""
_GAUGES = tuple(kind for kind in KINDS if kind.startswith("gauge_"))
_FILE_BYTES = 1 << 16  # what prometheus_client starts with


class NoSharedFolder(Exception):
    """There is no place to write in; the message says so, on one line."""


@contextmanager
def shared_folder(workers: int) -> Iterator[None]:
    """Within the block, processes that are started find a private folder with room for so many workers.

    A single one needs none, and keeps its numbers in memory whatever it has inherited. Raises `NoSharedFolder`.
    """
    os.environ.pop(FOLDER_VARIABLE, None)
    if workers == 1:
        yield
        return
    with ExitStack() as stack:
        try:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="spanwise-", ignore_cleanup_errors=True))
            for number in range(workers):
                _allocate(Path(folder), number)
        except OSError as error:
            raise NoSharedFolder(
                "Several workers need a temporary directory, /tmp or TMPDIR, that can be written and has "
                f"{workers * len(KINDS) * _FILE_BYTES >> 10} KiB left, for their metrics: {error.strerror}."
            ) from None
        os.environ[FOLDER_VARIABLE] = folder
        yield


def join(folder: Path) -> int:
    """Take a number, for as long as this process lives, with new gauges and the counters that there are."""
    number = next(number for number in count() if _hold(folder, number))
    for kind in _GAUGES:
        _file(folder, kind, number).unlink(missing_ok=True)
    _allocate(folder, number)
    return number


def drop_gauges_of_the_dead(folder: Path) -> None:
    """Delete the gauges of every number that nobody holds; counters stay."""
    for lock in folder.glob("*.lock"):
        with lock.open("rb") as file, suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            for kind in _GAUGES:
                _file(folder, kind, int(lock.stem)).unlink(missing_ok=True)


def _hold(folder: Path, number: int) -> bool:
    descriptor = os.open(folder / f"{number}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return False
    return True


def _allocate(folder: Path, number: int) -> None:
    """Make the files that are missing.

    They appear whole, because others may read them at once, and have their place on the disk, because to write to a
    mapped page that finds none would kill the process.
    """
    for kind in KINDS:
        path = _file(folder, kind, number)
        if not path.exists():
            unfinished = path.with_suffix(".new")
            with unfinished.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, _FILE_BYTES)
            unfinished.rename(path)


def _file(folder: Path, kind: str, number: int) -> Path:
    return folder / f"{kind}_{number}.db"
