"""What makes two runs the same job: everything that the output depends on, and nothing else.

The number of workers, their threads, the progress and the place of the cluster may change from run to run.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any, Literal

import orjson

from spanwise.bulk.pipeline_source import PipelineSource
from spanwise.bulk.row_options import RowOptions

OutputFormat = Literal["parquet", "jsonl"]
_LAYOUT = 1
"""Raised when parts are cut or written in another way."""


@dataclass(frozen=True, slots=True)
class JobSpec:
    """One job as its user states it."""

    options: RowOptions
    source: PipelineSource
    output: str
    """The folder that parts are written to: a path or a URI."""
    output_format: OutputFormat = "parquet"
    limit: int | None = None


def identity_of(spec: JobSpec, pipelines: Sequence[Mapping[str, Any]], unit_bytes: int) -> dict[str, Any]:
    """Return what the names of parts depend on besides the input: options, pipelines with digests, version."""
    options = {name: _plain(value) for name, value in asdict(spec.options).items()}
    return {
        "layout": _LAYOUT,
        "version": version("spanwise"),
        "options": options,
        "output_format": spec.output_format,
        "limit": spec.limit,
        "unit_bytes": unit_bytes,
        "pipelines": [
            dict(loaded) | {"disable": list(named.disable), "sentiment_labels": dict(named.sentiment)}
            for loaded, named in zip(pipelines, spec.source.specs, strict=True)
        ],
        "extensions": spec.source.extensions,
        "components": list(spec.source.components),
        "detects_languages": spec.source.detects,
    }


def digest_of(identity: Mapping[str, Any]) -> str:
    """Return a digest of an identity."""
    return hashlib.sha256(orjson.dumps(identity, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]


def differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """Return the names of what differs, those of options one by one."""
    names = [name for name in one.keys() | other.keys() if name != "options" and one.get(name) != other.get(name)]
    mine, theirs = one.get("options", {}), other.get("options", {})
    names += [name for name in mine.keys() | theirs.keys() if mine.get(name) != theirs.get(name)]
    return sorted(names)


def _plain(value: Any) -> Any:
    return sorted(value) if isinstance(value, frozenset) else list(value) if isinstance(value, tuple) else value
