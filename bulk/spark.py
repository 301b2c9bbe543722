"""Analyses in Spark: what `DataFrame.mapInArrow` takes, and the schema that it asks for.

    analysed = spanwise.bulk.spark.analyze(frame, text="body", id="key", features=["entities", "sentiment"])

Needs PySpark 4, and `spanwise[bulk]` in the Python of the executors. A worker process of Spark loads its pipelines with
its first batch and keeps them for its later tasks (`spark.python.worker.reuse`, which is on by default).
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Unpack

import pyarrow as pa

from spanwise.bulk.arrow import ArrowAnalyzer, PipelineSource, output_schema
from spanwise.bulk.row_options import NamedOptions, RowOptions

if TYPE_CHECKING:
    from pyspark.sql import DataFrame
    from pyspark.sql.types import StructType

__all__ = ["analyze", "map_in_arrow", "schema"]

MapInArrow = Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]


def analyze(
    frame: "DataFrame", *, pipelines: PipelineSource | str | None = None, **options: Unpack[NamedOptions]
) -> "DataFrame":
    """Return the analyses of a frame's rows, as many as it has; lazily, as everything in Spark.

    `pipelines` and the options are those of `spanwise.bulk.arrow.analyze`. Only the columns that are needed are read.
    """
    needed = frame.select(*RowOptions.of(**options).columns)
    return needed.mapInArrow(map_in_arrow(pipelines, **options), schema(needed.schema, **options))


def map_in_arrow(pipelines: PipelineSource | str | None = None, **options: Unpack[NamedOptions]) -> MapInArrow:
    """Return the function for `mapInArrow`. Raises `TypeError` and `ValueError` for options that fit no row."""
    return ArrowAnalyzer(pipelines, **options).map


def schema(given: "StructType", **options: Unpack[NamedOptions]) -> "StructType":
    """Return the schema of what comes out, for rows of a given one, as `mapInArrow` takes it.

    Raises `ValueError` for columns that there are not.
    """
    from pyspark.sql.pandas.types import from_arrow_schema
    from pyspark.sql.types import StructField, StructType

    wanted = RowOptions.of(**options)
    if lacking := [name for name in wanted.columns if name not in given.names]:
        raise ValueError(f"There is no column {lacking[0]!r}. There are: {', '.join(given.names)}.")
    kept = {"id": wanted.id} if wanted.id is not None else {}
    kept |= {name: name for name in wanted.carry}
    fields = [
        StructField(field.name, given[kept[field.name]].dataType) if field.name in kept else field
        for field in from_arrow_schema(output_schema(wanted))
    ]
    return StructType(fields)
