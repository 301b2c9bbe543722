"""The pages of the docs, and their fenced blocks."""

import itertools
import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
PAGES = [
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "pipelines").rglob("README.md")),
    *sorted((ROOT / "contract" / "client_packages").rglob("README.md")),
]
ANSWERS = frozenset({"json", "http"})
"""Kinds of blocks that show what the command before them prints."""

_FENCED = re.compile(r"^```(\w*)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: where it stands, its kind (`json`), what else its first line says, and its text."""

    page: str
    line: int
    kind: str
    information: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line} ({self.kind or 'of no kind'})"


@dataclass(frozen=True, slots=True)
class Command:
    """A command of a console block, the lines that the block shows below it, and the blocks that show its answer."""

    block: Block
    text: str
    shown: str
    answers: tuple[Block, ...]


def blocks_of(page: Path) -> list[Block]:
    """Return the fenced blocks of a page, in their order."""
    text = page.read_text("utf-8")
    name = str(page.relative_to(ROOT))
    return [
        Block(name, text.count("\n", 0, found.start()) + 1, found[1], found[2].strip(), found[3])
        for found in _FENCED.finditer(text)
    ]


def commands_of(page: Path) -> list[Command]:
    """Return the commands of a page's console blocks, with what the page shows of their output."""
    blocks = blocks_of(page)
    found: list[Command] = []
    for number, block in enumerate(blocks):
        if block.kind != "console":
            continue
        answers = tuple(itertools.takewhile(lambda following: following.kind in ANSWERS, blocks[number + 1 :]))
        parts = re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]
        for place, part in enumerate(parts):
            lines = part.splitlines()
            end = 1
            while lines[end - 1].endswith("\\") or (end < len(lines) and lines[end].startswith("> ")):
                end += 1
            text = "\n".join(line.removeprefix("> ") for line in lines[:end])
            last = place == len(parts) - 1
            found.append(Command(block, text, "\n".join(lines[end:]), answers if last else ()))
    return found
