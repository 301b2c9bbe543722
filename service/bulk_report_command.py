"""`spanwise bulk report`: one HTML page about what `spanwise bulk` wrote."""

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from spanwise.service.terminal import fail


def report(
    folder: Annotated[str, typer.Argument(help="What `spanwise bulk --output` named: a path or a URI.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The HTML file to write.")] = Path("report.html"),
    title: Annotated[str | None, typer.Option(help="The title of the page. [default: the folder's name]")] = None,
    date: Annotated[
        str | None, typer.Option(help="A column that was carried through, to show sentiment over time.")
    ] = None,
    examples: Annotated[
        int, typer.Option(min=0, max=100, help="Quote so many documents of each sentiment; needs their texts carried.")
    ] = 0,
) -> None:
    """Write a page about the analyses in FOLDER: counts, entities, sentiment, errors. It needs no network."""
    if lacking := [name for name in ("jinja2", "matplotlib", "pyarrow") if find_spec(name) is None]:
        fail(f"`spanwise bulk report` needs {' and '.join(lacking)}: pip install 'spanwise[bulk]'.")
    from spanwise.bulk.report.write_report import ReportOptions, write_report

    try:
        write_report(folder, output, ReportOptions(title, date, examples))
    except (ValueError, OSError) as error:
        fail(str(error))
    typer.echo(str(output))
