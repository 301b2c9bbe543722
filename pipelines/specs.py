"""What is to be loaded: a pipeline's name, language and source; and where its folder is, without importing spaCy."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from spanwise.pipelines.load_errors import PipelineNotFound, PipelineSpecError
from spanwise.pipelines.official_pipelines import how_to_install

_VERSION_AT_THE_END = re.compile(r"-\d+(\.\d+)+$")


@dataclass(frozen=True, slots=True)
class PipelineSpec:
    """One pipeline to load. Neither `language` nor `name` has to be what the pipeline's own `meta.json` says."""

    language: str
    """The language that callers ask for, and that answers carry."""
    source: str
    """An installed package or a folder."""
    name: str = ""
    """The name that callers ask for, and that answers carry; by default that of the source (`name_of_source`)."""
    disable: tuple[str, ...] = ()
    """Components that are left out."""
    sentiment: Mapping[Literal["negative", "neutral", "positive"], str] = field(default_factory=dict, hash=False)
    """For each of our sentiment labels, the label of the pipeline's own classifier that means the same."""

    def __post_init__(self) -> None:
        if not self.name:
            object.__setattr__(self, "name", name_of_source(self.source))


def name_of_source(source: str) -> str:
    """Return the name that a pipeline gets by default: the package's, or the folder's own without a version at its end.

    The names in a folder's `meta.json` do not count, because a pipeline that somebody changed and saved still carries
    the original's there.
    """
    own = Path(source).name
    if own in {"", ".", ".."}:
        own = Path(source).resolve().name
    return _VERSION_AT_THE_END.sub("", own)


def locate(source: str) -> Path:
    """Return the folder with the data of an installed package, or the folder itself. Raises `PipelineNotFound`.

    Nothing is imported and no weights are loaded, so that the check is cheap enough to run before anything starts.
    """
    folder = Path(source)
    if (folder / "config.cfg").is_file():
        return folder
    if (folder / "meta.json").is_file():
        raise PipelineNotFound(
            f"The folder {source!r} has no config.cfg: spaCy 2 wrote it, or it is a part of a pipeline."
        )
    try:
        found = find_spec(source) if source.isidentifier() else None
    except (ImportError, ValueError):
        found = None
    if found is None or not found.origin or not found.has_location:
        raise PipelineNotFound(
            f"There is no pipeline {source!r}: no installed package and no folder with a config.cfg."
            + how_to_install(source)
        )
    for config in sorted(Path(found.origin).parent.glob("*/config.cfg")):
        return config.parent
    raise PipelineNotFound(f"The package {source!r} holds no spaCy pipeline.")


def leave_out(source: str, config: dict[str, Any], disable: Iterable[str]) -> list[str]:
    """Take components out of a pipeline's configuration, and return their names. Raises `PipelineSpecError`.

    A name that the pipeline does not have is an error, because spaCy would pass over it and run what was misspelt.
    """
    names: list[str] = config["nlp"]["pipeline"]
    left_out = list(disable)
    if unknown := [name for name in left_out if name not in names]:
        raise PipelineSpecError(
            f"The pipeline {source!r} has no component {unknown[0]!r} to disable. It has: {', '.join(names)}."
        )
    config["nlp"]["pipeline"] = [name for name in names if name not in left_out]
    return left_out
