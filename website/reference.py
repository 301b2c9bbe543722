"""`python -m website.reference`: write the pages of docs/reference that are made from the program itself."""

import json
from pathlib import Path

from website import command_line, endpoints

ROOT = Path(__file__).parent.parent


def pages() -> dict[Path, str]:
    """Return each page with its path."""
    document = json.loads((ROOT / "openapi.json").read_text("utf-8"))
    folder = ROOT / "docs" / "reference"
    return {folder / "endpoints.md": endpoints.page(document), folder / "command-line.md": command_line.page()}


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text, "utf-8")
