"""Import spaCy without its command line, until somebody asks for that.

`import spacy` imports `spacy.cli` for one function, and with it hundreds of modules that train, package and download.
They take memory in every worker, and most of the time of the import. The hook puts a stand-in in the place of
`spacy.cli`, which imports the real module at the first use of anything in it: `spacy.info()`, `spacy.cli.download(...)`
and `from spacy.cli import download` work as usual.
"""

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import Any


def skip_spacy_cli_import() -> None:
    """Install the import hook, for this process. Call it before spaCy is imported; afterwards it does nothing.

    The worker and the command line do. Importing the library does not: it changes nothing in its user's process.
    """
    if "spacy" not in sys.modules and not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


class _Finder(MetaPathFinder):
    """Finds spaCy once, and keeps stand-ins in `sys.modules` while spaCy is being imported."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002 - the protocol's
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        if fullname != "spacy":
            return None
        sys.meta_path.remove(self)
        spec = find_spec("spacy")
        if spec and spec.loader:
            execute = spec.loader.exec_module

            def execute_without(module: ModuleType) -> None:
                info = ModuleType("spacy.cli.info")
                info.info = _info  # type: ignore[attr-defined]
                stand_ins = {"spacy.cli": ModuleType("spacy.cli"), "spacy.cli.info": info}
                sys.modules.update(stand_ins)
                try:
                    execute(module)
                finally:
                    for name in stand_ins:
                        sys.modules.pop(name, None)
                module.cli = _CommandLine("spacy.cli")  # type: ignore[attr-defined]

            spec.loader.exec_module = execute_without  # type: ignore[method-assign]
        return spec


class _CommandLine(ModuleType):
    """The stand-in for `spacy.cli`: importing the real module replaces it."""

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module("spacy.cli"), name)


def _info(*args: Any, **options: Any) -> Any:
    return import_module("spacy.cli.info").info(*args, **options)
