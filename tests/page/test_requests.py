"""The request that the page shows does in each language what the page did."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.contract.tools import program
from tests.page.visit import Visit

TEXT = """Tim Cook's "plan" cost $5 in Paris: `a\\b` – 100 % <b>\n\t'quoted' 😀 \\u0041 ${HOME} $(ls)","x."""


def code(visit: Visit, language: str) -> str:
    """Choose a tab and return its code."""
    visit.page.click(f"#tab-{language}")
    return str(visit.page.value("document.getElementById('snippet').textContent"))


@pytest.mark.parametrize("text", [TEXT, "Tim Cook was in Paris."], ids=["hostile", "plain"])
def test_every_request_runs_as_it_is_shown(visit: Visit, text: str, tmp_path: Path) -> None:
    """curl, Python, JavaScript and Go print the page's own answer, also for a text full of quotes and signs."""
    visit.analyse(text)
    expected = visit.answer()["entities"]
    assert expected
    env = {**os.environ, "GOTOOLCHAIN": "local", "GO111MODULE": "off", "GOFLAGS": ""}
    (tmp_path / "main.go").write_text(code(visit, "Go"), "utf-8")
    (tmp_path / "main.mjs").write_text(
        code(visit, "JavaScript").replace(
            "console.log(await answer.json())", "console.log(JSON.stringify(await answer.json()))"
        ),
        "utf-8",
    )
    (tmp_path / "main.py").write_text(
        code(visit, "Python").replace("print(answer.json())", "print(answer.text)"), "utf-8"
    )
    commands = {
        "curl": ["bash", "-c", code(visit, "curl")],
        "Python": [sys.executable, "main.py"],
        "JavaScript": [program("node"), "main.mjs"],
        "Go": [program("go"), "run", "main.go"],
    }
    for language, command in commands.items():
        done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{language}: {done.stderr}"
        assert json.loads(done.stdout)["entities"] == expected, language


def test_copy_takes_all_of_the_request(visit: Visit) -> None:
    """What is copied is the whole request, although a long text is shown with its beginning alone."""
    text = "Tim Cook was in Paris. " * 100
    visit.page.call(
        "Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"], origin=visit.url[:-1]
    )
    visit.analyse(text)
    assert text not in code(visit, "curl")
    assert "Copy takes all" in visit.texts("#section-request")[0]
    visit.page.click("#section-request .copy")
    visit.page.wait_for("document.querySelector('#section-request .copy').textContent === 'Copied'")
    assert text in visit.page.value("navigator.clipboard.readText()")
