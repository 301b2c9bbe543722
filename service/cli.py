"""`spanwise` on the command line.

A user's mistake is reported in one line on standard error, with exit code 2; nothing prints a traceback. Importing
spaCy takes a second: commands import what they need when they run, so that `--help` is immediate and an early signal
finds a handler.
"""

import os
import signal
import sys
from importlib.metadata import version as package_version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from spanwise.pipelines.spacy_import import skip_spacy_cli_import
from spanwise.service.process.standard_streams import reserve_standard_streams

if TYPE_CHECKING:
    from rich.console import Console

    from spanwise.pipelines import Analyzer
    from spanwise.schemas import AnalyzeResponse
    from spanwise.service.settings import Settings

app = typer.Typer(
    name="spanwise",
    help="Named entities and sentiment of texts: as a service, or here and now.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def main() -> None:
    """Run the command line."""
    skip_spacy_cli_import()
    app()


@app.command()
def serve(
    host: Annotated[
        str | None, typer.Option(help="Address to listen on. [default: SPANWISE_HOST or 127.0.0.1]")
    ] = None,
    port: Annotated[int | None, typer.Option(help="Port; 0 takes a free one. [default: SPANWISE_PORT or 8000]")] = None,
    workers: Annotated[int | None, typer.Option(help="Worker processes. [default: SPANWISE_WORKERS or 1]")] = None,
) -> None:
    """Start the service. Everything else is set by environment variables; see docs/settings.md."""
    reserve_standard_streams()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: os._exit(0))  # nothing is served yet; the supervisor puts its own in place
    from spanwise.service import server

    for name, value in (("HOST", host), ("PORT", port), ("WORKERS", workers)):
        if value is not None:
            os.environ[f"SPANWISE_{name}"] = str(value)  # the workers read their settings there
    settings = _settings()
    for name in ("host", "port", "workers"):  # the file of settings cannot change these later
        os.environ[f"SPANWISE_{name.upper()}"] = str(getattr(settings, name))
    _check_pipelines(settings)
    try:
        listener = server.listen(settings.host, settings.port)
    except server.PortInUse as error:
        _fail(str(error))
    server.serve(settings, listener, _greeting(_url(listener.getsockname())))


@app.command()
def analyze(
    text: Annotated[str | None, typer.Argument(help="The text; without one, FILE or standard input is read.")] = None,
    file: Annotated[Path | None, typer.Option("--file", "-f", help="A UTF-8 text file.", dir_okay=False)] = None,
    language: Annotated[str | None, typer.Option(help="Which pipeline; by default the first.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The analysis as the service would answer it.")] = False,
) -> None:
    """Analyse one text without a service: a table for a person, JSON for a program."""
    import orjson

    settings = _settings()
    content = _read(text, file)
    if not content:
        _fail("There is no text.")
    if len(content) > settings.max_text_characters:
        _fail(f"The text has {len(content)} characters; the limit is {settings.max_text_characters}.")
    analyzer = _load_one(settings, language)
    answer = analyzer.analyze(content, analyzer.features)
    if as_json:
        sys.stdout.buffer.write(orjson.dumps(answer, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
        return
    _print_analysis(answer)


@app.command()
def pipelines(
    as_json: Annotated[bool, typer.Option("--json", help="As `/v1/pipelines` shows them.")] = False,
) -> None:
    """List the configured pipelines and what they offer."""
    import orjson
    from rich.table import Table

    from spanwise.pipelines import PipelineError, Registry
    from spanwise.service.endpoints.system import describe

    settings = _settings()
    try:
        registry = Registry.load(settings.pipeline_specs)
    except PipelineError as error:
        _fail(str(error))
    shown = [describe(analyzer, default=analyzer is registry.default) for analyzer in registry]
    if as_json:
        sys.stdout.buffer.write(orjson.dumps(shown, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
        return
    table = Table("language", "pipeline", "version", "licence", "engine", "features", "entity labels")
    for one in shown:
        labels = " ".join(label["label"] for label in one["entity_labels"])
        language = f"{one['language']} (default)" if one["default"] else one["language"]
        features = " ".join(one["features"])
        table.add_row(language, one["name"], one["version"], one["licence"], one["engine"], features, labels)
    _console().print(table)


@app.command()
def openapi() -> None:
    """Print the OpenAPI document, keys sorted."""
    import orjson

    from spanwise.service.app import create_app

    document = create_app(_settings()).openapi()
    options = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE
    sys.stdout.buffer.write(orjson.dumps(document, option=options))


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(package_version("spanwise"))


def _greeting(url: str) -> str:
    return (
        f"Spanwise will listen on {url} once its pipelines are loaded, in a few seconds. Try:\n\n"
        f"  curl {url}/v1/analyze -H 'Content-Type: application/json' \\\n"
        f"""    -d '{{"text": "Tim Cook loved Paris. The weather was awful."}}'\n"""
    )


def _settings() -> "Settings":
    from spanwise.service.settings import Settings, reason_of

    try:
        return Settings.from_environment()
    except ValueError as error:
        _fail(reason_of(error))


def _check_pipelines(settings: "Settings") -> None:
    from spanwise.pipelines import PipelineError, locate

    try:
        for spec in settings.pipeline_specs:
            locate(spec.source)
    except PipelineError as error:
        _fail(str(error))


def _load_one(settings: "Settings", language: str | None) -> "Analyzer":
    from spanwise.pipelines import Analyzer, PipelineError

    specs = settings.pipeline_specs
    chosen = [spec for spec in specs if language in (None, spec.language)]
    if not chosen:
        _fail(f"No pipeline serves {language!r}. There are: {', '.join(spec.language for spec in specs)}.")
    try:
        return Analyzer.load(chosen[0].source, chosen[0].language)
    except PipelineError as error:
        _fail(str(error))


def _read(text: str | None, file: Path | None) -> str:
    if text is not None and file is not None:
        _fail("Give either a text or --file.")
    try:
        if text is not None:
            return os.fsencode(text).decode()  # the bytes that the shell passed, whatever the locale
        return (sys.stdin.buffer.read() if file is None else file.read_bytes()).decode()
    except OSError as error:
        _fail(f"Cannot read {file}: {error.strerror}.")
    except UnicodeDecodeError:
        _fail("The text is not UTF-8.")


def _print_analysis(answer: "AnalyzeResponse") -> None:
    """Print the tables that the features of the answer have; columns and rows come from the table of features."""
    from rich.table import Table

    from spanwise.pipelines.features import console_tables

    console = _console()
    for shown in console_tables(answer):
        table = Table(*shown.columns, title=shown.title)
        for row in shown.rows:
            table.add_row(*row)
        if shown.total:
            table.add_row(*shown.total, style="bold")
        console.print(table)


def _console() -> "Console":
    """Return a console as wide as the terminal; for a file or a pipe, one wide enough that nothing is cut off."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else 200, markup=False, emoji=False, highlight=False)


def _url(address: tuple[Any, ...]) -> str:
    host, port = address[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _fail(message: str) -> NoReturn:
    typer.echo(f"spanwise: {message}", err=True)
    raise typer.Exit(2)
