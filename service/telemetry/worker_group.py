"""The folder in which the workers of one `spanwise serve` keep their metrics, for whichever worker is scraped.

The files are in prometheus_client's format. By itself it names them by process id, so that every restarted worker adds
new ones. Here a worker takes the first number that no living worker holds: so it continues the counters of the dead
worker that it replaces, and there are never more files than workers were alive at once. A worker holds its number by a
file lock, which the kernel releases however the process ends. The lock's file says which process holds it.
"""

import fcntl
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import NamedTuple

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""The environment variable in which prometheus_client looks for the folder."""

KINDS = ("counter", "histogram", "gauge_livesum", "gauge_livemax")
"""The kinds of files; each worker has one of each kind. `Metrics` refuses a metric that would need another kind."""
_GAUGES = tuple(kind for kind in KINDS if kind.startswith("gauge_"))
_COUNT_BYTES = 8  # a file begins with the number of bytes that it uses, in four bytes and four of padding
_LOCK_BYTES = 40
"""What a worker writes into its lock's file has this length always: it overwrites blocks that are there, because on a
full disk there are no new ones."""
_FILE_BYTES = {kind: 1 << (16 if kind in _GAUGES else 17) for kind in KINDS}
"""The size of a file, with room for the series that a worker can have at most. prometheus_client would enlarge a file
that is full, but without disk blocks for what it adds."""


class NoSharedFolder(Exception):
    """There is no folder to write to; the message says so, on one line."""


class LivingWorker(NamedTuple):
    """A worker that holds a number."""

    number: int
    pid: int
    started: float
    """When it took its number, in seconds since the epoch."""


@contextmanager
def shared_folder(workers: int) -> Iterator[None]:
    """Within the block, give started processes a private folder with room for so many workers.

    A single worker needs none: it keeps its numbers in memory, whatever folder this process has inherited. Raises
    `NoSharedFolder`.
    """
    os.environ.pop(FOLDER_VARIABLE, None)
    if workers == 1:
        yield
        return
    with ExitStack() as stack:
        try:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="spanwise-", ignore_cleanup_errors=True))
            for number in range(workers + 1):  # while a worker is replaced there is one more
                _allocate(Path(folder), number)
        except OSError as error:
            raise NoSharedFolder(
                "Several workers need a temporary directory, /tmp or TMPDIR, that can be written and has "
                f"{(workers + 1) * sum(_FILE_BYTES.values()) >> 10} KiB left, for their metrics: {error.strerror}."
            ) from None
        os.environ[FOLDER_VARIABLE] = folder
        yield


def join(folder: Path) -> int:
    """Take a number for as long as this process lives. Its counters continue, its gauges start anew."""
    number = next(number for number in count() if _hold(folder, number))
    _allocate(folder, number)
    _empty_gauges(folder, number)
    return number


def drop_gauges_of_the_dead(folder: Path) -> None:
    """Empty the gauges of every number that no living worker holds; counters stay."""
    for lock in folder.glob("*.lock"):
        with lock.open("rb") as file, suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            _empty_gauges(folder, int(lock.stem))


def living(folder: Path) -> Iterator[LivingWorker]:
    """Yield the workers that hold a number, in the order of their numbers."""
    for lock in sorted(folder.glob("*.lock"), key=lambda path: int(path.stem)):
        with lock.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                if said := file.read().split():  # nothing, in the moment after the first worker took the number
                    yield LivingWorker(int(lock.stem), int(said[0]), float(said[1]))


def _hold(folder: Path, number: int) -> bool:
    """Lock a number for as long as this process lives. Return False if another process holds it."""
    descriptor = os.open(_lock(folder, number), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return False
    os.pwrite(descriptor, f"{os.getpid()} {time.time():.2f}".encode().ljust(_LOCK_BYTES), 0)
    return True


def _allocate(folder: Path, number: int) -> None:
    """Create the files that are missing, with disk blocks for every page.

    They appear complete, by a rename, because other workers may read them at once. The blocks are allocated because
    prometheus_client maps the files, and writing to a mapped page on a full disk kills the process.
    """
    lock = _lock(folder, number)
    if not lock.exists():
        lock.write_bytes(b" " * _LOCK_BYTES)
    for kind in KINDS:
        path = _file(folder, kind, number)
        if not path.exists():
            unfinished = path.with_suffix(".new")
            with unfinished.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, _FILE_BYTES[kind])
            unfinished.rename(path)


def _empty_gauges(folder: Path, number: int) -> None:
    """Say in the files that they hold no value. They keep their blocks: a full disk would give no new ones."""
    for kind in _GAUGES:
        with _file(folder, kind, number).open("r+b") as file:
            file.write(bytes(_COUNT_BYTES))


def _lock(folder: Path, number: int) -> Path:
    return folder / f"{number}.lock"


def _file(folder: Path, kind: str, number: int) -> Path:
    return folder / f"{kind}_{number}.db"
