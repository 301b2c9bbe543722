"""What a run has come to: rows, errors by code, seconds, texts per second, pipelines; as text and as JSON."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from spanwise.bulk.output_folder import PartDone


@dataclass(slots=True)
class Tally:
    """Rows and parts, counted while a job runs."""

    rows: int = 0
    characters: int = 0
    parts: int = 0
    errors: Counter[str] = field(default_factory=Counter)

    def add(self, part: PartDone) -> None:
        """Count a part."""
        self.rows += part.rows
        self.characters += part.characters
        self.parts += 1
        self.errors.update(part.errors)

    @property
    def failed(self) -> int:
        """How many rows have an error."""
        return self.errors.total()


@dataclass(frozen=True, slots=True)
class Summary:
    """The end of a run."""

    output: str
    complete: bool
    before: Tally
    """What earlier runs had done."""
    now: Tally
    """What this run has done."""
    seconds: float
    """Of this run, from the moment the pipelines were loaded."""
    workers: int
    pipelines: Sequence[Mapping[str, Any]]

    @property
    def rows(self) -> int:
        """All rows of the output."""
        return self.before.rows + self.now.rows

    @property
    def errors(self) -> Counter[str]:
        """All errors of rows, by code."""
        return self.before.errors + self.now.errors

    @property
    def texts_per_second(self) -> float:
        """Of this run."""
        return self.now.rows / self.seconds if self.seconds else 0.0

    def as_json(self) -> dict[str, Any]:
        """Return the summary for programs."""
        return {
            "output": self.output,
            "complete": self.complete,
            "rows": self.rows,
            "rows_before": self.before.rows,
            "characters": self.before.characters + self.now.characters,
            "parts": self.before.parts + self.now.parts,
            "row_errors": self.errors.total(),
            "errors": dict(sorted(self.errors.items())),
            "seconds": round(self.seconds, 3),
            "texts_per_second": round(self.texts_per_second, 1),
            "workers": self.workers,
            "pipelines": [dict(one) for one in self.pipelines],
        }

    def as_text(self) -> str:
        """Return the summary for people."""
        before = f" ({self.before.rows:,} of them before this run)" if self.before.rows else ""
        lines = [
            f"{self.rows:,} rows in {self.before.parts + self.now.parts:,} parts{before}",
            f"{self.seconds:,.1f} s, {self.texts_per_second:,.0f} texts/s, {self.workers} workers",
        ]
        if self.errors:
            listed = ", ".join(f"{code} {count:,}" for code, count in self.errors.most_common())
            lines.append(f"{self.errors.total():,} rows with errors: {listed}")
        lines += [f"pipeline {one['name']}-{one['version']}, {one['weights']}" for one in self.pipelines]
        if not self.complete:
            lines.append("Not complete. The same command goes on from here.")
        return "\n".join([*lines, self.output])
