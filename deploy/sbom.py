"""Write the software bill of materials of the service as CycloneDX: `python deploy/sbom.py FILE`, or `make sbom`.

It lists what `requirements/otel.txt` installs on this platform, as the image does: the service with its extra, and
nothing that only development needs. The lock gives versions and the digests that pip checks; the environment that this
program runs in gives licences and says what depends on what. `cyclonedx-py` reads both. The same inputs give the same
bytes, with a time stamp only where SOURCE_DATE_EPOCH gives one.
"""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

_ROOT = Path(__file__).parent.parent
_LOCK = _ROOT / "requirements" / "otel.txt"
_PINNED = re.compile(r"^[A-Za-z0-9].*?(?= \\$)", re.MULTILINE)

_LICENCES = {"protobuf": [{"license": {"id": "BSD-3-Clause"}}]}
"""Licences of packages whose metadata says them in words that no list has."""


class LockDiffers(Exception):
    """The environment does not have what the lock says; the message names the packages."""


def bill_of_materials() -> dict[str, Any]:
    """Return the document. Raises `LockDiffers`."""
    locked = {canonicalize_name(part["name"]): part for part in _cyclonedx("requirements", str(_LOCK))["components"]}
    bill = _cyclonedx("environment", sys.executable)
    wanted = pinned_here()
    components = [part for part in bill["components"] if canonicalize_name(part["name"]) in wanted]
    found = {canonicalize_name(part["name"]): part["version"] for part in components}
    if differing := sorted(name for name, version in wanted.items() if found.get(name) != version):
        raise LockDiffers(f"Not installed as requirements/otel.txt has them: {', '.join(differing)}. Run make install.")
    for part in components:
        files = locked[canonicalize_name(part["name"])]["externalReferences"]
        part.setdefault("licenses", _LICENCES.get(part["name"], []))
        part["externalReferences"] = [*part.get("externalReferences", ()), *files]
    bill["components"] = components
    names = {part["bom-ref"]: canonicalize_name(part["name"]) for part in components}
    service = bill["metadata"]["component"]["bom-ref"]
    direct = _needed_by_the_service()
    needed = {service: {ref for ref, name in names.items() if name in direct}}
    bill["dependencies"] = [
        {**node, "dependsOn": [ref for ref in node["dependsOn"] if ref in needed.get(node["ref"], names)]}
        if "dependsOn" in node
        else node
        for node in bill["dependencies"]
        if node["ref"] in names or node["ref"] == service
    ]
    return bill


def _needed_by_the_service() -> set[NormalizedName]:
    """Return what the service itself depends on, with its extra, and without what other extras would need."""
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    lines = [*project["dependencies"], *project["optional-dependencies"]["otel"]]
    return {canonicalize_name(Requirement(line).name) for line in lines}


def pinned_here() -> dict[NormalizedName, str]:
    """Return what the lock installs on this platform and Python: versions by normalized name."""
    requirements = (Requirement(line) for line in _PINNED.findall(_LOCK.read_text("utf-8")))
    return {
        canonicalize_name(one.name): str(one.specifier).removeprefix("==")
        for one in requirements
        if one.marker is None or one.marker.evaluate()
    }


def _cyclonedx(kind: str, source: str) -> dict[str, Any]:
    """Return what `cyclonedx-py` says of a lock or an environment."""
    program = Path(sys.executable).with_name("cyclonedx-py")
    options = ["--pyproject", str(_ROOT / "pyproject.toml"), "--mc-type", "application", "--output-reproducible"]
    done = subprocess.run(  # noqa: S603 - the arguments are ours
        [program, kind, *options, "--spec-version", "1.6", "--output-format", "JSON", source],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},  # it complains that a lock does not say what depends on what
        check=True,
    )
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def main() -> None:
    """Write the file that is named, after checking it against CycloneDX's own schema."""
    (path,) = map(Path, sys.argv[1:])
    try:
        text = json.dumps(bill_of_materials(), indent=2, sort_keys=True) + "\n"
    except LockDiffers as error:
        sys.exit(f"sbom: {error}")
    if wrong := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text):
        sys.exit(f"sbom: the document breaks CycloneDX's schema: {wrong}")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
