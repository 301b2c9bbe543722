"""Import the modules that register components and functions of one's own, before the pipelines that need them."""

from collections.abc import Iterable
from importlib import import_module
from importlib.util import find_spec

from spanwise.pipelines.load_errors import ComponentsNotImported, first_line


def import_components(modules: Iterable[str]) -> None:
    """Import these modules, in this order. Raises `ComponentsNotImported`, whatever a module raises."""
    for module in modules:
        try:
            import_module(module)
        except ModuleNotFoundError as error:
            raise _not_found(str(error.name), module) from error
        except Exception as error:
            reason = f"{type(error).__name__}: {first_line(error)}"
            raise ComponentsNotImported(f"SPANWISE_COMPONENTS: importing {module!r} failed: {reason}") from error


def find_components(modules: Iterable[str]) -> None:
    """Look for the packages of these modules without importing anything. Raises `ComponentsNotImported`."""
    for module in modules:
        package = module.partition(".")[0]
        if find_spec(package) is None:
            raise _not_found(package, module)


def _not_found(name: str, module: str) -> ComponentsNotImported:
    lacking = "" if f"{module}.".startswith(f"{name}.") else f", which {module} imports"
    return ComponentsNotImported(
        f"SPANWISE_COMPONENTS: there is no module {name!r}{lacking}: "
        "install it, or put the folder that it lies in into PYTHONPATH."
    )
