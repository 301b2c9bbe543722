"""What `spanwise calibrate` does: read, fit, print, write."""

from collections.abc import Iterable
from pathlib import Path

import typer

from spanwise.pipelines import Analyzer, locate
from spanwise.pipelines.calibration.calibrate import CalibrationReport, calibrate
from spanwise.pipelines.calibration.labelled_texts import read_labelled_texts
from spanwise.pipelines.calibration.refusals import CalibrationRefused
from spanwise.pipelines.entities.compiled.calibration_file import FILE_NAME, write_entry
from spanwise.service.terminal import print_table


class WrongMapping(CalibrationRefused):
    """A value of `--map` is no pair of labels."""


class NotWritable(CalibrationRefused):
    """The calibration cannot be written where it should be."""


def calibrate_pipeline(source: str, labelled: Path, output: Path | None, mapping: Iterable[str]) -> None:
    """Calibrate a pipeline, print the figures, and write the calibration. Raises `CalibrationRefused`, `PipelineError`.

    `output`: by default a file in the pipeline's folder. `mapping`: `THEIRS=OURS`, see `parse_mapping`.
    """
    agreeing = parse_mapping(mapping)
    target = output or locate(source) / FILE_NAME
    read = read_labelled_texts(labelled)
    report = calibrate(Analyzer.load(source), read.texts, agreeing)
    try:
        write_entry(target, report.fingerprint, report.entry)
    except OSError as error:
        advice = "" if output else " Name another place with --output, and that file in SPANWISE_CALIBRATIONS."
        raise NotWritable(f"Cannot write {target}: {error.strerror}.{advice}") from None
    print_report(report, read.left_out)
    given = {span.label for text in read.texts for span in text.entities}
    if unused := sorted(agreeing.keys() - given):
        typer.echo(f"Mapped, and in no text: {', '.join(unused)}.")
    typer.echo(f"Written to {target}.")


def parse_mapping(mapping: Iterable[str]) -> dict[str, frozenset[str]]:
    """Parse `THEIRS=OURS` into the pipeline's labels for each of the annotators'; `THEIRS=` has none.

    Raises `WrongMapping`.
    """
    found: dict[str, frozenset[str]] = {}
    for pair in mapping:
        theirs, equals, ours = (part.strip() for part in pair.partition("="))
        if not (theirs and equals):
            raise WrongMapping(f"--map takes THEIRS=OURS, such as PER=PERSON, and not {pair!r}.")
        found[theirs] = found.get(theirs, frozenset()) | ({ours} if ours else frozenset())
    return found


def print_report(report: CalibrationReport, left_out: int) -> None:
    """Print what was fitted on what, and how good it is."""
    typer.echo(f"{report.pipeline}: {report.evidence['texts']} texts, {report.entities} entities compared")
    if left_out:
        typer.echo(f"Left out: {left_out} texts that nobody accepted or annotated.")
    labels = [
        (
            one.label,
            str(one.texts),
            str(one.entities),
            f"{one.right / one.entities:.0%}",
            "its own" if one.own_curve else "shared",
        )
        for one in report.labels
        if one.entities
    ]
    print_table(("label", "texts", "entities found", "right", "curve"), labels)
    if unseen := [one.label for one in report.labels if not one.entities]:
        typer.echo(f"Not compared in these texts, and so with the shared curve: {', '.join(unseen)}.")
    typer.echo(
        f"Expected calibration error, held out: {report.evidence['error']:.3f} (the model's own probabilities: "
        f"{report.raw_error:.3f}; perfect confidences of as many entities: {report.chance_error:.3f})"
    )
    thresholds = [
        (f"{one.confidence:g}", f"{one.kept:.0%}", "-" if one.right is None else f"{one.right:.0%}")
        for one in report.thresholds
    ]
    print_table(("confidence at least", "entities kept", "right among these"), thresholds, "Held out")
