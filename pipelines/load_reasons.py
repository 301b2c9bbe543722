"""Say in one line why spaCy cannot load a pipeline, and what to do about it."""

import json
import re
from pathlib import Path

from confection import ConfigValidationError
from spacy import about
from spacy.util import is_compatible_version

from spanwise.pipelines.load_errors import CodeMissing, PipelineBroken

_FACTORY = re.compile(r"\[E002\] Can't find factory for '([^']+)'")
_FUNCTION = re.compile(r"[Cc]ould not find (?:function )?'([^']+)' in (?:function )?registry '?([\w -]+)'?")
_PACKAGES = {
    "curated_transformer": "spacy-curated-transformers",
    "llm": "spacy-llm",
    "transformer": "spacy-transformers",
}
"""The distributions of the factories that spaCy documents and other packages register; these need no import."""


def why_broken(source: str, folder: Path, error: Exception) -> PipelineBroken:
    """Return the error to raise for a pipeline whose loading ended with this exception."""
    told = " ".join(str(error).split())
    if found := _FACTORY.search(told):
        return CodeMissing(_no_factory(source, found[1]))
    if found := _FUNCTION.search(told):
        what = f"the function {found[1]!r} of the registry {found[2].strip().replace(' -> ', '.')!r}"
        return CodeMissing(f"The pipeline {source!r} needs {what}, which nothing registers. {_ADVICE}")
    return PipelineBroken(f"The pipeline {source!r} cannot be loaded{_other_version(folder)}: {_told(error)}")


_ADVICE = "Import the module that registers it before pipelines are loaded: SPANWISE_COMPONENTS=package.module."


def _told(error: Exception) -> str:
    """Return an error's first line; of an error about the configuration, also the next one, which names the mistake."""
    lines = [" ".join(line.split()) for line in str(error).splitlines() if line.strip()]
    return ": ".join(lines[: 2 if isinstance(error, ConfigValidationError) else 1]) or type(error).__name__


def _no_factory(source: str, factory: str) -> str:
    needs = f"The pipeline {source!r} needs the component factory {factory!r}, which nothing registers."
    if factory in _PACKAGES:
        return f"{needs} The package {_PACKAGES[factory]} has it: pip install {_PACKAGES[factory]}."
    return f"{needs} {_ADVICE}"


def _other_version(folder: Path) -> str:
    """Say which versions of spaCy the pipeline was made for, if the installed one is not among them."""
    try:
        wanted = json.loads((folder / "meta.json").read_text("utf-8")).get("spacy_version")
    except (OSError, ValueError, AttributeError):
        return ""
    if not isinstance(wanted, str) or is_compatible_version(about.__version__, wanted) is not False:
        return ""
    return f" (it was made for spaCy {wanted}, and this is spaCy {about.__version__})"
