"""Write the report of a folder of analyses."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from spanwise.bulk.report.analyses import Analyses, NoAnalyses
from spanwise.bulk.report.report_page import page
from spanwise.bulk.report.run_summary import RunSummary
from spanwise.bulk.report.tally import COUNTED, tally
from spanwise.bulk.report.text_examples import TextExamples


@dataclass(frozen=True)
class ReportOptions:
    """What a report shows beyond the counts."""

    title: str | None = None
    """None: the name of the folder."""
    date: str | None = None
    """The column of dates over which sentiment is drawn."""
    examples: int = 0
    """How many texts of each sentiment are quoted."""


def write_report(folder: str, output: Path, options: ReportOptions) -> None:
    """Write one HTML file about the analyses in a folder.

    Raises `NoAnalyses` where the folder does not hold what is asked for, `PlaceError`, `ValueError` for a column that
    holds no dates, and `OSError`.
    """
    analyses = Analyses.open(folder)
    if options.date is not None and options.date not in analyses.columns:
        raise NoAnalyses(
            f"The analyses have no column {options.date!r}. Run spanwise bulk with it among those to --carry. "
            f"There are: {', '.join(analyses.columns)}."
        )
    if options.date is not None and "sentiment" not in analyses.columns:
        raise NoAnalyses("The analyses have no sentiment that could be drawn over time.")
    examples = _examples(analyses, options.examples)
    also = [] if examples is None else [examples.text_column, *([examples.id_column] if examples.id_column else [])]
    columns = dict.fromkeys([*COUNTED, *([options.date] if options.date else []), *also])
    counted = tally(analyses.batches([*columns]), options.date, examples)
    title = options.title or Path(analyses.place.path).name or folder
    html = page(title, counted, RunSummary(analyses), datetime.now(UTC), options.date, examples)
    output.write_text(html, "utf-8")


def _examples(analyses: Analyses, number: int) -> TextExamples | None:
    """Return what gathers texts to quote, if any are asked for. Raises `NoAnalyses` where the output has no texts."""
    if not number:
        return None
    text = analyses.job.get("options", {}).get("text", "text")
    if text not in analyses.columns:
        raise NoAnalyses(f"The analyses do not carry the texts: run spanwise bulk with --carry {text}.")
    return TextExamples(number, text, "id" if "id" in analyses.columns else None)
