"""Read the setting that names the pipelines, and find their folders, without importing spaCy."""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from spanwise.pipelines.load_errors import PipelineNotFound, PipelineSpecError


@dataclass(frozen=True, slots=True)
class PipelineSpec:
    """One entry of the setting: the language that callers name, and an installed package or a folder."""

    language: str
    source: str


def parse_specs(setting: str) -> list[PipelineSpec]:
    """Parse `"en=en_core_web_sm,fr=/models/fr"` into specs, the default pipeline first. Raises `PipelineSpecError`."""
    specs = []
    for entry in filter(None, (part.strip() for part in setting.split(","))):
        language, equals, source = (part.strip() for part in entry.partition("="))
        if not (language and equals and source):
            raise PipelineSpecError("Name each pipeline as language=package, with commas between: en=en_core_web_sm.")
        specs.append(PipelineSpec(language, source))
    if not specs:
        raise PipelineSpecError("At least one pipeline is needed: en=en_core_web_sm.")
    languages = [spec.language for spec in specs]
    if len(set(languages)) < len(languages):
        raise PipelineSpecError("Each language can have one pipeline only.")
    return specs


def locate(source: str) -> Path:
    """Return the folder with the data of an installed package, or the folder itself. Raises `PipelineNotFound`.

    Nothing is imported and no weights are loaded, so that the check is cheap enough to run before anything starts.
    """
    folder = Path(source)
    if (folder / "config.cfg").is_file():
        return folder
    try:
        found = find_spec(source) if source.isidentifier() else None
    except (ImportError, ValueError):
        found = None
    if found is None or not found.origin or not found.has_location:
        raise PipelineNotFound(
            f"There is no pipeline {source!r}: no installed package and no folder with a config.cfg."
        )
    for config in sorted(Path(found.origin).parent.glob("*/config.cfg")):
        return config.parent
    raise PipelineNotFound(f"The package {source!r} holds no spaCy pipeline.")
