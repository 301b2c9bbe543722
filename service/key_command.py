"""`spanwise key`: make API keys, and the lines by which the service knows them.

A line goes to standard output and can be appended to a file. A new key goes to standard error, where it is seen once:
the service never holds it.
"""

import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from spanwise.service.keys.key_lines import KeyLineError, check_together, line_of, new_key, read_key_file
from spanwise.service.terminal import HELP_STYLE

app = typer.Typer(help="Make API keys and check files of them.", no_args_is_help=True, rich_markup_mode=HELP_STYLE)

_LEAST_CHARACTERS = 20  # what can be guessed can be found from its digest

_Name = Annotated[str, typer.Argument(help="Whose key it is: 1 to 64 letters, digits, dots, underscores and hyphens.")]
_Requests = Annotated[int | None, typer.Option(min=0, help="Requests a minute; 0: no limit. [default: the service's]")]
_Characters = Annotated[
    int | None, typer.Option(min=0, help="Characters a minute; 0: no limit. [default: the service's]")
]


@app.command()
def new(name: _Name, requests: _Requests = None, characters: _Characters = None) -> None:
    """Draw a key of 32 random bytes; show it on standard error, and print its line."""
    key = new_key()
    _print_line(name, key, requests, characters)
    typer.echo(f"The key of {name}, which is shown only now:\n{key}", err=True)


@app.command(name="hash")
def hash_key(name: _Name, requests: _Requests = None, characters: _Characters = None) -> None:
    """Read a key that exists already from standard input, and print its line."""
    key = sys.stdin.readline().strip()
    if len(key) < _LEAST_CHARACTERS:
        _fail(f"A key needs {_LEAST_CHARACTERS} characters at least, or it can be found from its digest.")
    _print_line(name, key, requests, characters)


@app.command()
def check(file: Annotated[Path, typer.Argument(help="A file with a line for each key.")]) -> None:
    """Say whether the service would accept a file, and whose keys it holds."""
    try:
        keys = read_key_file(file)
        check_together(keys)
    except KeyLineError as error:
        _fail(f"{error}.")
    for key in keys:
        own = "".join(f" {what}={limit}" for what, limit in key.own.items())
        typer.echo(f"{key.name}{own}")


def _print_line(name: str, key: str, requests: int | None, characters: int | None) -> None:
    try:
        line = line_of(name, key)
    except KeyLineError as error:
        _fail(f"{error}.")
    for what, limit in (("requests", requests), ("characters", characters)):
        if limit is not None:
            line += f" {what}={limit}"
    typer.echo(line)


def _fail(message: str) -> NoReturn:
    typer.echo(f"spanwise: {message}", err=True)
    raise typer.Exit(2)
