"""Write the Grafana dashboard: `python deploy/dashboard.py FILE`, or `make dashboard`.

The panels are a table in `deploy/dashboard_panels.py`: title, unit and queries. This program gives them the form and
the places that Grafana wants. `tests/monitoring` checks the form by Grafana's own types, and runs every query.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dashboard_panels import ROWS, Panel

_COLUMNS = 24  # of Grafana's grid
_HEIGHTS = {"stat": 4, "timeseries": 8, "table": 6}
_SOURCE = {"type": "prometheus", "uid": "${datasource}"}


def dashboard() -> dict[str, Any]:
    """Return the dashboard as Grafana imports it."""
    return {
        "uid": "spanwise",
        "title": "Spanwise",
        "description": "Requests, the queue, texts, API keys and processes of Spanwise.",
        "tags": ["spanwise"],
        "schemaVersion": 39,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"},
        "timezone": "browser",
        "annotations": {"list": []},
        "links": [],
        "templating": {"list": list(_variables())},
        "panels": list(_panels()),
    }


def _variables() -> Iterator[dict[str, Any]]:
    yield {
        "name": "datasource",
        "label": "Data source",
        "type": "datasource",
        "query": "prometheus",
        "hide": 0,
        "includeAll": False,
        "multi": False,
        "options": [],
        "refresh": 1,
        "regex": "",
        "skipUrlSync": False,
    }
    chosen = ""
    for name in ("namespace", "job", "instance"):
        query = f"label_values(spanwise_workers{{{chosen}}}, {name})"
        yield {
            "name": name,
            "label": name.capitalize(),
            "type": "query",
            "datasource": _SOURCE,
            "query": {"query": query, "refId": name},
            "allValue": ".*",
            "current": {"text": "All", "value": "$__all", "selected": True},
            "hide": 0,
            "includeAll": True,
            "multi": True,
            "options": [],
            "refresh": 2,
            "regex": "",
            "skipUrlSync": False,
            "sort": 1,
        }
        chosen = ", ".join(filter(None, (chosen, f'{name}=~"${name}"')))


def _panels() -> Iterator[dict[str, Any]]:
    number, top = 0, 0
    for title, panels in ROWS.items():
        number += 1
        place = {"x": 0, "y": top, "w": _COLUMNS, "h": 1}
        yield {"id": number, "type": "row", "title": title, "collapsed": False, "gridPos": place, "panels": []}
        top += 1
        left = height = 0
        for panel in panels:
            if left + panel.width > _COLUMNS:
                left, top = 0, top + height
            number += 1
            height = _HEIGHTS[panel.kind]
            place = {"x": left, "y": top, "w": panel.width, "h": height}
            yield {"id": number, "gridPos": place, **_panel(panel)}
            left += panel.width
        top += height


def _panel(panel: Panel) -> dict[str, Any]:
    is_table = panel.kind == "table"
    return {
        "type": panel.kind,
        "title": panel.title,
        "description": panel.meaning,
        "datasource": _SOURCE,
        "transparent": False,
        "targets": [
            {
                "refId": chr(ord("A") + number),
                "datasource": _SOURCE,
                "editorMode": "code",
                "expr": query,
                "legendFormat": legend,
                "range": panel.kind == "timeseries",
                "instant": panel.kind != "timeseries",
                "format": "table" if is_table else "time_series",
            }
            for number, (legend, query) in enumerate(panel.queries.items())
        ],
        "fieldConfig": {"defaults": _defaults(panel), "overrides": []},
        "options": _OPTIONS[panel.kind],
        **({"transformations": [_TIDY_TABLE]} if is_table else {}),
    }


def _defaults(panel: Panel) -> dict[str, Any]:
    defaults: dict[str, Any] = {"unit": panel.unit, "min": 0}
    if panel.kind == "timeseries":
        defaults["custom"] = {"drawStyle": "line", "fillOpacity": 30 if panel.stacked else 8, "lineWidth": 1}
        defaults["custom"]["stacking"] = {"mode": "normal" if panel.stacked else "none", "group": "A"}
        defaults["custom"]["showPoints"] = "never"
    if panel.warn_above is not None:
        steps = [{"color": "green", "value": None}, {"color": "red", "value": panel.warn_above}]
        defaults["thresholds"] = {"mode": "absolute", "steps": steps}
    return defaults


_TIDY_TABLE = {
    "id": "organize",
    "options": {"excludeByName": {"Time": True, "Value": True, "__name__": True, "job": True}},
}
_OPTIONS: dict[str, dict[str, Any]] = {
    "stat": {
        "colorMode": "value",
        "graphMode": "area",
        "justifyMode": "auto",
        "orientation": "auto",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "textMode": "auto",
    },
    "timeseries": {
        "legend": {"calcs": ["mean", "max"], "displayMode": "table", "placement": "bottom", "showLegend": True},
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
    "table": {"showHeader": True, "cellHeight": "sm"},
}


def main() -> None:
    """Write the dashboard to the file that the command line names."""
    Path(sys.argv[1]).write_text(json.dumps(dashboard(), indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
