"""The release: the workflow runs what is there and no code of others; the check refuses what must not be published."""

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy import installed_wheel, release_check, release_version

ROOT = Path(__file__).parents[2]
WORKFLOW = yaml.safe_load((ROOT / ".github" / "workflows" / "release.yml").read_text("utf-8"))
PAGE = (ROOT / "docs" / "contribute" / "release.md").read_text("utf-8")
JOBS: dict[str, dict[str, Any]] = WORKFLOW["jobs"]
STEPS: list[dict[str, Any]] = [step for job in JOBS.values() for step in job["steps"]]
SCRIPTS = "\n".join(step["run"] for step in STEPS)


def test_the_workflow_runs_no_code_of_others() -> None:
    """No step uses an action, and what is fetched from the package index has a version."""
    assert not [step for step in STEPS if "uses" in step]
    fetched = re.findall(r"pipx run (\S+)", SCRIPTS)
    assert fetched == ['"cibuildwheel==$CIBUILDWHEEL_VERSION"', '"uv==$UV_VERSION"']
    for name in ("CIBUILDWHEEL_VERSION", "UV_VERSION"):
        assert re.fullmatch(r"\d+\.\d+\.\d+", WORKFLOW["env"][name])


def test_the_workflow_may_do_little() -> None:
    """The default is no permission; only the last job can identify itself, and it needs an approval."""
    assert WORKFLOW["permissions"] == {}
    assert [name for name, job in JOBS.items() if "id-token" in job["permissions"]] == ["publish"]
    assert JOBS["publish"]["environment"] == "release"
    assert set(JOBS["publish"]["needs"]) == {"wheels", "images"}
    assert {JOBS["wheels"]["needs"], JOBS["images"]["needs"]} == {"check"}


def test_the_workflows_scripts_are_shell() -> None:
    """Every script is read by bash, and no expression is pasted into one but the two that the workflow itself lists."""
    for step in STEPS:
        done = subprocess.run(["bash", "-n"], input=step["run"], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    assert set(re.findall(r"\$\{\{ (.*?) \}\}", SCRIPTS)) == {"matrix.architecture", "matrix.platform"}


def test_the_workflow_runs_what_is_there() -> None:
    """Targets of make, programs and the files of the repository that scripts name exist."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z-]+)", SCRIPTS))
    assert "release-check" in named
    assert named <= targets
    for path in re.findall(r"(?:deploy|\.ci)/[\w./]+", SCRIPTS):
        assert (ROOT / path).exists(), path


def test_both_processors_are_built_on_machines_of_their_own() -> None:
    """Wheels and images are built for x86-64 and aarch64, each where it can run, with what attests them."""
    runners = {"ubuntu-24.04", "ubuntu-24.04-arm"}
    for name in ("wheels", "images"):
        assert {one["runner"] for one in JOBS[name]["strategy"]["matrix"]["include"]} == runners
    assert "--sbom=true --provenance=mode=max" in SCRIPTS
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["cibuildwheel"]
    assert settings["build"] == "cp311-manylinux_*"  # the stable ABI serves later versions
    assert Path(installed_wheel.__file__).name in settings["test-command"]


def test_the_page_describes_every_job_artefact_and_variable() -> None:
    """`docs/contribute/release.md` has a row for each."""
    for name in (*JOBS, *release_check.ARTEFACTS):
        assert f"| `{name}` |" in PAGE, name
    for name in re.findall(r"\b(?:vars|secrets)\.(\w+)", (ROOT / ".github/workflows/release.yml").read_text("utf-8")):
        assert f"`{name}`" in PAGE, name


def test_everything_has_one_version(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The files that a release publishes agree, and one that does not is named."""
    version = release_version.versions(ROOT)["pyproject.toml"]
    chart = tmp_path / "deploy" / "helm" / "spanwise"
    chart.mkdir(parents=True)
    (chart / "Chart.yaml").write_text(f'version: {version}\nappVersion: "0.0.9"\n', "utf-8")
    for name in ("pyproject.toml", "openapi.json"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "CHANGELOG.md").write_text(f"## [Unreleased]\n\n## [{version}] - 2026-11-27\n", "utf-8")
    assert release_version.main(version, tmp_path) == 1
    assert capsys.readouterr().err == f"release: Chart.yaml, appVersion says 0.0.9, not {version}\n"
    (chart / "Chart.yaml").write_text(f'version: {version}\nappVersion: "{version}"\n', "utf-8")
    assert release_version.main(version, tmp_path) == 0


def test_the_repositorys_own_files_agree() -> None:
    """Beside the changelog, whose heading comes with the release, all files have the project's version."""
    found = release_version.versions(ROOT)
    found.pop("CHANGELOG.md")
    assert len(set(found.values())) == 1, found


def test_a_wheel_without_kernels_is_refused(tmp_path: Path) -> None:
    """The kernels are optional when the project is built, and are not when it is published."""
    wheel = tmp_path / "spanwise-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("spanwise/pipelines/kernels/_kernels.pyi", "")
    with pytest.raises(release_check.Wrong, match="has no compiled kernels"):
        release_check._has_kernels(wheel)


def test_what_cannot_be_built_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A missing tool is no failure of the whole check, but of an artefact that was asked for."""
    monkeypatch.setattr(release_check, "CHART", tmp_path / "none")
    monkeypatch.setattr(release_check, "ARTEFACTS", {"chart": release_check.chart})
    assert release_check.main([str(tmp_path / "out")]) == 0
    assert release_check.main([str(tmp_path / "out"), "chart"]) == 1
    assert capsys.readouterr().out == "release-check: chart: NOT checked: there is no chart in this checkout\n" * 2


def test_what_fails_ends_the_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The end of what the failing program said is shown, and later artefacts are not built."""

    def failing(into: Path) -> str:
        return release_check._run([sys.executable, "-c", "raise SystemExit('no such thing')"])

    monkeypatch.setattr(release_check, "ARTEFACTS", {"first": failing, "second": str})
    assert release_check.main([str(tmp_path / "out")]) == 1
    printed = capsys.readouterr()
    assert "no such thing" in printed.err
    assert "second" not in printed.out
