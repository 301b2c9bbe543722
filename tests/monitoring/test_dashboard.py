"""The dashboard is what its table of panels says, has the form that Grafana wants, and leaves no metric out."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.monitoring.prometheus import MONITORING, ROOT, dashboard, panels

METRICS_PAGE = ROOT / "docs" / "reference" / "metrics.md"
TYPES = Path(__file__).parent / "dashboard_types"
KINDS = {"timeseries": "TimeSeries", "stat": "Stat", "table": "Table"}


def test_the_file_is_the_one_that_is_written(tmp_path: Path) -> None:
    """`make dashboard` would change nothing."""
    made = tmp_path / "dashboard.json"
    subprocess.run([sys.executable, ROOT / "deploy" / "dashboard.py", made], check=True)
    assert made.read_bytes() == (MONITORING / "dashboard.json").read_bytes(), "run make dashboard"


def test_every_documented_metric_is_shown_or_not_worth_a_panel() -> None:
    """What no panel shows is named here."""
    documented = set(re.findall(r"^\| `(\w+)(?:\{|`)", METRICS_PAGE.read_text("utf-8"), re.MULTILINE))
    queries = " ".join(target["expr"] for panel in panels() for target in panel["targets"])
    shown = set(re.findall(r"\b(?:spanwise|process|python)_\w+", queries))
    shown |= {name.removesuffix("_bucket") for name in shown}
    assert documented - shown == {
        "spanwise_workers",  # the variables' values come from it
        "process_virtual_memory_bytes",
        "python_gc_objects_collected_total",
        "python_gc_objects_uncollectable_total",
    }


def test_panels_neither_overlap_nor_leave_the_grid() -> None:
    """Every cell of the grid belongs to one panel at most, and identifiers are unique."""
    taken: set[tuple[int, int]] = set()
    for panel in dashboard()["panels"]:
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not cells & taken, panel["title"]
        assert all(x < 24 for x, _ in cells), panel["title"]
        taken |= cells
    identifiers = [panel["id"] for panel in dashboard()["panels"]]
    assert len(set(identifiers)) == len(identifiers)


def test_every_query_obeys_the_variables() -> None:
    """Each series in a query is of the chosen namespace, job and instances."""
    for panel in panels():
        for target in panel["targets"]:
            names = re.findall(r"\b(?:spanwise|process|python)_\w+", target["expr"])
            selected = target["expr"].count('{namespace=~"$namespace", job=~"$job", instance=~"$instance"')
            assert names, panel["title"]
            assert selected == len(names), target["expr"]


@pytest.fixture(scope="module")
def types(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with Grafana's types and a compiler."""
    npm = shutil.which("npm")
    if npm is None:
        if os.environ.get("CI"):
            pytest.fail("CI needs npm, to check the dashboard")
        pytest.skip("there is no npm on this machine")
    folder = tmp_path_factory.mktemp("dashboard-types")
    for source in TYPES.iterdir():
        shutil.copy(source, folder)
    command = [npm, "ci", "--silent", "--ignore-scripts", "--no-audit", "--no-fund"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder


def complaints(types: Path, made: dict[str, Any]) -> str:
    """Return what the compiler says of a dashboard. Grafana's enumerations are compared by their values."""
    code = ['import type { Dashboard } from "@grafana/schema";']
    for kind, name in KINDS.items():
        module = f"@grafana/schema/dist/esm/raw/composable/{kind}/panelcfg/x/{name}PanelCfg_types.gen"
        code.append(f'import type {{ Options as {name} }} from "{module}";')
    code.append(
        "type Plain<T> = T extends string ? `${T}` : T extends number ? T : T extends (infer E)[] ? Plain<E>[]"
        " : T extends object ? { [K in keyof T]: Plain<T[K]> } : T;"
    )
    code.append(f"export const dashboard: Plain<Dashboard> = {json.dumps(made)};")
    for panel in made["panels"]:
        if panel["type"] in KINDS:
            options = json.dumps(panel["options"])
            code.append(f"export const panel{panel['id']}: Partial<Plain<{KINDS[panel['type']]}>> = {options};")
    (types / "check.ts").write_text("\n".join(code), "utf-8")
    flags = ("--noEmit", "--strict", "--skipLibCheck", "--module", "nodenext", "--target", "es2022")
    compiler = types / "node_modules" / ".bin" / "tsc"
    run = subprocess.run([compiler, *flags, "check.ts"], cwd=types, capture_output=True, text=True, check=False)
    return run.stdout + run.stderr


def test_grafanas_types_accept_the_dashboard(types: Path) -> None:
    """The compiler finds nothing wrong, and would find an unknown field of a dashboard, a variable and a panel."""
    assert not complaints(types, dashboard())
    wrong = dashboard()
    wrong["templating"]["list"][1]["noSuchField"] = 1
    assert "noSuchField" in complaints(types, wrong)
    wrong = dashboard()
    shown = next(panel for panel in wrong["panels"] if panel["type"] == "timeseries")
    shown["options"]["legend"]["placement"] = "nowhere"
    assert "nowhere" in complaints(types, wrong)
