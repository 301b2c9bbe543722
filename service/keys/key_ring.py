"""The keys of the settings and of the file, which is read again when it changes.

The file is looked at once a second, in a thread, because a mounted folder may answer slowly. Kubernetes replaces a
mounted Secret by another folder behind a symbolic link, and an editor a file by another one; both change what stat(2)
says. A file that cannot be used any more changes nothing: the keys that it held before stay valid, and the log has the
reason.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import structlog

from spanwise.service.keys.key_lines import ApiKey, KeyLineError, check_together, read_key_file
from spanwise.service.keys.key_table import Caller, KeyTable
from spanwise.service.keys.quota import Quota

log = structlog.get_logger(__name__)

CHECK_SECONDS = 1.0
"""How often the file is looked at."""

_Seen = tuple[int, ...] | str


class KeyRing:
    """All keys that are valid now."""

    def __init__(self, keys: Sequence[ApiKey], file: Path | None, default: Quota) -> None:
        """`keys` are those that never change. Raises `KeyLineError`."""
        self._keys = list(keys)
        self._file = file
        self._default = default
        self._numbers: dict[str, int] = {}
        self._seen = _look_at(file)
        self._table = self._read()

    def find(self, sent: bytes) -> Caller | None:
        """Return whose key this is; None for nobody's."""
        return self._table.find(sent)

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Within the block, read the file again whenever it changes."""
        if self._file is None:
            yield
            return
        task = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            await self._check()

    async def _check(self) -> None:
        """Read the file again if it has changed. Never raises."""
        seen = await asyncio.to_thread(_look_at, self._file)
        if seen == self._seen:
            return
        self._seen = seen
        try:
            table = await asyncio.to_thread(self._read)
        except KeyLineError as error:
            log.error("api_keys_not_reloaded", reason=str(error), keys=len(self._table))
            return
        before, self._table = self._table, table
        log.info(
            "api_keys_reloaded",
            keys=len(table),
            names_added=sorted(table.names() - before.names()),
            names_removed=sorted(before.names() - table.names()),
        )

    def _read(self) -> KeyTable:
        keys = [*self._keys, *(read_key_file(self._file) if self._file else ())]
        check_together(keys)
        return KeyTable(keys, self._default, self._numbers)


def _look_at(file: Path | None) -> _Seen:
    """Return what changes when the file does, or the reason why it cannot be seen."""
    if file is None:
        return ()
    try:
        found = file.stat()
    except OSError as error:
        return str(error.strerror)
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
