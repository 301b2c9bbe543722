"""Modules with components of one's own are imported before pipelines are loaded."""

from pathlib import Path

import pytest

from spanwise.pipelines import ComponentsNotImported
from spanwise.pipelines.component_imports import find_components, import_components


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder that modules are imported from."""
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def test_modules_are_imported_in_order(modules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A module in a package is named with its dots; the packages around it are imported first."""
    (modules / "spanwise_shop").mkdir()
    (modules / "spanwise_shop" / "__init__.py").write_text("print('shop')")
    (modules / "spanwise_shop" / "topics.py").write_text("print('topics')")
    (modules / "spanwise_other.py").write_text("print('other')")
    find_components(["spanwise_other", "spanwise_shop.topics"])
    assert capsys.readouterr().out == ""
    import_components(["spanwise_other", "spanwise_shop.topics"])
    assert capsys.readouterr().out.split() == ["other", "shop", "topics"]


@pytest.mark.parametrize("module", ["spanwise_absent", "spanwise_absent.topics"])
def test_a_module_that_is_not_there_is_told(module: str) -> None:
    """The message says what Python looks for and how to let it find that."""
    for look in (find_components, import_components):
        with pytest.raises(ComponentsNotImported, match="there is no module 'spanwise_absent': install it, or put"):
            look([module])


def test_what_a_module_lacks_is_told(modules: Path) -> None:
    """A module that imports something absent is not itself reported as absent."""
    (modules / "spanwise_needy.py").write_text("import spanwise_absent")
    with pytest.raises(ComponentsNotImported, match="no module 'spanwise_absent', which spanwise_needy imports"):
        import_components(["spanwise_needy"])


def test_what_a_module_raises_is_told_in_one_line(modules: Path) -> None:
    """Any exception of a module is one line with its type."""
    (modules / "spanwise_raising.py").write_text("raise RuntimeError('no disk\\nand more')")
    with pytest.raises(ComponentsNotImported, match=r"importing 'spanwise_raising' failed: RuntimeError: no disk$"):
        import_components(["spanwise_raising"])
