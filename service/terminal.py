"""What the commands share: how they end with a mistake, read the settings, and print for people and for programs.

On a terminal tables have frames and colours. In a pipe or a file they are tab-separated, without either. Control
characters of a text are shown and never sent: they could move the cursor, or change what stands on the screen.
"""

import re
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Literal, NoReturn

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from spanwise.service.settings import Settings

HELP_STYLE: Literal["rich"] | None = (
    "rich" if all(stream and stream.isatty() for stream in (sys.stdout, sys.stderr)) else None
)
"""How Typer prints help and mistakes: in frames on a terminal alone."""

_NOT_SHOWN = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""The control characters, and those that turn the direction of writing."""
_NAMES = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def fail(message: str) -> NoReturn:
    """End with one line on standard error and exit code 2, as for every mistake of a user."""
    typer.echo(f"spanwise: {message}", err=True)
    raise typer.Exit(2)


def read_settings() -> "Settings":
    """Return the settings of the environment, or end with what is wrong with them."""
    from spanwise.service.settings import Settings, reason_of

    try:
        return Settings.from_environment()
    except ValueError as error:
        fail(reason_of(error))


def visible(text: str, *, keep: str = "") -> str:
    """Return the text with its control characters written out in hexadecimal, but those to be kept."""
    return _NOT_SHOWN.sub(lambda found: found[0] if found[0] in keep else _written_out(found[0]), text)


def _written_out(character: str) -> str:
    code = ord(character)
    return _NAMES.get(character) or (f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}")  # noqa: PLR2004 - one byte


def console() -> "Console":
    """Return a console as wide as the terminal; for a file or a pipe, one wide enough that nothing is cut off."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else 200, markup=False, emoji=False, highlight=False)


def print_table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], title: str = "", total: Sequence[str] | None = None
) -> None:
    """Print rows of cells, and a last one that sums them up where there is one."""
    if not sys.stdout.isatty():
        for cells in ([f"# {title}"] if title else [], columns, *rows, total or []):
            if cells:
                typer.echo("\t".join(map(visible, cells)))
        return
    from rich.table import Table

    table = Table(*columns, title=title or None)
    for row in rows:
        table.add_row(*map(visible, row))
    if total:
        table.add_row(*map(visible, total), style="bold")
    console().print(table)
