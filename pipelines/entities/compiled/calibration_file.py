"""Read and write files of calibrations: JSON with an entry for each model, named by the model's fingerprint.

An entry has `pipeline` (name and version, for people), `texts` and `predictions` that the curves were fitted on,
`error` (the expected calibration error on texts held out), `curves` by label, [a, b, c] each, and one curve for `other`
labels. One such file ships with Spanwise; one may lie in a pipeline's folder; others may be named.
"""

import json
import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from spanwise.pipelines.entities.compiled.confidence import BetaCalibration, Calibrations
from spanwise.pipelines.load_errors import CalibrationBroken, first_line
from spanwise.schemas import Calibrated

FILE_NAME = "spanwise-calibration.json"
"""The name of a file of calibrations in a pipeline's own folder."""

SHIPPED = Path(__file__).parent / "calibrations.json"

_DIGITS = 4


@dataclass(frozen=True, slots=True)
class KnownCalibrations:
    """The calibrations in some files, by the fingerprints of the models that they were fitted on."""

    by_fingerprint: Mapping[str, Calibrations]
    own_file: Path | None = None
    """The file in the pipeline's folder, if there is one."""

    def of(self, fingerprint: str) -> Calibrations:
        """Return the calibrations that were fitted on this very model, or else ones that give no confidence."""
        return replace(self.by_fingerprint.get(fingerprint, Calibrations()), fingerprint=fingerprint)

    def ignored(self, used: Calibrations | None) -> Path | None:
        """Return the file in the pipeline's folder if it was fitted on other weights than those in `used`."""
        return self.own_file if used is None or used.evidence is None else None


def known_calibrations(folder: Path | None = None, named: Sequence[Path] = ()) -> KnownCalibrations:
    """Read the shipped file, that of a pipeline's folder, and the `named` ones; a later one goes before an earlier one.

    Raises `CalibrationBroken` for a named file that is not there, and for a file that cannot be understood.
    """
    own = folder / FILE_NAME if folder and (folder / FILE_NAME).is_file() else None
    found = _read(SHIPPED, None)
    for path in ([own] if own else []) + list(named):
        found |= _read(path, path)
    return KnownCalibrations(found, own)


def entry_of(
    pipeline: str,
    evidence: Calibrated,
    predictions: int,
    curves: Mapping[str, BetaCalibration],
    other: BetaCalibration,
) -> dict[str, Any]:
    """Return the entry of one model, as the file holds it."""
    return {
        "pipeline": pipeline,
        "texts": evidence["texts"],
        "predictions": predictions,
        "error": round(evidence["error"], _DIGITS),
        "curves": {label: _parameters(curve) for label, curve in sorted(curves.items())},
        "other": _parameters(other),
    }


def write_entry(path: Path, fingerprint: str, entry: Mapping[str, Any]) -> None:
    """Put an entry into a file, beside those of other models. Raises `OSError`, and `CalibrationBroken` for the file.

    The file is replaced as a whole, so that a service that starts at the same time reads the old one or the new one.
    """
    known = _parse(path) if path.exists() else {}
    known[fingerprint] = dict(entry)
    text = re.sub(r"\[[^]\[]*]", lambda numbers: " ".join(numbers[0].split()), json.dumps(known, indent=2))
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text.replace("[ ", "[").replace(" ]", "]") + "\n")
        Path(temporary).chmod(0o644)  # mkstemp lets only its own user read, and the service may run as another
        Path(temporary).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(temporary).unlink()
        raise


def _parameters(curve: BetaCalibration) -> list[float]:
    return [round(value, _DIGITS) for value in (curve.a, curve.b, curve.c)]


def _read(path: Path, file: Path | None) -> dict[str, Calibrations]:
    """Return the calibrations in a file; `file` is what they say of where they come from."""
    try:
        return {
            fingerprint: Calibrations(
                {label: BetaCalibration(*map(float, curve)) for label, curve in entry["curves"].items()},
                BetaCalibration(*map(float, entry["other"])),
                _evidence(entry),
                file=file,
            )
            for fingerprint, entry in _parse(path).items()
        }
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise CalibrationBroken(f"The file of calibrations {path} cannot be understood: {first_line(error)}.") from None


def _evidence(entry: Mapping[str, Any]) -> Calibrated:
    texts, error = int(entry["texts"]), float(entry["error"])
    if texts < 0 or not 0 <= error <= 1:
        raise ValueError("its texts or error are out of range")
    return Calibrated(texts=texts, error=error)


def _parse(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CalibrationBroken(f"The file of calibrations {path} cannot be read: {error.strerror}.") from None
    except ValueError as error:
        raise CalibrationBroken(f"The file of calibrations {path} is not JSON: {first_line(error)}.") from None
    if not isinstance(content, dict):
        raise CalibrationBroken(f"The file of calibrations {path} has no object at its top.")
    return content
