"""What a job would take: its units, and the time by a sample of its own first texts, analysed here and now."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from spanwise.bulk.input_files import InputFile
from spanwise.bulk.job_identity import JobSpec
from spanwise.bulk.unit_worker import UnitWorker
from spanwise.bulk.units import UNKNOWN, Unit, plan, unit_bytes

_PACKED_SAMPLE_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a dry run finds out."""

    files: int
    input_bytes: int
    units: int
    open_ended: bool
    """Whether there are compressed files, whose number of units shows while they are read."""
    sample_rows: int
    texts_per_second: float
    """Of one thread on the sample."""
    workers: int
    seconds: float
    """By the sample's share of the bytes, for all workers together."""

    def as_text(self) -> str:
        """Return the estimate for people."""
        at_least = "at least " if self.open_ended else ""
        return "\n".join(
            [
                f"{self.files:,} files, {self.input_bytes:,} bytes, {at_least}{self.units:,} units of work",
                f"a sample of {self.sample_rows:,} rows: {self.texts_per_second:,.0f} texts/s in one thread",
                f"about {self.seconds / 60:,.1f} minutes with {self.workers} workers",
            ]
        )


def estimate(spec: JobSpec, files: Sequence[InputFile], workers: int) -> Estimate:
    """Plan the job and analyse its first rows. Raises `PipelineError`, `ValueError` and `OSError`."""
    size = unit_bytes(list(files))
    units = list(plan(list(files), size, spec.options, spec.limit))
    worker = UnitWorker(spec, 1)
    rows, seconds, whole = 0, 0.0, 0.0
    if units:
        rows, seconds, part = worker.sample(units[0], size)
        sampled = part * _bytes_of(units[0], size)
        whole = seconds * sum(unit.size for unit in units) / sampled / workers if sampled else 0.0
    return Estimate(
        len(files),
        sum(one.size for one in files),
        len(units),
        any(unit.end == UNKNOWN for unit in units),
        rows,
        rows / seconds if seconds else 0.0,
        workers,
        whole,
    )


def _bytes_of(unit: Unit, size: int) -> float:
    """Return the bytes of a unit in its file; of a compressed one by how far its beginning can be unpacked."""
    if unit.end != UNKNOWN:
        return unit.size
    place = unit.file.place
    with place.system.open_input_stream(place.path, compression=None) as packed:
        sample = packed.read(_PACKED_SAMPLE_BYTES)
    unpacked = 0
    try:
        with pa.CompressedInputStream(pa.BufferReader(sample), unit.file.codec) as stream:
            while block := stream.read(_PACKED_SAMPLE_BYTES):
                unpacked += len(block)
    except OSError:
        pass  # the sample ends in the middle of the file
    return min(unit.file.size, size * len(sample) / max(1, unpacked))
