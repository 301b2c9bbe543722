"""Read those components of a kind that the kernels may know: text classifiers, and span categorizers.

Each is judged by itself. All are left to spaCy where something else of the pipeline may read or write what they write.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TypeVar

from spacy.language import Language

from spanwise.pipelines.annotations import Layers
from spanwise.pipelines.entities.compiled.unsupported import Unsupported
from spanwise.pipelines.entities.component_plan import Plan
from spanwise.pipelines.kernels import NOT_BUILT, SpanKernels

Model = TypeVar("Model")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of components, by the factories that make them, and why all of them are left to spaCy."""

    factories: Collection[str]
    beside_opaque: str
    """The reason where a component that is not spaCy's stands beside them."""
    beside_extensions: str
    """The reason where custom attributes are served."""


def read_known(
    nlp: Language, plan: Plan, layers: Layers, kind: Kind, read: Callable[[Language, str], Model]
) -> tuple[dict[str, Model], dict[str, str]]:
    """Read the components of a kind. Returns those that are known, and of the others the reason why not, by name."""
    names = [one.name for one in plan.components if one.factory in kind.factories and not one.is_opaque]
    for is_so, reason in (
        (SpanKernels is None, NOT_BUILT),
        (any(one.is_opaque for one in plan.components), kind.beside_opaque),
        ("extensions" in layers, kind.beside_extensions),
    ):
        if is_so:
            return {}, dict.fromkeys(names, reason)
    found: dict[str, Model] = {}
    reasons: dict[str, str] = {}
    for name in names:
        try:
            found[name] = read(nlp, name)
        except Unsupported as error:
            reasons[name] = str(error)
        except Exception as error:  # noqa: BLE001 - a model that nobody foresaw must not keep the service from starting
            reasons[name] = f"reading it failed: {type(error).__name__}"
    return found, reasons
