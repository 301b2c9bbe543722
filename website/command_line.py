"""The page of the command line, from the commands themselves."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperArgument, TyperGroup

from spanwise.service.cli import app

_HEAD = """# Command line

`make reference` writes this page from the commands themselves; `spanwise COMMAND --help` shows the same. After
`make install` the program is `.venv/bin/spanwise`. In the image it is what runs, so that
`docker run --rm spanwise:0.1.0 version` is `spanwise version`.

A mistake of yours is one line on standard error, with exit code 2. [Settings](settings.md) are environment variables;
every command that loads pipelines reads them."""

_VALUES: dict[Any, str] = {str: "TEXT", list[str]: "TEXT", int: "NUMBER", float: "NUMBER", Path: "FILE"}
"""What the value of an option is called, by its type."""


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _named(parameter: Any) -> str:
    if isinstance(parameter, TyperArgument):
        name = (parameter.metavar or parameter.name or "").upper()
        return f"`{name}`" if parameter.required else f"`[{name}]`"
    kind = "" if parameter.is_flag else f" {_VALUES.get(parameter.type_descriptor.annotation, 'VALUE')}"
    return ", ".join(f"`{name}{kind}`" for name in [*parameter.opts, *parameter.secondary_opts])


def _explained(parameter: Any) -> str:
    text = _cell(getattr(parameter, "help", "") or "")
    default = parameter.default
    shown = isinstance(default, str | int | float) and not isinstance(default, bool) and "[default" not in text
    return f"{text} Default: `{default}`." if shown else text


def _command(name: str, command: Any) -> Iterator[str]:
    if isinstance(command, TyperGroup):
        for inner, held in sorted(command.commands.items()):
            yield from _command(f"{name} {inner}", held)
        return
    yield f"## {name}"
    yield _cell(command.help or "")
    rows = [f"| {_named(one)} | {_explained(one)} |" for one in command.params if one.name != "help"]
    if rows:
        yield "\n".join(["| | |", "| --- | --- |", *rows])


def page() -> str:
    """Return the page, as plain Markdown."""
    group: Any = typer.main.get_command(app)
    parts = [_HEAD]
    for name, command in sorted(group.commands.items()):
        parts += _command(f"spanwise {name}", command)
    return "\n\n".join(parts) + "\n"
