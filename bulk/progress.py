"""Show how far a job is: a bar on a terminal, elsewhere a line a minute, both on standard error."""

import sys
import time
from collections.abc import Callable
from typing import IO, Any, Final, Self

from spanwise.bulk.summary import Tally

_LINE_EVERY_SECONDS: Final = 60.0
_SECONDS_REMEMBERED: Final = 30.0
"""Texts per second are those of the last half minute."""


class Progress:
    """Told after each part, and at least each second."""

    def __init__(
        self, total_bytes: int, stream: IO[str] | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Show progress on a stream, by default standard error. `total_bytes` are those of the files to read."""
        self._total, self._stream, self._clock = max(1, total_bytes), stream or sys.stderr, clock
        self._marks: list[tuple[float, int, int]] = []
        self._told = clock()
        self._bar: Any = None

    def __enter__(self) -> Self:
        if self._stream.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn

            columns = (BarColumn(), TextColumn("{task.percentage:>3.0f} %"), TextColumn("{task.fields[line]}"))
            self._bar = Progress(*columns, console=Console(file=self._stream), transient=True)
            self._task = self._bar.add_task("", total=self._total, line="")
            self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, tally: Tally, done_bytes: int) -> None:
        """Take what is done by now, rows and bytes of the input, those of earlier runs included."""
        now = self._clock()
        self._marks.append((now, tally.rows, done_bytes))
        while len(self._marks) > 2 and now - self._marks[1][0] > _SECONDS_REMEMBERED:  # noqa: PLR2004 - both ends
            self._marks.pop(0)
        line = self._line(tally, done_bytes)
        if self._bar is not None:
            self._bar.update(self._task, completed=done_bytes, line=line)
        elif now - self._told >= _LINE_EVERY_SECONDS:
            self._told = now
            print(f"spanwise: {100 * done_bytes / self._total:.0f} %, {line}", file=self._stream, flush=True)

    def _line(self, tally: Tally, done_bytes: int) -> str:
        (began, rows, size), (now, _, _) = self._marks[0], self._marks[-1]
        seconds = max(now - began, 1e-9)
        line = f"{tally.rows:,} rows, {(tally.rows - rows) / seconds:,.0f} texts/s, {tally.failed:,} errors"
        if (speed := (done_bytes - size) / seconds) > 0:
            line += f", {_duration(max(0, self._total - done_bytes) / speed)} left"
        return line


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
