"""The supervisor's process stays small."""

import subprocess
import sys


def test_the_supervisor_imports_none_of_what_only_workers_need() -> None:
    """What the supervisor imports lies in memory for as long as the service runs, in a process that only waits."""
    program = "import sys, spanwise.service.supervise; print(*sorted(sys.modules))"
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    imported = {name.partition(".")[0] for name in shown.split()}
    assert not imported & {"fastapi", "numpy", "pydantic", "spacy", "starlette", "typer", "uvicorn"}
    assert "spanwise.service.process.supervisor" in shown
