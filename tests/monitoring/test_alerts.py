"""The alerts are valid, fire when they should and not otherwise, and each leads to a runbook."""

import re
import shutil
import subprocess
from pathlib import Path

import yaml

from tests.monitoring.prometheus import ROOT, RUNBOOKS, program, rules

TESTS = Path(__file__).parent / "alerts_test.yaml"
ALERTS = [rule for group in rules()["groups"] for rule in group["rules"]]


def promtool(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run promtool in a folder that holds the alerts and their tests."""
    (folder / "rules.yaml").write_text(yaml.safe_dump(rules()), "utf-8")
    shutil.copy(TESTS, folder)
    return subprocess.run([program("promtool"), *arguments], cwd=folder, capture_output=True, text=True, check=False)


def test_promtool_accepts_the_alerts(tmp_path: Path) -> None:
    """Every expression and every template parses, and promtool has nothing to remark."""
    checked = promtool(tmp_path, "check", "rules", "--lint=all", "--lint-fatal", "rules.yaml")
    assert checked.returncode == 0, checked.stderr
    assert f"SUCCESS: {len(ALERTS)} rules found" in checked.stdout


def test_alerts_fire_when_they_should_and_not_otherwise(tmp_path: Path) -> None:
    """Promtool's unit tests pass, and fail for an alert with another threshold."""
    tested = promtool(tmp_path, "test", "rules", TESTS.name)
    assert tested.returncode == 0, tested.stdout + tested.stderr
    text = (tmp_path / "rules.yaml").read_text("utf-8")
    (tmp_path / "rules.yaml").write_text(text.replace("> 0.9", "> 0.97"), "utf-8")
    command = [program("promtool"), "test", "rules", TESTS.name]
    broken = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert broken.returncode != 0
    assert "SpanwiseSaturated" in broken.stdout + broken.stderr


def test_every_alert_is_tested_both_ways() -> None:
    """Each alert has a case in which it fires, and one in which it does not."""
    cases = [case for test in yaml.safe_load(TESTS.read_text("utf-8"))["tests"] for case in test["alert_rule_test"]]
    names = {alert["alert"] for alert in ALERTS}
    assert {case["alertname"] for case in cases if case["exp_alerts"]} == names
    assert {case["alertname"] for case in cases if not case["exp_alerts"]} == names


def test_every_alert_leads_to_a_runbook() -> None:
    """The annotation names a page with the alert's name, and no page is left over."""
    pages = {alert["annotations"]["runbook"]: alert["alert"] for alert in ALERTS}
    assert len(pages) == len(ALERTS)
    for path, name in pages.items():
        page = (ROOT / path).read_text("utf-8")
        assert page.startswith(f"# {name}\n"), path
        headings = re.findall(r"^## (.*)$", page, re.MULTILINE)
        assert headings == ["What it means", "Find the cause", "What to do"], path
    listed = (RUNBOOKS / "README.md").read_text("utf-8")
    for path in RUNBOOKS.glob("spanwise-*.md"):
        assert f"docs/runbooks/{path.name}" in pages, path
        assert f"({path.name})" in listed, path
