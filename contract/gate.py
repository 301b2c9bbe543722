"""`python -m contract.gate [FILE]`: fail if `openapi.json` breaks callers of the last release, or of a given file."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from contract.breaking import breaks

ROOT = Path(__file__).parent.parent


def released(root: Path) -> tuple[str, dict[str, Any]] | None:
    """Return the name and document of the last tagged release with a document, or None if there is none."""
    tags = _git(root, "tag", "--merged", "HEAD", "--sort=-version:refname", "--list", "v[0-9]*")
    for tag in tags.split():
        try:
            return tag, json.loads(_git(root, "show", f"{tag}:openapi.json"))
        except subprocess.CalledProcessError:
            continue
    return None


def _git(root: Path, *arguments: str) -> str:
    return subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True, check=True).stdout


def main(arguments: list[str], root: Path = ROOT) -> int:
    """Print every breaking change, and return the exit code: 1 if there is one."""
    new = json.loads((root / "openapi.json").read_text("utf-8"))
    if arguments:
        name, old = arguments[0], json.loads(Path(arguments[0]).read_text("utf-8"))
    elif found := released(root):
        name, old = found
    else:
        print("contract: no release has an openapi.json yet, so there is nothing to compare with")
        return 0
    broken = breaks(old, new)
    for line in broken:
        print(f"contract: {line}")
    print(f"contract: compared with {name}, {len(broken) or 'no'} breaking change{'' if len(broken) == 1 else 's'}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
