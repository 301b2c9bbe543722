"""Do the files of a corpus have the columns that the options name? Imports nothing that is large."""

import pyarrow as pa
import pyarrow.parquet as pq

from spanwise.bulk.input_files import InputFile
from spanwise.bulk.row_options import RowOptions


class InputMismatch(ValueError):
    """A file does not have the columns that the options name."""


def schema_of(file: InputFile, options: RowOptions) -> pa.Schema:
    """Return the schema of a file as far as the options name its columns. Raises `InputMismatch`."""
    if file.format != "parquet":
        return pa.schema([pa.field(name, pa.string()) for name in options.columns])
    with file.place.system.open_input_file(file.place.path) as source:
        found = pq.read_schema(source)
    check_columns(found, options, file)
    return found


def check_columns(schema: pa.Schema, options: RowOptions, file: InputFile) -> None:
    """Raise `InputMismatch` unless a Parquet file has the columns, and strings where texts are to be."""
    if lacking := [name for name in options.columns if name not in schema.names]:
        raise InputMismatch(f"{file.uri} has no column {lacking[0]!r}. There are: {', '.join(schema.names)}.")
    try:
        check_texts(schema.field(options.text).type)
    except TypeError as error:
        raise InputMismatch(f"{file.uri}: {error}") from error


def check_alike(schema: pa.Schema, first: pa.Schema, options: RowOptions, file: InputFile) -> None:
    """Raise `InputMismatch` where the parts of a file would have another schema than those of the first one."""
    for name in filter(None, (options.id, *options.carry)):
        if schema.field(name).type != first.field(name).type:
            types = f"{schema.field(name).type}, and {first.field(name).type} in the first file"
            raise InputMismatch(f"{file.uri}: the column {name!r} holds {types}.")


def check_texts(type_: pa.DataType) -> None:
    """Raise `TypeError` where a column of this type holds something else than strings or bytes."""
    kind = type_.value_type if pa.types.is_dictionary(type_) else type_
    if not (_is_string(kind) or _is_binary(kind) or pa.types.is_null(kind)):
        raise TypeError(f"The column of texts holds {type_}, and not strings.")


def _is_string(type_: pa.DataType) -> bool:
    return bool(pa.types.is_string(type_) or pa.types.is_large_string(type_) or pa.types.is_string_view(type_))


def _is_binary(type_: pa.DataType) -> bool:
    return bool(pa.types.is_binary(type_) or pa.types.is_large_binary(type_) or pa.types.is_binary_view(type_))
