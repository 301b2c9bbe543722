"""`make docs`: build the site from docs/ into build/site/html, and check every link of it.

The pages are plain Markdown that is read in the repository too, where a link may lead to any file. So the generator
gets a copy of them. Pages that lie elsewhere are copied under repository/. Where a link leads to another file, the copy
has the file's address in the repository if SOURCE names one (SOURCE=https://…/blob/main), else its path in place of a
link. Nothing is fetched. A link, an anchor or a picture that leads nowhere ends the command with exit code 1, and so
does a page that the navigation lacks.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from website.links import dead_links

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
_CONFIGURATION = Path(__file__).parent / "zensical.toml"
_LINK = re.compile(r"(?<!!)\[([^\]]*)\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^(```.*?^```$)", re.MULTILINE | re.DOTALL)


def place_of(page: Path) -> Path:
    """Return where in the site's source a page of the repository lies."""
    return page.relative_to(DOCS) if page.is_relative_to(DOCS) else Path("repository") / page.relative_to(ROOT)


def page_at(target: Path) -> Path | None:
    """Return the Markdown page that a link to a file or a folder shows, or None."""
    if target.is_dir():
        target /= "README.md"
    return target if target.suffix == ".md" and target.is_file() else None


def with_links_of_the_site(text: str, page: Path, source: str) -> tuple[str, set[Path]]:
    """Return a page's text with links that work in the site, and the pages that these lead to."""
    found: set[Path] = set()

    def mend(match: re.Match[str]) -> str:
        label, target = match.groups()
        if "://" in target or target.startswith("#"):
            return match[0]
        path, mark, anchor = target.partition("#")
        linked = (page.parent / path).resolve()
        if shown := page_at(linked):
            found.add(shown)
            return f"[{label}]({os.path.relpath(place_of(shown), place_of(page).parent)}{mark}{anchor})"
        if linked.is_relative_to(DOCS) and linked.is_file():
            return match[0]
        within = linked.relative_to(ROOT)
        if source:
            return f"[{label}]({source.rstrip('/')}/{within})"
        return label if str(within) in label else f"{label} (`{within}`)"

    parts = _FENCE.split(text)
    return "".join(_titled(part) if part.startswith("```") else _LINK.sub(mend, part) for part in parts), found


def _titled(block: str) -> str:
    """Return a fenced block whose first line says its file as the generator wants that."""
    return re.sub(r"\A```(\w+) (\S+)$", r'```\1 title="\2"', block, flags=re.MULTILINE)


def prepare(folder: Path, source: str) -> list[Path]:
    """Copy pages and pictures into a folder, and return the pages' places."""
    shutil.rmtree(folder, ignore_errors=True)
    waiting = [*sorted(DOCS.rglob("*.md")), ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]
    done: set[Path] = set()
    while waiting:
        page = waiting.pop(0)
        if page in done:
            continue
        done.add(page)
        text, found = with_links_of_the_site(page.read_text("utf-8"), page, source)
        place = folder / place_of(page)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, "utf-8")
        waiting += sorted(found - done)
    for picture in DOCS.rglob("*"):
        if picture.suffix in {".svg", ".png"}:
            place = folder / picture.relative_to(DOCS)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(picture, place)
    return sorted(place_of(page) for page in done)


def configuration(source: Path) -> str:
    """Return the configuration, each pattern of the navigation as the pages that it stands for."""

    def pages(match: re.Match[str]) -> str:
        found = sorted(source.glob(match[2]))
        return "".join(f'{match[1]}"{page.relative_to(source)}",\n' for page in found if page.name != "README.md")

    return re.sub(r'^( +)"(\S+\*\.md)",\n', pages, _CONFIGURATION.read_text("utf-8"), flags=re.MULTILINE)


def unlisted(pages: list[Path], configured: str) -> list[str]:
    """Return the pages that the navigation lacks."""
    missing = [page for page in pages if f'"{page}"' not in configured]
    return [f"{page} is in no part of the navigation (website/zensical.toml)" for page in missing]


def build(folder: Path, source: str) -> list[str]:
    """Build the site into a folder, and return what is wrong with it. The generator prints what it finds by itself."""
    pages = prepare(folder / "source", source)
    configured = configuration(folder / "source")
    (folder / "zensical.toml").write_text(configured, "utf-8")
    shutil.rmtree(folder / "html", ignore_errors=True)
    program = Path(sys.executable).parent / "zensical"
    done = subprocess.run(
        [program, "build", "--clean", "--strict", "--config-file", folder / "zensical.toml"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        return [line for line in done.stdout.splitlines() if "Traceback" not in line and "File " not in line]
    return [*unlisted(pages, configured), *dead_links(folder / "html")]


def main() -> None:
    """Build the site, and say what is wrong."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build" / "site").resolve()
    wrong = build(folder, os.environ.get("SOURCE", ""))
    if wrong:
        sys.exit("\n".join(["docs: the site is not whole:", *wrong]))
    print(f"docs: the site is in {folder / 'html'}; to read it: python3 -m http.server -d {folder / 'html'}")


if __name__ == "__main__":
    main()
