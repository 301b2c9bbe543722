"""Do units of work: read the rows, analyse them in threads, write the part. Knows nothing of Ray."""

import os
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from spanwise.bulk.arrow import in_threads
from spanwise.bulk.job_identity import JobSpec
from spanwise.bulk.output_folder import OutputFolder, PartDone
from spanwise.bulk.part_writers import PartWriter, open_part
from spanwise.bulk.row_analysis import RowAnalysis
from spanwise.bulk.row_errors import RowError
from spanwise.bulk.unit_rows import Rows, UnitReader
from spanwise.bulk.units import Unit


class _Counted(NamedTuple):
    """What one slice of rows has come to."""

    encoded: Any
    rows: int
    characters: int
    errors: Mapping[str, int]


class UnitWorker:
    """Does the units of one job, one after the other; its threads share one copy of the pipelines."""

    def __init__(self, spec: JobSpec, threads: int) -> None:
        """Load the pipelines. Raises `PipelineError`, and `ValueError` for options that fit none of them."""
        self._spec, self._threads = spec, threads
        self._analysis = RowAnalysis(spec.options, spec.source.registry())
        self._folder = OutputFolder(spec.output, spec.output_format)
        self._reader: UnitReader | None = None

    def pipelines(self) -> list[dict[str, Any]]:
        """Return what the output depends on of the pipelines, and what the summary says of them."""
        return [
            {
                "name": one.name,
                "version": one.version,
                "language": one.language,
                "engine": one.engine_name,
                "weights": one.weights,
                "calibration": None if one.calibrated is None else dict(one.calibrated),
                "sentiment": one.sentiment_model is not None,
            }
            for one in self._analysis.registry
        ]

    def run(self, unit: Unit, name: str, unit_bytes: int) -> PartDone:
        """Do a unit and publish its part under a name. Raises `OSError` and `InputMismatch`.

        A unit is given out again when its worker died, which may have been after its part was published: such a part
        stays as it is.
        """
        if (finished := self._folder.finished(name)) is not None:
            return finished
        if self._reader is None:
            self._reader = UnitReader(self._spec.options, unit_bytes)
        with tempfile.TemporaryDirectory(prefix="spanwise-") as folder:
            aside = self._folder.aside(Path(folder), f"{name}.{os.getpid()}")
            slices = self._reader.rows(unit)
            first = next(slices)
            types = [column.type for column in first.kept]
            writer = open_part(self._spec.output_format, aside, self._spec.options, types)
            rows = characters = 0
            errors: Counter[str] = Counter()
            work = partial(self._do, writer)
            for done in in_threads(work, chain([first], slices), self._threads):
                writer.write(done.encoded)
                rows, characters = rows + done.rows, characters + done.characters
                errors.update(done.errors)
            writer.close()
            known = PartDone(rows, characters, dict(errors), self._reader.next_start)
            self._folder.publish(name, aside, known)
        return known

    def sample(self, unit: Unit, unit_bytes: int) -> tuple[int, float, float]:
        """Analyse the first slice of a unit and write nothing.

        Return its rows, the seconds that its analysis took, and which part of the unit's characters it has.
        """
        slices = UnitReader(self._spec.options, unit_bytes).rows(unit)
        first = next(slices)
        began = time.perf_counter()
        rows = len(self._analysis.outcomes(first.texts, first.languages))
        seconds = time.perf_counter() - began
        own = _characters(first)
        return rows, seconds, own / max(1, own + sum(map(_characters, slices)))

    def _do(self, writer: PartWriter, slice_: Rows) -> _Counted:
        outcomes = self._analysis.outcomes(slice_.texts, slice_.languages)
        errors = Counter(outcome.code for outcome in outcomes if isinstance(outcome, RowError))
        return _Counted(writer.encode(slice_, outcomes), len(outcomes), _characters(slice_), errors)


def _characters(slice_: Rows) -> int:
    return sum(len(text) for text in slice_.texts if isinstance(text, str))
