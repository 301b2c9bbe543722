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
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, cast

import typer

from spanwise.pipelines.spacy_import import skip_spacy_cli_import
from spanwise.service import key_command
from spanwise.service.process.standard_streams import reserve_standard_streams

if TYPE_CHECKING:
    from rich.console import Console

    from spanwise.pipelines import Analyzer, DetectedLanguage
    from spanwise.schemas import AnalyzeResponse, Feature
    from spanwise.service.settings import Settings

app = typer.Typer(
    name="spanwise",
    help="Named entities and sentiment of texts: as a service, or here and now.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


app.add_typer(key_command.app, name="key")


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
    url = _url(listener.getsockname())
    server.serve(settings, listener, url, _hint(url, settings) if sys.stderr.isatty() else "")


@app.command()
def analyze(  # noqa: PLR0917 (each is an option by name)
    text: Annotated[str | None, typer.Argument(help="The text; without one, FILE or standard input is read.")] = None,
    file: Annotated[Path | None, typer.Option("--file", "-f", help="A UTF-8 text file.", dir_okay=False)] = None,
    language: Annotated[
        str | None, typer.Option(help="Whose first pipeline, or `auto`; by default the first of all.")
    ] = None,
    pipeline: Annotated[str | None, typer.Option(help="Which pipeline, by its name.")] = None,
    features: Annotated[
        str | None,
        typer.Option(help="Features, with commas between; by default all but tokens, noun chunks and extensions."),
    ] = None,
    min_confidence: Annotated[float | None, typer.Option(help="Leave out entities below it.")] = None,
    min_score: Annotated[float | None, typer.Option(help="Leave out categories below it.")] = None,
    top: Annotated[int | None, typer.Option(help="At most that many categories.")] = None,
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
    from spanwise.pipelines import Document
    from spanwise.pipelines.language import is_auto

    detected = _detect(settings, content) if is_auto(language) else None
    analyzer = _load_one(settings, detected.language if detected else language, pipeline)
    document = Document(
        content,
        _features(features, analyzer),
        min_confidence=min_confidence,
        min_score=min_score,
        top=top,
        detected=detected,
        language_assumed=language is None and pipeline is None and settings.language_detection == "on",
    )
    try:
        answer = analyzer.analyze(document)
    except ValueError as error:
        _fail(str(error))
    if as_json:
        sys.stdout.buffer.write(orjson.dumps(answer, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
        return
    _print_analysis(answer)
    if "language_mismatch" in answer.get("warnings", ()):
        typer.echo(f"spanwise: the text is plainly of another language than {answer['language']!r}.", err=True)


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
    from rich.table import Table

    from spanwise.pipelines import PipelineError
    from spanwise.service.endpoints.system import describe
    from spanwise.service.runtime import load_registry

    settings = _settings()
    try:
        registry = load_registry(settings)
    except PipelineError as error:
        _fail(str(error))
    for warning in registry.load_warnings:
        typer.echo(f"spanwise: {warning.pipeline}: {warning.message}", err=True)
    shown = [describe(analyzer, default=analyzer is registry.default) for analyzer in registry]
    if as_json:
        sys.stdout.buffer.write(orjson.dumps(shown, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
        return
    table = Table("name", "language", "version", "licence", "engine", "features", "entity labels", "calibrated")
    for one in shown:
        labels = " ".join(label["label"] for label in one["entity_labels"])
        name = f"{one['name']} (default)" if one["default"] else one["name"]
        features = " ".join(one["features"])
        calibrated = (
            f"{one['calibrated']['texts']} texts, error {one['calibrated']['error']:g}" if "calibrated" in one else "no"
        )
        table.add_row(
            name, one["language"], one["version"], one["licence"], one["engine"], features, labels, calibrated
        )
    _console().print(table)


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

    settings = _settings()
    try:
        import_components(settings.components)
        calibrate_pipeline(pipeline, labelled, output, label_map or [], _console())
    except (PipelineError, CalibrationRefused) as error:
        _fail(str(error))


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


def _hint(url: str, settings: "Settings") -> str:
    key = " -H 'X-API-Key: YOUR-KEY'" if settings.asks_for_keys else ""
    return (
        f"\nSpanwise listens on {url}. Try:\n\n"
        f"  curl {url}/v1/analyze -H 'Content-Type: application/json'{key} \\\n"
        f"""    -d '{{"text": "Tim Cook loved Paris. The weather was awful."}}'\n"""
    )


def _settings() -> "Settings":
    from spanwise.service.settings import Settings, reason_of

    try:
        return Settings.from_environment()
    except ValueError as error:
        _fail(reason_of(error))


def _check_pipelines(settings: "Settings") -> None:
    """End with the reason where a pipeline or a module of components does not exist. Imports neither."""
    from spanwise.pipelines import PipelineError, locate
    from spanwise.pipelines.component_imports import find_components

    try:
        find_components(settings.components)
        for spec in settings.pipeline_specs:
            locate(spec.source)
    except PipelineError as error:
        _fail(str(error))


def _detect(settings: "Settings", text: str) -> "DetectedLanguage":
    """Return the language of a text among the configured ones, before a pipeline is loaded."""
    from spanwise.pipelines.language import UNDETERMINED, detect_among, why_undetermined

    if settings.detector is None:
        _fail("Detection is switched off by SPANWISE_LANGUAGE_DETECTION.")
    languages = [spec.language for spec in settings.pipeline_specs]
    detected = detect_among(settings.detector, text, languages)
    if detected.language == UNDETERMINED:
        _fail(why_undetermined(detected, languages))
    return detected


def _load_one(settings: "Settings", language: str | None, pipeline: str | None) -> "Analyzer":
    """Load the pipeline that a request with this language and pipeline would be served by, and no other."""
    from spanwise.pipelines import Analyzer, PipelineError
    from spanwise.pipelines.component_imports import import_components
    from spanwise.pipelines.extension_specs import Extensions
    from spanwise.pipelines.pipeline_entries import choose_spec

    try:
        spec = choose_spec(settings.pipeline_specs, language, pipeline)
        import_components(settings.components)
        return Analyzer.of_spec(
            spec,
            extensions=Extensions.parse(settings.extensions),
            calibrations=settings.calibration_files,
            detector=settings.detector,
            preload=True,
        )
    except PipelineError as error:
        _fail(str(error))


def _features(named: str | None, analyzer: "Analyzer") -> "frozenset[Feature]":
    """Return the features to show: those that were named, or all that fit on a screen."""
    if named is None:
        return analyzer.own_features - {"tokens", "noun_chunks", "extensions"}
    return cast("frozenset[Feature]", frozenset(filter(None, (name.strip() for name in named.split(",")))))


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


def _print_check(source: str) -> None:
    """Print a row for each component of a pipeline, and what is not served."""
    from rich.table import Table

    from spanwise.pipelines import PipelineError
    from spanwise.pipelines.check import check
    from spanwise.pipelines.component_imports import import_components
    from spanwise.pipelines.extension_specs import Extensions

    settings = _settings()
    try:
        import_components(settings.components)
        checked = check(source, extensions=Extensions.parse(settings.extensions))
    except PipelineError as error:
        _fail(str(error))
    console = _console()
    table = Table("component", "factory", "served as", "engine", "texts/s", "why not compiled", title=checked.title)
    for one in checked.components:
        served_as = ", ".join(one.served_as) or "see below"
        table.add_row(one.name, one.factory, served_as, one.engine, f"{one.texts_per_second:,.0f}", one.reason)
    table.add_row("all", "", ", ".join(checked.features), "", f"{checked.texts_per_second:,.0f}", style="bold")
    console.print(table)
    if checked.analyzer.contents.not_served:
        table = Table("not served", "why")
        for entry in checked.analyzer.contents.not_served:
            table.add_row(entry["what"], entry["reason"])
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
