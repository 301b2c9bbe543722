"""`spanwise bulk`: analyse a corpus on all CPUs of this machine or of a Ray cluster, and go on after a crash.

`spanwise bulk INPUT...` is the command itself; a first word that is one of its other commands, such as `report`, is
that. Nothing of Arrow or Ray is imported before a command runs, because the service does without both.
"""

import sys
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from spanwise.service import bulk_report_command
from spanwise.service.analysis_options import Labels, MinConfidence, MinScore, OffsetUnit, RawScores, Top, parts
from spanwise.service.terminal import fail, read_settings

if TYPE_CHECKING:
    from spanwise.bulk.input_files import InputFile
    from spanwise.bulk.job_identity import JobSpec
    from spanwise.bulk.pipeline_source import PipelineSource
    from spanwise.bulk.row_options import RowOptions
    from spanwise.bulk.summary import Summary
    from spanwise.service.settings import Settings

_WITH_ROW_ERRORS = 3
_FAILED = 1
_RUN = "run"


class _RunByDefault(TyperGroup):
    """Takes arguments that begin with no command's name as those of `run`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, args if args and args[0] in self.commands else [_RUN, *args])


class InputFormat(StrEnum):
    """The formats of input files."""

    parquet = "parquet"
    jsonl = "jsonl"
    csv = "csv"
    text = "text"


class OutputFormat(StrEnum):
    """The formats of parts."""

    parquet = "parquet"
    jsonl = "jsonl"


app = typer.Typer(cls=_RunByDefault, add_completion=False, help="Analyse a corpus: Parquet, JSON Lines, CSV or text.")
app.command("report")(bulk_report_command.report)


@app.command(_RUN)
def run(  # noqa: PLR0917 - each is an option by name
    inputs: Annotated[
        list[str] | None,
        typer.Argument(help="Files, folders and globs, local or `s3://…`, `gs://…`.", show_default=False),
    ] = None,
    output: Annotated[
        str | None, typer.Option("--output", "-o", help="The folder for the parts: a path or a URI.")
    ] = None,
    text: Annotated[str, typer.Option(help="The column with the texts.")] = "text",
    row_id: Annotated[str | None, typer.Option("--id", help="The column that names the rows.")] = None,
    carry: Annotated[str | None, typer.Option(help="Columns to carry through, with commas between.")] = None,
    features: Annotated[
        str | None, typer.Option(help="Features, with commas between. [default: entities,sentiment]")
    ] = None,
    language: Annotated[str | None, typer.Option(help="The language of the rows, or `auto`.")] = None,
    language_column: Annotated[str | None, typer.Option(help="The column with the language of each row.")] = None,
    pipeline: Annotated[str | None, typer.Option(help="Which pipeline, by its name.")] = None,
    labels: Labels = None,
    offset_encoding: OffsetUnit = "codepoint",
    min_confidence: MinConfidence = None,
    min_score: MinScore = None,
    top: Top = None,
    raw_scores: RawScores = False,
    input_format: Annotated[
        InputFormat | None, typer.Option("--format", help="Of all files. [default: by their names]")
    ] = None,
    delimiter: Annotated[str | None, typer.Option(help="Of CSV. [default: a comma; a tab for .tsv]")] = None,
    output_format: Annotated[
        OutputFormat, typer.Option(help="`jsonl`: lines as of `/v1/stream`.")
    ] = OutputFormat.parquet,
    address: Annotated[
        str | None, typer.Option(help="Of a Ray cluster, or `auto`. [default: a Ray on this machine]")
    ] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="At most so many. [default: by the CPUs]")] = None,
    cpus_per_worker: Annotated[
        int, typer.Option(min=1, help="CPUs of a worker, and threads that share its pipelines.")
    ] = 1,
    limit: Annotated[int | None, typer.Option(min=1, help="No more rows than that.")] = None,
    max_errors: Annotated[int | None, typer.Option(min=0, help="More rows with errors end the job.")] = None,
    overwrite: Annotated[
        bool, typer.Option("--replace", help="Delete what another job has left in the output folder.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show schema, units and an estimate; write nothing.")
    ] = False,
    schema: Annotated[bool, typer.Option("--schema", help="Print the schema of the output, and end.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The summary as JSON.")] = False,
) -> None:
    """Analyse a corpus on all CPUs of this machine, or of a Ray cluster.

    The same command goes on where an earlier run was interrupted. Exit codes: 0 done, 3 done and some rows have
    errors, 2 wrong use, 1 failed.
    """
    settings = read_settings()
    _require_the_extra()
    from spanwise.bulk.row_options import RowOptions

    try:
        options = RowOptions.of(
            text=text,
            id=row_id,
            carry=parts(carry) or (),
            language_column=language_column,
            features=parts(features),
            language=language,
            pipeline=pipeline,
            offset_encoding=offset_encoding,  # type: ignore[arg-type] # `of` checks it
            labels=parts(labels),
            min_confidence=min_confidence,
            min_score=min_score,
            top=top,
            raw_scores=raw_scores,
            max_text_characters=settings.max_text_characters,
        )
        if schema and not inputs:
            _print_schema(options, [])
            return
        files = _files(inputs, input_format, delimiter)
        if schema:
            _print_schema(options, files)
            return
    except ValueError as error:
        fail(str(error))
    if output is None:
        fail("Name the folder for the output: --output FOLDER.")
    from spanwise.bulk.job import RunOptions
    from spanwise.bulk.job_identity import JobSpec
    from spanwise.service.process.cpus import available_cpus

    spec = JobSpec(options, _source(settings), output, output_format.value, limit)
    how = RunOptions(address, workers, cpus_per_worker, max(available_cpus(), cpus_per_worker), max_errors, overwrite)
    if dry_run:
        _dry_run(spec, files, workers or max(1, how.cpus // cpus_per_worker))
        return
    _end(_run(spec, files, how), as_json=as_json)


def _run(spec: "JobSpec", files: "list[InputFile]", how: Any) -> "Summary":
    from spanwise.bulk.job import run as run_job
    from spanwise.bulk.ray_pool import JobFailed
    from spanwise.pipelines import PipelineError

    try:
        return run_job(spec, files, how)
    except (ValueError, PipelineError) as error:
        fail(str(error))
    except (JobFailed, OSError) as error:
        _failed(str(error))


def _end(summary: "Summary", *, as_json: bool) -> None:
    if as_json:
        import orjson

        sys.stdout.buffer.write(orjson.dumps(summary.as_json(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    else:
        typer.echo(summary.as_text())
    if not summary.complete:
        raise typer.Exit(_FAILED)
    if summary.errors:
        raise typer.Exit(_WITH_ROW_ERRORS)


def _dry_run(spec: "JobSpec", files: "list[InputFile]", workers: int) -> None:
    from spanwise.bulk.estimate import estimate
    from spanwise.pipelines import PipelineError

    try:
        _print_schema(spec.options, files)
        typer.echo("")
        typer.echo(estimate(spec, files, workers).as_text())
    except (ValueError, PipelineError) as error:
        fail(str(error))
    except OSError as error:
        _failed(str(error))


def _print_schema(options: "RowOptions", files: "list[InputFile]") -> None:
    from spanwise.bulk.arrow_schema import described, output_schema
    from spanwise.bulk.input_columns import schema_of

    given = schema_of(files[0], options) if files else None
    typer.echo("\n".join(described(output_schema(options, given))))


def _files(inputs: list[str] | None, input_format: InputFormat | None, delimiter: str | None) -> "list[InputFile]":
    from spanwise.bulk.input_files import find_inputs

    if not inputs:
        fail("Name what to read: files, folders or globs.")
    if delimiter is not None and len(delimiter) != 1:
        fail("--delimiter is one character.")
    return find_inputs(inputs, None if input_format is None else input_format.value, delimiter)


def _source(settings: "Settings") -> "PipelineSource":
    """Return the pipelines of the settings, with paths that hold wherever the workers run."""
    from spanwise.bulk.pipeline_source import PipelineSource
    from spanwise.pipelines import PipelineError, locate
    from spanwise.pipelines.component_imports import find_components

    try:
        find_components(settings.components)
        specs = tuple(settings.pipeline_specs)
        folders = [locate(spec.source) for spec in specs]
    except PipelineError as error:
        fail(str(error))
    source = PipelineSource(
        tuple(
            replace(spec, source=str(folder.absolute())) if folder == type(folder)(spec.source) else spec
            for spec, folder in zip(specs, folders, strict=True)
        ),
        tuple(path.absolute() for path in settings.calibration_files),
        settings.extensions,
        settings.components,
        settings.detector is not None,
    )
    if "word_table_mb" in settings.model_fields_set:
        return replace(source, word_table_mb=settings.word_table_mb)
    return source


def _require_the_extra() -> None:
    """End with how to install Arrow and Ray where they are not."""
    from importlib.util import find_spec

    if lacking := [name for name in ("pyarrow", "ray") if find_spec(name) is None]:
        fail(f"`spanwise bulk` needs {' and '.join(lacking)}: pip install 'spanwise[bulk]'.")


def _failed(message: str) -> NoReturn:
    typer.echo(f"spanwise: {message}", err=True)
    raise typer.Exit(_FAILED)
