"""What a report's page is made of: sections with plots and tables, as the template writes them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from spanwise.bulk.report.text_examples import Example


@dataclass(frozen=True)
class Column:
    """A column of a table; numbers stand to the right."""

    name: str
    number: bool = False


@dataclass(frozen=True)
class Table:
    """A table with its caption."""

    caption: str
    columns: tuple[Column, ...]
    rows: Sequence[tuple[str, ...]]


@dataclass(frozen=True)
class Plot:
    """A drawing, and the same numbers as a table."""

    svg: str
    table: Table
    heading: str = ""


@dataclass(frozen=True)
class Fact:
    """A number at the head of the page, with its unit or what belongs to it."""

    name: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class ShownExample:
    """A text and what is said below it."""

    text: str
    characters: int
    told: str

    @classmethod
    def of(cls, example: Example) -> "ShownExample":
        """Say which row it is, how long it is and how sure the sentiment."""
        named = f"{example.name} · " if example.name else ""
        cut = f"the first {len(example.text):,} of {example.characters:,} characters · "
        return cls(
            example.text,
            example.characters,
            f"{named}{cut if example.characters > len(example.text) else ''}score {example.score:.2f}",
        )


@dataclass(frozen=True)
class ExampleGroup:
    """The texts of one sentiment."""

    label: str
    texts: list[ShownExample]


@dataclass
class Section:
    """A section of the page."""

    anchor: str
    heading: str
    paragraphs: list[str] = field(default_factory=list)
    plots: list[Plot] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    examples: list[ExampleGroup] = field(default_factory=list)


def number(value: int) -> str:
    """Return a count with its thousands separated."""
    return f"{value:,}"


def share(part: int, whole: int) -> str:
    """Return a share in per cent, and never 0 % of something or 100 % of less than all."""
    if not whole:
        return "–"
    if 0 < part < whole:
        return f"{min(max(100 * part / whole, 0.1), 99.9):.1f} %"
    return f"{100 * part / whole:.0f} %"


def count_table(caption: str, name: str, unit: str, counts: Iterable[tuple[str, int]], whole: int) -> Table:
    """Return a table of names with their counts and shares of the whole."""
    columns = (Column(name), Column(unit, number=True), Column("share", number=True))
    return Table(caption, columns, [(one, number(times), share(times, whole)) for one, times in counts])


def sentiment_table(
    caption: str, first: str, rows: Iterable[tuple[str, Mapping[str, int]]], labels: Iterable[str]
) -> Table:
    """Return a table of names with how often each has which sentiment."""
    labels = tuple(labels)
    columns = (Column(first), *(Column(label, number=True) for label in labels), Column("all", number=True))
    made = [
        (name, *(number(counts.get(label, 0)) for label in labels), number(sum(counts.values())))
        for name, counts in rows
    ]
    return Table(caption, columns, made)
