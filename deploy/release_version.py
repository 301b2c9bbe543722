"""Fail unless everything that a release publishes has one version: `python deploy/release_version.py VERSION`.

It needs the standard library alone: the release workflow runs it before anything is installed.
"""

import json
import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent


def versions(root: Path) -> dict[str, str]:
    """Return the version in each file that has one."""
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    contract = json.loads((root / "openapi.json").read_text("utf-8"))["info"]["version"]
    heading = re.search(r"^## \[(\d.*?)\]", (root / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    found = {"pyproject.toml": project, "openapi.json": contract, "CHANGELOG.md": heading[1] if heading else "none"}
    chart = root / "deploy" / "helm" / "spanwise" / "Chart.yaml"
    if chart.exists():
        for name in ("version", "appVersion"):
            line = re.search(rf'^{name}: "?([^"\s]+)', chart.read_text("utf-8"), re.MULTILINE)
            found[f"Chart.yaml, {name}"] = line[1] if line else "none"
    return found


def main(wanted: str, root: Path = ROOT) -> int:
    """Name every file that has another version than is wanted, and return the exit code."""
    differing = {name: version for name, version in versions(root).items() if version != wanted}
    for name, version in differing.items():
        print(f"release: {name} says {version}, not {wanted}", file=sys.stderr)
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
