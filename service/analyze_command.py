"""`spanwise analyze`: one text for a person or a program, or many as JSON Lines, without a service."""

import codecs
import os
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, Self, cast

import typer

from spanwise.service.analysis_options import Labels, MinConfidence, MinScore, OffsetUnit, RawScores, Top, parts
from spanwise.service.terminal import console, fail, print_table, read_settings, visible

if TYPE_CHECKING:
    from spanwise.pipelines import Analyzer, DetectedLanguage
    from spanwise.schemas import AnalyzeResponse, Feature, OffsetEncoding
    from spanwise.service.settings import Settings

_STANDARD_INPUT = "-"
_LONGEST_FILE_NAME = 255
_COLOURS = ("cyan", "magenta", "yellow", "green", "blue", "red")
"""Of entities on a terminal, a colour for each label."""


def analyze(  # noqa: PLR0917 (each is an option by name)
    text: Annotated[
        str | None, typer.Argument(help="The text; `-` or none: FILE or standard input is read.", show_default=False)
    ] = None,
    file: Annotated[Path | None, typer.Option("--file", "-f", help="A UTF-8 text file; `-`: standard input.")] = None,
    language: Annotated[
        str | None, typer.Option(help="Whose first pipeline, or `auto`; by default the first of all.")
    ] = None,
    pipeline: Annotated[str | None, typer.Option(help="Which pipeline, by its name.")] = None,
    features: Annotated[
        str | None,
        typer.Option(help="Features, with commas between; by default all but tokens, noun chunks and extensions."),
    ] = None,
    labels: Labels = None,
    offset_encoding: OffsetUnit = "codepoint",
    min_confidence: MinConfidence = None,
    min_score: MinScore = None,
    top: Top = None,
    raw_scores: RawScores = False,
    as_json: Annotated[bool, typer.Option("--json", help="The analysis as the service would answer it.")] = False,
    as_lines: Annotated[
        bool,
        typer.Option("--jsonl", help="JSON Lines in and out, as `/v1/stream` takes and answers them."),
    ] = False,
) -> None:
    """Analyse a text without a service: tables for a person, JSON for a program. With --jsonl, a file of many texts."""
    settings = read_settings()
    if text is not None and file is not None:
        fail("Give either a text or --file.")
    from_input = file == Path(_STANDARD_INPUT) or (file is None and text in {None, _STANDARD_INPUT})
    named: dict[str, Any] = {
        "language": language,
        "pipeline": pipeline,
        "features": parts(features),
        "labels": parts(labels),
        "offset_encoding": offset_encoding,
        "min_confidence": min_confidence,
        "min_score": min_score,
        "top": top,
        "raw_scores": raw_scores,
    }
    if as_lines:
        if text not in {None, _STANDARD_INPUT}:
            fail("With --jsonl give no text, but --file or standard input.")
        _analyze_lines(settings, None if from_input else file, named)
        return
    _hint_at_a_file(text)
    content = _decode(_bytes(None if from_input else text, None if from_input else file))
    _analyze_text(settings, content, named, as_json=as_json)


def _analyze_text(settings: "Settings", content: str, named: dict[str, Any], *, as_json: bool) -> None:
    """Analyse one text and print the analysis."""
    if not content:
        fail("There is no text.")
    if len(content) > settings.max_text_characters:
        fail(f"The text has {len(content)} characters; the limit is {settings.max_text_characters}.")
    from spanwise.pipelines import Document
    from spanwise.pipelines.language import is_auto

    language, pipeline = named["language"], named["pipeline"]
    detected = _detect(settings, content) if is_auto(language) else None
    analyzer = _load_one(settings, detected.language if detected else language, pipeline)
    document = Document(
        content,
        _features(named["features"], analyzer),
        named["offset_encoding"],
        None if named["labels"] is None else frozenset(named["labels"]),
        min_confidence=named["min_confidence"],
        min_score=named["min_score"],
        top=named["top"],
        raw_scores=named["raw_scores"],
        detected=detected,
        language_assumed=language is None and pipeline is None and settings.language_detection == "on",
    )
    try:
        answer = analyzer.analyze(document)
    except ValueError as error:
        fail(str(error))
    if as_json:
        import orjson

        sys.stdout.buffer.write(orjson.dumps(answer, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
        return
    _print_analysis(content, answer)
    if "language_mismatch" in answer.get("warnings", ()):
        typer.echo(f"spanwise: the text is plainly of another language than {answer['language']!r}.", err=True)


def _analyze_lines(settings: "Settings", file: Path | None, named: dict[str, Any]) -> None:
    """Analyse JSON Lines, with a progress bar where standard error is a terminal."""
    from pydantic import ValidationError

    from spanwise.pipelines import PipelineError
    from spanwise.schemas import StreamOptions
    from spanwise.schemas.problems import field_errors
    from spanwise.service.documents.options import options_of
    from spanwise.service.documents.selection import check_options, choice_of
    from spanwise.service.errors import ValidationFailed
    from spanwise.service.lines_command import analyze_lines
    from spanwise.service.loading import load_registry

    try:
        options = StreamOptions.model_validate({name: value for name, value in named.items() if value is not None})
        registry = load_registry(settings)
        check_options(registry, choice_of(options), options_of(options))
    except PipelineError as error:
        fail(str(error))
    except ValidationError as error:
        fail("; ".join(f"{one['pointer']}: {one['detail']}" for one in field_errors(error)))
    except ValidationFailed as error:
        fail("; ".join(one["detail"] for one in error.errors))
    with ExitStack() as stack:
        try:
            source: BinaryIO = sys.stdin.buffer if file is None else stack.enter_context(file.open("rb"))
        except OSError as error:
            fail(f"Cannot read {file}: {error.strerror}.")
        told = stack.enter_context(_Progress(None if file is None else file.stat().st_size))
        failed = analyze_lines(source, sys.stdout.buffer, options, registry, settings, told)
    if failed:
        typer.echo(f"spanwise: {failed} of the results are errors.", err=True)


class _Progress:
    """A progress bar on standard error, if that is a terminal: of the file's bytes, else of the lines alone."""

    def __init__(self, size: int | None) -> None:
        self._size = size
        self._bar: Any = None
        self._lines = 0

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

            columns = (TextColumn("{task.fields[lines]:,} lines"), BarColumn(), TimeElapsedColumn())
            more = (TextColumn("left:"), TimeRemainingColumn()) if self._size else ()
            self._bar = Progress(*columns, *more, console=Console(stderr=True))
            self._task = self._bar.add_task("", total=self._size, lines=0)
            self._bar.start()
        return self

    def __call__(self, lines: int, size: int) -> None:
        self._lines += lines
        if self._bar is not None:
            self._bar.update(self._task, advance=size, lines=self._lines)

    def __exit__(self, *error: object) -> None:
        if self._bar is not None:
            self._bar.stop()


def _hint_at_a_file(text: str | None) -> None:
    """Say that a text is also the name of a file, whose contents may have been meant."""
    if text and len(os.fsencode(text)) <= _LONGEST_FILE_NAME and "\0" not in text and Path(text).is_file():
        typer.echo(
            "spanwise: this text is the name of a file; to analyse what the file holds, put --file before it.", err=True
        )


def _bytes(text: str | None, file: Path | None) -> bytes:
    try:
        if text is not None:
            return os.fsencode(text)  # the bytes that the shell passed, whatever the locale
        return sys.stdin.buffer.read() if file is None else file.read_bytes()
    except OSError as error:
        fail(f"Cannot read {file or 'standard input'}: {error.strerror}.")


def _decode(data: bytes) -> str:
    """Return the text of UTF-8 bytes, without the byte order mark that editors on Windows put first."""
    for mark, name in ((codecs.BOM_UTF16_LE, "UTF-16"), (codecs.BOM_UTF16_BE, "UTF-16")):
        if data.startswith(mark):
            fail(f"The text is {name}, not UTF-8.")
    try:
        return data.removeprefix(codecs.BOM_UTF8).decode()
    except UnicodeDecodeError:
        fail("The text is not UTF-8.")


def _detect(settings: "Settings", text: str) -> "DetectedLanguage":
    """Return the language of a text among the configured ones, before a pipeline is loaded."""
    from spanwise.pipelines.language import UNDETERMINED, detect_among, why_undetermined

    if settings.detector is None:
        fail("Detection is switched off by SPANWISE_LANGUAGE_DETECTION.")
    languages = [spec.language for spec in settings.pipeline_specs]
    detected = detect_among(settings.detector, text, languages)
    if detected.language == UNDETERMINED:
        fail(why_undetermined(detected, languages))
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
        fail(str(error))


def _features(named: list[str] | None, analyzer: "Analyzer") -> "frozenset[Feature]":
    """Return the features to show: those that were named, or all that fit on a screen."""
    if named is None:
        return analyzer.own_features - {"tokens", "noun_chunks", "extensions"}
    return cast("frozenset[Feature]", frozenset(named))


def _print_analysis(text: str, answer: "AnalyzeResponse") -> None:
    """Print the tables that the features of the answer have, and on a terminal the text with its entities before."""
    from spanwise.pipelines.features import console_tables

    if sys.stdout.isatty() and answer.get("entities"):
        _print_highlights(text, answer)
    for shown in console_tables(answer):
        print_table(shown.columns, shown.rows, shown.title, shown.total)


def _print_highlights(text: str, answer: "AnalyzeResponse") -> None:
    from rich.text import Text

    from spanwise.pipelines.offsets import slice_of

    unit: OffsetEncoding = answer["offset_encoding"]
    end_of_text = len(text.encode())  # in every unit at least the end
    colours: dict[str, str] = {}
    line, at = Text(), 0
    for entity in answer["entities"]:
        colour = colours.setdefault(entity["label"], _COLOURS[len(colours) % len(_COLOURS)])
        line.append(visible(slice_of(text, at, entity["start"], unit), keep="\n"))
        line.append(visible(entity["text"]), f"bold {colour}").append(f" {entity['label']}", f"dim {colour}")
        at = entity["end"]
    line.append(visible(slice_of(text, at, end_of_text, unit), keep="\n"))
    console().print(line, soft_wrap=True)
    typer.echo()
