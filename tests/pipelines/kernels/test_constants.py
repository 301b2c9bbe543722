"""Constants that C and Python share: exported once, compared where Python has its own, and missed by nobody."""

import ast
import runpy
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from spanwise.pipelines import kernels

needs_kernels = pytest.mark.skipif(kernels.SpanKernels is None, reason="the kernels were not built: no C compiler")
FOLDER = Path(__file__).parents[3] / "pipelines" / "kernels"


@needs_kernels
def test_the_stub_declares_every_constant() -> None:
    """Type checkers know the constants that the module has, and no others."""
    stub = ast.parse((FOLDER / "_kernels.pyi").read_text("utf-8"))
    declared = {node.target.id for node in stub.body if isinstance(node, ast.AnnAssign) and node.value is None
                and isinstance(node.target, ast.Name)}  # fmt: skip
    assert declared == {name for name, value in vars(kernels.constants).items() if isinstance(value, int)}


@needs_kernels
def test_a_constant_that_differs_is_named_at_import() -> None:
    """The message says which constant it is and what to do."""
    from spanwise.pipelines.sentiment import compiled_model  # noqa: PLC0415 (it needs the kernels)

    other = SimpleNamespace(**{**vars(kernels.constants), "MAX_DISTANCE": 13})
    with pytest.raises(ImportError, match=r"another MAX_DISTANCE .*make install"):
        compiled_model._check_constants(other)  # type: ignore[arg-type]


def test_kernels_that_are_too_old_are_named_at_import(monkeypatch: pytest.MonkeyPatch) -> None:
    """Importing kernels that are too old raises an ImportError that names `make install`, and does not fall back."""
    monkeypatch.setitem(sys.modules, "spanwise.pipelines.kernels._kernels", ModuleType("_kernels"))
    monkeypatch.setattr(kernels, "_kernels", ModuleType("_kernels"), raising=False)
    with pytest.raises(ImportError, match="make install"):
        runpy.run_path(str(FOLDER / "__init__.py"), run_name="spanwise.pipelines.kernels")


def test_everything_is_imported_without_kernels() -> None:
    """Where there was no C compiler, no module of the pipelines needs them to be imported."""
    program = (
        "import sys; sys.modules['spanwise.pipelines.kernels._kernels'] = None\n"
        "import spanwise.pipelines.kernels as kernels\n"
        "import spanwise.pipelines.entities.engine_choice, spanwise.pipelines.sentiment.model_choice\n"
        "import spanwise.pipelines.entities.compiled.parser\n"
        "assert kernels.SpanKernels is kernels.SentimentKernels is kernels.ParserKernels is kernels.constants is None\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
