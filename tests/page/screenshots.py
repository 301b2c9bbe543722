"""Take the pictures of the page that the docs show: `python -m tests.page.screenshots FOLDER`."""

import sys
import tempfile
from pathlib import Path

from tests.contract.tools import program
from tests.page.visit import Visit
from tests.support.browser import browser
from tests.support.process import environment, service

PICTURES = {"page.png": "light", "page-dark.png": "dark"}
"""The pictures, and the scheme of each."""

_WIDTH, _HEIGHT = 1200, 780


def take(folder: Path) -> None:
    """Start a service, open its page, and write the pictures into a folder."""
    with (
        service(environment()) as running,
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile,
        browser(program("chromium"), Path(profile)) as page,
    ):
        for name, scheme in PICTURES.items():
            visit = Visit(page, f"{running.url}/")
            visit.look(width=_WIDTH, height=_HEIGHT, scheme=scheme)
            page.call("Emulation.setScrollbarsHidden", hidden=True)
            visit.open()
            page.click("#analyse")  # once more, so that the times are those of a service that is warm
            visit.wait()
            (folder / name).write_bytes(visit.picture())
            sys.stdout.write(f"{folder / name}\n")


if __name__ == "__main__":
    take(Path(sys.argv[1]))
