"""The Arrow schema of analyses, derived from the answers' types and the table of features.

Every feature has the column that `/v1/analyze` has a section for, with the same fields: `schemas/answers.py` says which
and of which types. So a feature that is added to the contract has its column here without a change. Which columns there
are, and which fields of their structs, depends on the options alone and on no row, because files of one corpus must
have one schema.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, Literal, get_args, get_origin, get_type_hints, is_typeddict

import pyarrow as pa
from typing_extensions import TypeAliasType

from spanwise.bulk.row_options import RowOptions
from spanwise.pipelines.features.feature_table import FEATURES
from spanwise.schemas import AnalyzeResponse, DocumentError, Feature

ALWAYS: Final = ("language", "language_confidence", "pipeline", "warnings")
"""The columns before the features', which every schema has."""

_ADDS_TO: Final[Mapping[Feature, str | None]] = {"entity_sentiment": "entities", "language": None}
"""Features without a section of their own: what they add to, None where that is in every schema."""
_OPTIONAL: Final[Mapping[tuple[str, str], str]] = {
    ("entities", "sentiment"): "entity_sentiment",
    ("entities", "extensions"): "extensions",
    ("entities", "raw_score"): "raw_scores",
    ("sentences", "sentiment"): "sentiment",
    ("spans", "extensions"): "extensions",
}
"""Fields that a section has only with another feature or option, by section and field."""
_SCALARS: Final[Mapping[Any, pa.DataType]] = {
    str: pa.string(),
    int: pa.int32(),
    float: pa.float64(),
    bool: pa.bool_(),
}
_HINTS: Final = get_type_hints(AnalyzeResponse)


def output_schema(options: RowOptions, given: pa.Schema | None = None) -> pa.Schema:
    """Return the schema of what comes out: id, carried columns, the analysis, `error`.

    `given` is the schema of the input, which says the types of the columns that are carried through; without it they
    are strings. Raises `ValueError` for a column that the input lacks, and for two columns of one name.
    """
    fields = []
    if options.id is not None:
        fields.append(pa.field("id", _given_type(given, options.id)))
    fields += [pa.field(name, _given_type(given, name)) for name in options.carry]
    fields += [pa.field(name, arrow_type(_HINTS[name])) for name in ALWAYS]
    fields += [pa.field(name, type_) for name, type_ in section_types(options.sections, raw=options.raw_scores).items()]
    fields.append(pa.field("error", arrow_type(DocumentError)))
    names = [field.name for field in fields]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(
            f"Two columns would be called {', '.join(twice)}: rename that of the input, or do not carry it."
        )
    return pa.schema(fields, {"spanwise.offset_encoding": options.offset_encoding})


@lru_cache(maxsize=64)
def section_types(features: frozenset[Feature], *, raw: bool = False) -> dict[str, pa.DataType]:
    """Return the columns of these features with their types, in the order of the table of features."""
    asked = {*features, *(("raw_scores",) if raw else ())}
    lacking = {field for field, needs in _OPTIONAL.items() if needs not in asked}
    types: dict[str, pa.DataType] = {}
    for row in FEATURES:
        column = _ADDS_TO.get(row.name, row.name)
        if row.name in features and column is not None and column not in types:
            left_out = frozenset(name for section, name in lacking if section == column)
            types[column] = arrow_type(_HINTS[column], left_out)
    return types


def arrow_type(hint: Any, left_out: frozenset[str] = frozenset()) -> pa.DataType:
    """Return the Arrow type of a type of the contract.

    Typed dictionaries become structs, without the fields that are left out; objects whose fields nobody knows before,
    such as those of custom attributes, become strings with their JSON.
    """
    if isinstance(hint, TypeAliasType):
        return arrow_type(hint.__value__, left_out)
    if hint in _SCALARS:
        return _SCALARS[hint]
    if is_typeddict(hint) or hasattr(hint, "__required_keys__"):
        hints = get_type_hints(hint)
        return pa.struct([(name, arrow_type(part)) for name, part in hints.items() if name not in left_out])
    origin = get_origin(hint)
    if origin is Literal:
        return pa.string()
    if origin is list:
        return pa.list_(pa.field("element", arrow_type(get_args(hint)[0], left_out)))  # as Parquet calls items
    if origin is dict:
        return pa.string()
    raise TypeError(f"no Arrow type is known for {hint!r}")


def described(schema: pa.Schema) -> list[str]:
    """Return a line for each column, structs and lists written out over as many lines as they have fields."""
    return [line for field in schema for line in _described(field.name, field.type, 0)]


def _described(name: str, type_: pa.DataType, depth: int) -> list[str]:
    listed, inner = ("list of ", type_.value_type) if pa.types.is_list(type_) else ("", type_)
    start = "  " * depth + f"{name}: {listed}"
    if not pa.types.is_struct(inner):
        return [f"{start}{inner}"]
    parts = [line for field in inner for line in _described(field.name, field.type, depth + 1)]
    return [f"{start}struct", *parts]


def _given_type(given: pa.Schema | None, name: str) -> pa.DataType:
    if given is None:
        return pa.string()
    if (index := given.get_field_index(name)) < 0:
        raise ValueError(f"There is no column {name!r}. There are: {', '.join(given.names)}.")
    return given.field(index).type
