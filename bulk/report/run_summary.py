"""What is known of the job behind a folder of analyses, in the words of a report."""

from dataclasses import dataclass
from datetime import UTC
from typing import Any

from spanwise.bulk.report.analyses import Analyses

_OPTIONS = {
    "text": "column with the texts",
    "id": "column with the ids",
    "carry": "columns carried through",
    "features": "features",
    "language": "language",
    "language_column": "column with the languages",
    "pipeline": "pipeline",
    "labels": "labels of entities",
    "min_confidence": "confidence of entities, at least",
    "min_score": "score of categories, at least",
    "top": "categories of a document, at most",
    "max_text_characters": "characters of a text, at most",
    "offset_encoding": "unit of positions",
}
"""The options that a report names, in this order."""


@dataclass(frozen=True)
class RunSummary:
    """When and how the analyses were made, as far as the folder says."""

    analyses: Analyses

    @property
    def finished(self) -> str:
        """When the last run came to its end; empty where none has."""
        when = self.analyses.finished
        return "" if when is None else f"{when.astimezone(UTC):%Y-%m-%d %H:%M} UTC"

    @property
    def texts_per_second(self) -> float:
        """Of that run."""
        return float(self.analyses.summary.get("texts_per_second", 0.0))

    @property
    def pipelines(self) -> dict[str, dict[str, Any]]:
        """What is known of each pipeline that was loaded, by its name and version as answers have them."""
        return {f"{one['name']}-{one['version']}": one for one in self.analyses.job.get("pipelines", ())}

    def warning(self, rows: int) -> str:
        """Return what a reader must know before believing a number: that the job has not come to its end."""
        summary, job = self.analyses.summary, self.analyses.job
        if job and (not summary.get("complete", False) or summary.get("rows") != rows):
            return (
                "These are not all documents: the folder holds a job that has not come to its end. "
                "The same command of spanwise bulk goes on with it."
            )
        return ""

    def facts(self) -> list[tuple[str, str]]:
        """Return what was done how, as pairs of a name and a value with its unit."""
        summary, job = self.analyses.summary, self.analyses.job
        facts = [("output", self.analyses.place.path), ("size of the output", _bytes(self.analyses.size))]
        if self.finished:
            facts.append(("last run finished", self.finished))
        if "seconds" in summary:
            now = summary["rows"] - summary["rows_before"]
            facts.append(("time of the last run", f"{summary['seconds']:,.1f} s for {now:,} documents"))
            facts.append(("speed of the last run", f"{summary['texts_per_second']:,.0f} documents per second"))
            facts.append(("workers of the last run", f"{summary['workers']:,}"))
            facts.append(("characters", f"{summary['characters']:,}"))
        options = job.get("options", {})
        facts += [(told, _value(options[name])) for name, told in _OPTIONS.items() if options.get(name)]
        if job.get("limit"):
            facts.append(("rows, at most", f"{job['limit']:,}"))
        if "version" in job:
            facts.append(("version of Spanwise", str(job["version"])))
        return facts


def _value(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return f"{value:,}" if isinstance(value, int) else str(value)


def _bytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB" if size >= 1e5 else f"{size / 1e3:,.1f} kB"  # noqa: PLR2004
