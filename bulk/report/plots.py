"""The report's plots, drawn by matplotlib as SVG that takes its colours and fonts from the page.

Letters stay letters, so that they can be found, copied and read aloud. Colours are drawn as stand-ins and then replaced
by the page's CSS variables, so that one drawing serves light and dark screens. Every plot has a title and a description
for those who do not see it, and stands beside a table with the same numbers.
"""

import re
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from html import escape
from io import StringIO
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

_STAND_INS = {
    "#010203": "var(--ink)",
    "#010204": "var(--quiet)",
    "#010205": "var(--line)",
    "#010206": "var(--bar)",
    "#010207": "var(--negative)",
    "#010208": "var(--neutral)",
    "#010209": "var(--positive)",
    "#01020a": "var(--mixed)",
}
_INK, _QUIET, _LINE, _BAR, *_SENTIMENTS = _STAND_INS
SENTIMENT_COLOURS = dict(zip(("negative", "neutral", "positive", "mixed"), _SENTIMENTS, strict=True))
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "spanwise",  # ids inside the drawing are the same every time
    "text.parse_math": False,  # a dollar sign in an entity is a dollar sign
    "font.size": 10,
    "text.color": _INK,
    "axes.labelcolor": _QUIET,
    "axes.edgecolor": _LINE,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.axisbelow": True,
    "grid.color": _LINE,
    "xtick.color": _LINE,
    "xtick.labelcolor": _QUIET,
    "ytick.color": _LINE,
    "ytick.labelcolor": _INK,
    "ytick.left": False,
}
_WIDTH = 7.6
"""Inches; the page scales the drawing to its column."""
_LONGEST_NAME = 34

Counts = Sequence[tuple[str, int]]


def bars(title: str, counts: Counts, unit: str) -> str:
    """Draw a horizontal bar for each name, the first on top, with its count behind it."""
    with _drawing(0.34 * len(counts) + 0.7) as (figure, axes):
        names, values = [_short(name) for name, _ in counts], [value for _, value in counts]
        drawn = axes.barh(range(len(values)), values, color=_colours(counts), height=0.72)
        axes.bar_label(drawn, [f"{value:,}" for value in values], padding=4, color=_QUIET)
        _rows(axes, names)
        _count_axis(axes, unit)
        axes.set_xlim(0, max(values) * 1.12)
        return _svg(figure, title, ", ".join(f"{name}: {value:,}" for name, value in counts))


def shares(title: str, rows: Sequence[tuple[str, Mapping[str, int]]]) -> str:
    """Draw a bar for each name, cut into the shares of its sentiments: negative left of zero, positive right of it.

    Neutral and mixed lie half on either side, so that the bar's place shows which way the balance tips.
    """
    with _drawing(0.34 * len(rows) + 1.0) as (figure, axes):
        order = _present(part for _, part in rows)
        parts = [{label: part.get(label, 0) / (sum(part.values()) or 1) for label in order} for _, part in rows]
        left = [-part.get("negative", 0) - (part.get("mixed", 0) + part.get("neutral", 0)) / 2 for part in parts]
        reach = max(0.25, -min(left), *(sum(part.values()) + start for start, part in zip(left, parts, strict=True)))
        for label in order:
            widths = [part[label] for part in parts]
            axes.barh(range(len(rows)), widths, left=left, color=SENTIMENT_COLOURS[label], height=0.72, label=label)
            left = [start + width for start, width in zip(left, widths, strict=True)]
        axes.axvline(0, color=_INK, linewidth=0.8)
        axes.set_xlim(-1.02 * reach, 1.02 * reach)
        axes.xaxis.set_major_formatter(FuncFormatter(_per_cent))
        axes.set_xlabel("share of mentions")
        _rows(axes, [_short(name) for name, _ in rows])
        _legend(axes)
        told = (
            f"{name}: " + ", ".join(f"{_per_cent(part[label])} {label}" for label in order if part[label])
            for (name, _), part in zip(rows, parts, strict=True)
        )
        return _svg(figure, title, "; ".join(told))


def over_time(title: str, periods: Sequence[tuple[str, Mapping[str, int]]], unit: str) -> str:
    """Draw the shares of the sentiments in each period, and below them how many documents each period has."""
    with _drawing(3.6, rows=(3, 1)) as (figure, axes, below):
        bottom = [0.0] * len(periods)
        places = range(len(periods))
        for label in _present(part for _, part in periods):
            heights = [part.get(label, 0) / (sum(part.values()) or 1) for _, part in periods]
            axes.bar(places, heights, bottom=bottom, color=SENTIMENT_COLOURS[label], width=0.86, label=label)
            bottom = [start + height for start, height in zip(bottom, heights, strict=True)]
        axes.set_ylim(0, 1)
        axes.yaxis.set_major_formatter(FuncFormatter(_per_cent))
        axes.set_ylabel("share")
        _legend(axes)
        below.bar(places, [sum(part.values()) for _, part in periods], color=_BAR, width=0.86)
        below.yaxis.set_major_locator(MaxNLocator(2, integer=True))
        below.yaxis.set_major_formatter(FuncFormatter(_count))
        below.set_ylabel(unit)
        every = max(1, -(-len(periods) // 8))
        below.set_xticks(list(places)[::every], [name for name, _ in periods][::every])
        axes.tick_params(bottom=False, labelbottom=False)
        figure.align_ylabels()
        first, last = periods[0][0], periods[-1][0]
        return _svg(figure, title, f"{len(periods)} periods from {first} to {last}; the table below has the numbers")


@contextmanager
def _drawing(height: float, rows: Sequence[int] = (1,)) -> Iterator[tuple[Any, ...]]:
    """Yield a figure of the page's style and its axes, one above the other. Nothing is global, as with pyplot."""
    with mpl.rc_context(_STYLE), warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", message=".*[Gg]lyph"
        )  # the reader's browser has the letters that our font lacks
        figure = Figure(figsize=(_WIDTH, height), layout="constrained")
        axes = figure.subplots(len(rows), sharex=True, squeeze=False, height_ratios=rows)[:, 0]
        yield (figure, *axes)


def _rows(axes: Axes, names: Sequence[str]) -> None:
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.spines["bottom"].set_visible(False)
    axes.grid(axis="x", linewidth=0.6)


def _count_axis(axes: Axes, unit: str) -> None:
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.xaxis.set_major_formatter(FuncFormatter(_count))
    axes.set_xlabel(unit)


def _legend(axes: Axes) -> None:
    """Name the colours above the drawing."""
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(0, 1),
        ncols=4,
        frameon=False,
        borderaxespad=0.2,
        handlelength=1,
        columnspacing=1.2,
    )


def _present(parts: Iterable[Mapping[str, int]]) -> list[str]:
    """Return the sentiments that occur, from the worst to the best."""
    there = {label for part in parts for label, times in part.items() if times}
    return [label for label in ("negative", "mixed", "neutral", "positive") if label in there]


def _per_cent(value: float, _: int | None = None) -> str:
    return f"{100 * abs(value):.0f} %"


def _count(value: float, _: int | None = None) -> str:
    return f"{value:,.0f}"


def _colours(counts: Counts) -> list[str]:
    return [SENTIMENT_COLOURS.get(name, _BAR) for name, _ in counts]


def _short(name: str) -> str:
    """Return a name that fits beside its bar, without line breaks and other control characters."""
    name = " ".join("".join(letter if letter.isprintable() else " " for letter in name).split())
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"


def _svg(figure: Figure, title: str, description: str) -> str:
    """Return the figure as an SVG element for an HTML page."""
    written = StringIO()
    figure.savefig(written, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    svg = written.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    for stand_in, colour in _STAND_INS.items():
        svg = svg.replace(f": {stand_in}", f": {colour}")
    svg = re.sub(r"(?<=style=\")([^\"]*)font-family: [^;\"]*", r"\1font-family: var(--font)", svg)
    plot = re.sub(r"\W+", "-", title.lower()).strip("-")
    links = r"(url\(|href=\")#([\w.-]+)"
    used = {found[2] for found in re.finditer(links, svg)}  # a page has many drawings, and each id once
    svg = re.sub(r' id="([\w.-]+)"', lambda found: f' id="{plot}-{found[1]}"' if found[1] in used else "", svg)
    svg = re.sub(links, rf"\1#{plot}-\2", svg)
    opening, drawn = svg.split(">", 1)
    opening = re.sub(r' (?:width|height)="[^"]*"', "", opening)
    told = f'<title id="{plot}-title">{escape(title)}</title><desc id="{plot}-desc">{escape(description)}</desc>'
    return f'{opening} role="img" aria-labelledby="{plot}-title {plot}-desc">{told}{drawn}'
