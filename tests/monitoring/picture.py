"""Draw the dashboard's panels for the docs: `python -m tests.monitoring.picture FILE`, or `make dashboard-picture`.

It runs the service under traffic that comes and goes, with a Prometheus that scrapes it, asks each panel's queries over
that time, and draws the answers in the places that the dashboard gives the panels. Grafana itself is not needed.
"""

import math
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot as plt

from tests.monitoring.prometheus import Prometheus, dashboard, filled_in, running_prometheus
from tests.monitoring.traffic import SETTINGS, traffic
from tests.support.process import environment, service

_SECONDS = 150
_ROWS = ("At a glance", "Requests", "Queue and NLP threads", "Processes")
_INCHES_A_COLUMN, _INCHES_A_LINE = 0.72, 0.33
_UNITS = {"s": " s", "percentunit": " %", "bytes": " MB", "reqps": "/s"}
_FACTORS = {"percentunit": 100, "bytes": 1e-6}


def main() -> None:
    """Run everything and write the picture to the file that the command line names."""
    settings = environment(**{**SETTINGS, "rate_limit_per_minute": "2000"})
    with (
        TemporaryDirectory() as folder,
        service(settings) as process,
        running_prometheus(Path(folder), process.url.removeprefix("http://")) as prometheus,
    ):
        ends = time.monotonic() + _SECONDS
        callers = 1
        while time.monotonic() < ends:
            with traffic(process.url, callers, 0.3):
                time.sleep(_SECONDS / 6)
            callers = 1 + callers % 4
        _draw(prometheus, Path(sys.argv[1]))


def _draw(prometheus: Prometheus, file: Path) -> None:
    mpl.rcParams.update({"font.size": 7, "axes.spines.top": False, "axes.spines.right": False, "axes.titlesize": 8})
    panels = _chosen()
    lines = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in panels)
    figure = plt.figure(figsize=(24 * _INCHES_A_COLUMN, lines * _INCHES_A_LINE))
    for panel in panels:
        place = panel["gridPos"]
        left, bottom = place["x"] / 24, 1 - (place["y"] + place["h"]) / lines
        width, height = place["w"] / 24, place["h"] / lines
        if panel["type"] == "row":
            figure.text(left + 0.005, bottom + height / 4, panel["title"], fontsize=11, fontweight="bold")
        elif panel["type"] == "stat":
            _stat(figure, prometheus, panel, left + width / 2, bottom + height / 3)
        else:
            box = (left + 0.028, bottom + 0.3 * height, width - 0.036, 0.56 * height)
            _graph(figure.add_axes(box), prometheus, panel)
    figure.savefig(file, dpi=64, pil_kwargs={"optimize": True})


def _chosen() -> list[dict[str, Any]]:
    """Return the panels of the rows that are drawn, moved up to where there are no others, tables left out."""
    chosen: list[dict[str, Any]] = []
    is_wanted, removed = False, 0
    top = 0
    for panel in dashboard()["panels"]:
        place = panel["gridPos"]
        if panel["type"] == "row":
            end = max((one["gridPos"]["y"] + one["gridPos"]["h"] for one in chosen), default=0)
            is_wanted, removed, top = panel["title"] in _ROWS, place["y"] - end, end
        if is_wanted and panel["type"] != "table":
            chosen.append({**panel, "gridPos": {**place, "y": max(top, place["y"] - removed)}})
    return chosen


def _stat(figure: Any, prometheus: Prometheus, panel: dict[str, Any], x: float, y: float) -> None:
    (value,) = prometheus.query(filled_in(panel["targets"][0]["expr"]))
    unit = panel["fieldConfig"]["defaults"]["unit"]
    shown = f"{value * _FACTORS.get(unit, 1):.3g}{_UNITS.get(unit, '')}"
    figure.text(x, y, shown, ha="center", fontsize=20, color="tab:green")
    figure.text(x, y + 0.022, panel["title"], ha="center", fontsize=8)


def _graph(axes: Any, prometheus: Prometheus, panel: dict[str, Any]) -> None:
    unit = panel["fieldConfig"]["defaults"]["unit"]
    drawn = 0
    for target in panel["targets"]:
        for series in prometheus.series(filled_in(target["expr"]), _SECONDS):
            points = [(float(at), float(value) * _FACTORS.get(unit, 1)) for at, value in series["values"]]
            points = [point for point in points if not math.isnan(point[1])]
            if points and "limit" not in target["legendFormat"]:  # a limit far above would flatten the rest
                first = points[0][0]
                legend = _legend(target["legendFormat"], series["metric"])
                axes.plot([at - first for at, _ in points], [value for _, value in points], linewidth=1, label=legend)
                drawn += 1
    axes.set_title(f"{panel['title']}{_UNITS.get(unit, '') and f' ({_UNITS[unit].strip()})'}", loc="left")
    axes.set_ylim(bottom=0)
    axes.margins(x=0)
    axes.grid(alpha=0.3, linewidth=0.4)
    if drawn:
        axes.legend(fontsize=5.5, ncols=3, frameon=False, loc="upper left", bbox_to_anchor=(-0.02, -0.12))


def _legend(form: str, labels: dict[str, str]) -> str:
    for name, value in labels.items():
        form = form.replace(f"{{{{{name}}}}}", value)
    return form or "value"


if __name__ == "__main__":
    main()
