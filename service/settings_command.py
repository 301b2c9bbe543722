"""`spanwise settings`, and the list of settings in `spanwise serve --help`."""

import sys
import textwrap
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from spanwise.service.terminal import HELP_STYLE, print_table, read_settings

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo


def settings(
    as_json: Annotated[bool, typer.Option("--json", help="A list of objects, for a program.")] = False,
) -> None:
    """Show every setting: its variable, its value, its default, and where the value comes from. Hides secrets."""
    from spanwise.service.settings import PREFIX, Settings, sources_of

    values = read_settings().model_dump(mode="json")
    sources = sources_of()
    shown = [
        {
            "variable": PREFIX + name.upper(),
            "value": values[name],
            "default": _default(field),
            "from": sources.get(name, "default"),
            "description": field.description or "",
        }
        for name, field in Settings.model_fields.items()
    ]
    if as_json:
        import orjson

        sys.stdout.buffer.write(orjson.dumps(shown, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
        return
    columns = ("variable", "value", "default", "from")
    print_table(columns, [[_written(one[column]) for column in columns] for one in shown])


class ServeCommand(TyperCommand):
    """A command whose help lists all settings behind its options. They are read only then: that takes a while."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Print the help of the command, then a paragraph for each setting."""
        super().format_help(ctx, formatter)
        if HELP_STYLE:
            typer.echo(_paragraphs())  # the frames are printed by now
        else:
            formatter.write("\n" + _paragraphs())


def _paragraphs() -> str:
    from spanwise.service.settings import PREFIX, Settings

    lines = ["Settings, by environment variables; `spanwise settings` shows their values:", ""]
    for name, field in Settings.model_fields.items():
        default = _written(_default(field))
        lines.append(f"  {PREFIX}{name.upper()}" + (f" [default: {default}]" if default else ""))
        lines.append(textwrap.fill(field.description or "", 100, initial_indent="      ", subsequent_indent="      "))
    return "\n".join(lines)


def _default(field: "FieldInfo") -> Any:
    default = field.default
    return default.get_secret_value() if hasattr(default, "get_secret_value") else default


def _written(value: Any) -> str:
    """Return a value as a variable would hold it."""
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
