"""What `spanwise calibrate` does: read, fit, print, write."""

from collections.abc import Iterable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from spanwise.pipelines import Analyzer, locate
from spanwise.pipelines.calibration.calibrate import CalibrationReport, calibrate
from spanwise.pipelines.calibration.labelled_texts import read_labelled_texts
from spanwise.pipelines.calibration.refusals import CalibrationRefused
from spanwise.pipelines.entities.compiled.calibration_file import FILE_NAME, write_entry


class WrongMapping(CalibrationRefused):
    """A value of `--map` is no pair of labels."""


class NotWritable(CalibrationRefused):
    """The calibration cannot be written where it should be."""


def calibrate_pipeline(
    source: str, labelled: Path, output: Path | None, mapping: Iterable[str], console: Console
) -> None:
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
    print_report(report, read.left_out, console)
    given = {span.label for text in read.texts for span in text.entities}
    if unused := sorted(agreeing.keys() - given):
        console.print(f"Mapped, and in no text: {', '.join(unused)}.")
    console.print(f"Written to {target}.")


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


def print_report(report: CalibrationReport, left_out: int, console: Console) -> None:
    """Print what was fitted on what, and how good it is."""
    console.print(f"{report.pipeline}: {report.evidence['texts']} texts, {report.entities} entities compared")
    if left_out:
        console.print(f"Left out: {left_out} texts that nobody accepted or annotated.")
    labels = Table("label", "texts", "entities found", "right", "curve")
    for one in report.labels:
        if one.entities:
            share = f"{one.right / one.entities:.0%}"
            curve = "its own" if one.own_curve else "shared"
            labels.add_row(one.label, str(one.texts), str(one.entities), share, curve)
    console.print(labels)
    if unseen := [one.label for one in report.labels if not one.entities]:
        console.print(f"Not compared in these texts, and so with the shared curve: {', '.join(unseen)}.")
    console.print(
        f"Expected calibration error, held out: {report.evidence['error']:.3f} (the model's own probabilities: "
        f"{report.raw_error:.3f}; perfect confidences of as many entities: {report.chance_error:.3f})"
    )
    thresholds = Table("confidence at least", "entities kept", "right among these", title="Held out")
    for threshold in report.thresholds:
        right = "-" if threshold.right is None else f"{threshold.right:.0%}"
        thresholds.add_row(f"{threshold.confidence:g}", f"{threshold.kept:.0%}", right)
    console.print(thresholds)
