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
from typing import TYPE_CHECKING, Annotated, Any

import typer

from spanwise.pipelines.spacy_import import skip_spacy_cli_import
from spanwise.service import analyze_command, bulk_command, key_command, settings_command
from spanwise.service.process.standard_streams import reserve_standard_streams
from spanwise.service.terminal import HELP_STYLE, fail, print_table, read_settings

if TYPE_CHECKING:
    from spanwise.service.settings import Settings

app = typer.Typer(
    name="spanwise",
    help="Named entities and sentiment of texts: as a service, or here and now.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=HELP_STYLE,
)


app.add_typer(bulk_command.app, name="bulk")
app.add_typer(key_command.app, name="key")
app.command()(analyze_command.analyze)
app.command()(settings_command.settings)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(package_version("spanwise"))
        raise typer.Exit


@app.callback()
def options(
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Named entities and sentiment of texts: as a service, or here and now."""


def main() -> None:
    """Run the command line."""
    skip_spacy_cli_import()
    app()


@app.command(cls=settings_command.ServeCommand)
def serve(
    host: Annotated[
        str | None, typer.Option(help="Address to listen on. [default: SPANWISE_HOST or 127.0.0.1]")
    ] = None,
    port: Annotated[int | None, typer.Option(help="Port; 0 takes a free one. [default: SPANWISE_PORT or 8000]")] = None,
    workers: Annotated[int | None, typer.Option(help="Worker processes. [default: SPANWISE_WORKERS or 1]")] = None,
    root_path: Annotated[
        str | None, typer.Option(help="Path below which a proxy publishes the service. [default: SPANWISE_ROOT_PATH]")
    ] = None,
) -> None:
    """Start the service. Everything else is set by environment variables; see docs/reference/settings.md."""
    reserve_standard_streams()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: os._exit(0))  # nothing is served yet; the supervisor puts its own in place
    from spanwise.service import server

    for name, value in (("HOST", host), ("PORT", port), ("WORKERS", workers), ("ROOT_PATH", root_path)):
        if value is not None:
            os.environ[f"SPANWISE_{name}"] = str(value)  # the workers read their settings there
    settings = read_settings()
    for name in ("host", "port", "workers"):  # the file of settings cannot change these later
        os.environ[f"SPANWISE_{name.upper()}"] = str(getattr(settings, name))
    _check_pipelines(settings)
    try:
        listener = server.listen(settings.host, settings.port)
    except server.PortInUse as error:
        fail(str(error))
    url = _url(listener.getsockname())
    server.serve(settings, listener, url, _hint(url, settings) if sys.stderr and sys.stderr.isatty() else "")


@app.command()
def pipelines(
    as_json: Annotated[bool, typer.Option("--json", help="As `/v1/pipelines` shows them.")] = False,
    check: Annotated[
        str | None,
        typer.Option(help="A folder or package that need not be configured: show its components and their speed."),
    ] = None,
) -> None:
    """List the configured pipelines and what they offer, or check one before it is served."""
    if check is not None:
        _print_check(check)
        return
    import orjson

    from spanwise.pipelines import PipelineError
    from spanwise.service.endpoints.system import describe
    from spanwise.service.loading import load_registry

    settings = read_settings()
    try:
        registry = load_registry(settings)
    except PipelineError as error:
        fail(str(error))
    for warning in registry.load_warnings:
        typer.echo(f"spanwise: {warning.pipeline}: {warning.message}", err=True)
    shown = [describe(analyzer, default=analyzer is registry.default) for analyzer in registry]
    if as_json:
        sys.stdout.buffer.write(orjson.dumps(shown, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
        return
    rows = []
    for one in shown:
        labels = " ".join(label["label"] for label in one["entity_labels"])
        name = f"{one['name']} (default)" if one["default"] else one["name"]
        features = " ".join(one["features"])
        calibrated = (
            f"{one['calibrated']['texts']} texts, error {one['calibrated']['error']:g}" if "calibrated" in one else "no"
        )
        row = (name, one["language"], one["version"], one["licence"], one["engine"], features, labels, calibrated)
        rows.append(row)
    columns = ("name", "language", "version", "licence", "engine", "features", "entity labels", "calibrated")
    print_table(columns, rows)


@app.command()
def calibrate(
    pipeline: Annotated[str, typer.Argument(help="An installed spaCy package or a folder.")],
    labelled: Annotated[
        Path, typer.Argument(help="Annotated texts: JSON Lines, or spaCy's DocBin in a file that ends in .spacy.")
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            help="Where to write the calibration. [default: spanwise-calibration.json in the pipeline's folder]"
        ),
    ] = None,
    label_map: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            help="THEIRS=OURS: annotators' label and the pipeline's. Repeat it for several; THEIRS= leaves one out.",
        ),
    ] = None,
) -> None:
    """Give a pipeline's entities a calibrated confidence, fitted on some hundred annotated texts."""
    from spanwise.pipelines import PipelineError
    from spanwise.pipelines.calibration.refusals import CalibrationRefused
    from spanwise.pipelines.component_imports import import_components
    from spanwise.service.calibration_command import calibrate_pipeline

    settings = read_settings()
    try:
        import_components(settings.components)
        calibrate_pipeline(pipeline, labelled, output, label_map or [])
    except (PipelineError, CalibrationRefused) as error:
        fail(str(error))


@app.command()
def openapi() -> None:
    """Print the OpenAPI document, keys sorted."""
    import orjson

    from spanwise.service.app import create_app

    document = create_app(read_settings()).openapi()
    options = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE
    sys.stdout.buffer.write(orjson.dumps(document, option=options))


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(package_version("spanwise"))


def _hint(url: str, settings: "Settings") -> str:
    key = " -H 'X-API-Key: YOUR-KEY'" if settings.asks_for_keys else ""
    return (
        f"\nSpanwise listens on {url}. Try:\n\n"
        f"  curl {url}/v1/analyze -H 'Content-Type: application/json'{key} \\\n"
        f"""    -d '{{"text": "Tim Cook loved Paris. The weather was awful."}}'\n"""
    )


def _check_pipelines(settings: "Settings") -> None:
    """End with the reason where a pipeline or a module of components does not exist. Imports neither."""
    from spanwise.pipelines import PipelineError, locate
    from spanwise.pipelines.component_imports import find_components

    try:
        find_components(settings.components)
        for spec in settings.pipeline_specs:
            locate(spec.source)
    except PipelineError as error:
        fail(str(error))


def _print_check(source: str) -> None:
    """Print a row for each component of a pipeline, and what is not served."""
    from spanwise.pipelines import PipelineError
    from spanwise.pipelines.check import check
    from spanwise.pipelines.component_imports import import_components
    from spanwise.pipelines.extension_specs import Extensions

    settings = read_settings()
    try:
        import_components(settings.components)
        checked = check(source, extensions=Extensions.parse(settings.extensions))
    except PipelineError as error:
        fail(str(error))
    rows = []
    for one in checked.components:
        served_as = ", ".join(one.served_as) or "see below"
        rows.append((one.name, one.factory, served_as, one.engine, f"{one.texts_per_second:,.0f}", one.reason))
    total = ("all", "", ", ".join(checked.features), "", f"{checked.texts_per_second:,.0f}", "")
    columns = ("component", "factory", "served as", "engine", "texts/s", "why not compiled")
    print_table(columns, rows, checked.title, total)
    if checked.analyzer.contents.not_served:
        print_table(
            ("not served", "why"), [(entry["what"], entry["reason"]) for entry in checked.analyzer.contents.not_served]
        )


def _url(address: tuple[Any, ...]) -> str:
    host, port = address[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
