"""Read the setting that declares custom attributes (`Doc._.name`, `Span._.name`), without importing spaCy.

spaCy lets any component hang any object on a Doc or Span. Only what an operator declares by name and JSON type is
served, because callers generate clients that rely on the type.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self, cast, get_args

from spanwise.pipelines.load_errors import PipelineSpecError
from spanwise.schemas import JsonType

_TYPES: tuple[str, ...] = get_args(JsonType.__value__)


@dataclass(frozen=True, slots=True)
class Extensions:
    """The declared custom attributes of Docs and Spans, each with its JSON type."""

    doc: Mapping[str, JsonType] = field(default_factory=dict)
    span: Mapping[str, JsonType] = field(default_factory=dict)

    @classmethod
    def parse(cls, setting: str) -> Self:
        """Parse `"doc.topic=string,span.price=number"`. Raises `PipelineSpecError`."""
        found: dict[str, dict[str, JsonType]] = {"doc": {}, "span": {}}
        for entry in filter(None, (part.strip() for part in setting.split(","))):
            attribute, _, kind = (part.strip() for part in entry.partition("="))
            owner, _, name = attribute.partition(".")
            if owner not in found or not name.isidentifier() or kind not in _TYPES:
                raise PipelineSpecError(
                    "Declare custom attributes as doc.name=type or span.name=type, with commas between; the types are "
                    f"{', '.join(_TYPES)}."
                )
            if name in found[owner]:
                raise PipelineSpecError(f"The custom attribute {attribute} is declared twice.")
            found[owner][name] = cast("JsonType", kind)
        return cls(found["doc"], found["span"])

    def __bool__(self) -> bool:
        """Return whether any attribute is declared."""
        return bool(self.doc or self.span)

    @property
    def declared(self) -> dict[str, JsonType]:
        """All of them, by `doc.name` and `span.name`."""
        of_docs = {f"doc.{name}": kind for name, kind in self.doc.items()}
        return of_docs | {f"span.{name}": kind for name, kind in self.span.items()}
