"""The bill of materials: what is in it, and that scanners can read it."""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCK = (ROOT / "requirements" / "otel.txt").read_text("utf-8")


def written(path: Path, **variables: str) -> str:
    """Write the document with these environment variables, and return it."""
    program = [sys.executable, str(ROOT / "deploy" / "sbom.py"), str(path)]
    subprocess.run(program, env={**os.environ, **variables}, check=True, timeout=120)
    return path.read_text("utf-8")


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the document as it is written."""
    return written(tmp_path_factory.mktemp("sbom") / "new" / "sbom.cdx.json")


@pytest.fixture(scope="module")
def bill(text: str) -> Any:
    """Return the document."""
    return json.loads(text)


def test_it_is_valid_cyclonedx(text: str) -> None:
    """The schema of CycloneDX 1.6, as its own library ships it, finds nothing wrong; it does in a damaged document."""
    validator = JsonStrictValidator(SchemaVersion.V1_6)
    assert validator.validate_str(text) is None
    assert validator.validate_str(text.replace('"type": "library"', '"type": "libary"', 1)) is not None


def test_it_lists_what_the_lock_installs_and_nothing_else(bill: Any) -> None:
    """Every pinned package of this platform is there with its version, as a package URL; no tool of development is."""
    pinned = {}
    for line in re.findall(r"^([a-z0-9][^\n]*?) \\$", LOCK, re.MULTILINE):
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate():
            (version,) = requirement.specifier
            pinned[canonicalize_name(requirement.name)] = version.version
    listed = {canonicalize_name(part["name"]): part["version"] for part in bill["components"]}
    assert listed == pinned
    assert len(listed) > 40
    assert listed.keys().isdisjoint({"pytest", "ruff", "cyclonedx-bom"})
    for part in bill["components"]:
        assert part["purl"].startswith("pkg:pypi/")
        assert part["purl"].endswith("@" + part["version"])


def test_every_package_has_its_licence_and_the_digests_of_the_lock(bill: Any) -> None:
    """A digest of the document is one that pip checks when it installs."""
    for part in bill["components"]:
        assert part["licenses"], part["name"]
        digests = [digest for file in part["externalReferences"] for digest in file.get("hashes", ())]
        assert digests, part["name"]
        for digest in digests:
            assert digest["alg"] == "SHA-256"
            assert f"sha256:{digest['content']}" in LOCK


def test_it_says_what_depends_on_what(bill: Any) -> None:
    """The service depends on what pyproject.toml names, the image's extra included; the rest is there for these."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    service = bill["metadata"]["component"]
    assert (service["name"], service["version"]) == (project["name"], project["version"])
    graph = {node["ref"]: set(node.get("dependsOn", ())) for node in bill["dependencies"]}
    names = {part["bom-ref"]: canonicalize_name(part["name"]) for part in bill["components"]}
    direct = {names[ref] for ref in graph[service["bom-ref"]]}
    named = [*project["dependencies"], *project["optional-dependencies"]["otel"]]
    assert direct == {canonicalize_name(Requirement(line).name) for line in named}
    reached: set[str] = set()
    left = [service["bom-ref"]]
    while left:
        for ref in graph[left.pop()] - reached:
            reached.add(ref)
            left.append(ref)
    assert reached == names.keys()


def test_it_is_reproducible(text: str, tmp_path: Path) -> None:
    """Written again it is the same, but for a given time stamp. No path of this machine is in it."""
    again = json.loads(written(tmp_path / "dated.json", SOURCE_DATE_EPOCH="1767225600"))
    assert again["metadata"].pop("timestamp").startswith("2026-01-01")
    assert again == json.loads(text)
    assert str(ROOT) not in text
    assert "file://" not in text


def test_a_different_environment_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The document is not written when the environment has another version than the lock."""
    monkeypatch.syspath_prepend(str(ROOT / "deploy"))
    import sbom  # noqa: PLC0415 - a program, not a package

    monkeypatch.setattr(sbom, "pinned_here", lambda: {"fastapi": "0.0.1", "no-such-package": "1"})
    with pytest.raises(sbom.LockDiffers, match="fastapi, no-such-package"):
        sbom.bill_of_materials()
