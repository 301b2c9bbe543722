"""The folder in which the workers of one `spanwise serve` keep their metrics, for whichever worker is scraped.

The files are in prometheus_client's format. By itself it names them by process id, so that every restarted worker adds
new ones. Here a worker takes the first number that no living worker holds: so it continues the counters of the dead
worker that it replaces, and there are never more files than workers were alive at once. A worker holds its number by a
file lock, which the kernel releases however the process ends.
"""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import count
from pathlib import Path

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""The environment variable in which prometheus_client looks for the folder."""

KINDS = ("counter", "histogram", "gauge_livesum", "gauge_livemax")
"""The kinds of files; each worker has one of each kind. `Metrics` refuses a metric that would need another kind."""
_GAUGES = tuple(kind for kind in KINDS if kind.startswith("gauge_"))
_COUNT_BYTES = 8  # a file begins with the number of bytes that it uses, in four bytes and four of padding
_FILE_BYTES = 1 << 16  # the size with which prometheus_client creates a file


class NoSharedFolder(Exception):
    """There is no folder to write to; the message says so, on one line."""


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
                f"{(workers + 1) * len(KINDS) * _FILE_BYTES >> 10} KiB left, for their metrics: {error.strerror}."
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


def _hold(folder: Path, number: int) -> bool:
    """Lock a number for as long as this process lives. Return False if another process holds it."""
    descriptor = os.open(folder / f"{number}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return False
    return True


def _allocate(folder: Path, number: int) -> None:
    """Create the files that are missing, with disk blocks for every page.

    They appear complete, by a rename, because other workers may read them at once. The blocks are allocated because
    prometheus_client maps the files, and writing to a mapped page on a full disk kills the process.
    """
    for kind in KINDS:
        path = _file(folder, kind, number)
        if not path.exists():
            unfinished = path.with_suffix(".new")
            with unfinished.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, _FILE_BYTES)
            unfinished.rename(path)


def _empty_gauges(folder: Path, number: int) -> None:
    """Say in the files that they hold no value. They keep their blocks: a full disk would give no new ones."""
    for kind in _GAUGES:
        with _file(folder, kind, number).open("r+b") as file:
            file.write(bytes(_COUNT_BYTES))


def _file(folder: Path, kind: str, number: int) -> Path:
    return folder / f"{kind}_{number}.db"
