"""Decide which recognizers of a pipeline that spaCy runs are stages of the kernels', and say why others are not.

Each stage is compiled by itself; together they are compared with spaCy on the built-in sample.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from spanwise.pipelines.annotations import ENTITIES_AND_SENTENCES
from spanwise.pipelines.entities.compiled.comparison import SAMPLE, differing
from spanwise.pipelines.entities.compiled.compiled_engine import compile_pipeline
from spanwise.pipelines.entities.compiled.tokenizer_reading import TokenizerReading
from spanwise.pipelines.entities.compiled.unsupported import Unsupported
from spanwise.pipelines.entities.recognizer_stage import RecognizerStage
from spanwise.pipelines.entities.spacy_engine import SpacyEngine
from spanwise.pipelines.entities.spacy_pipeline import LoadedPipeline
from spanwise.pipelines.extension_specs import Extensions
from spanwise.pipelines.load_errors import first_line


@dataclass(frozen=True, slots=True)
class StageChoice:
    """The compiled recognizers by name, and why others are left to spaCy."""

    stages: Mapping[str, RecognizerStage] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    defect: str | None = None
    """Which recognizer should have been compiled and failed, and how; None where there is none."""


def choose_stages(
    loaded: LoadedPipeline, own: SpacyEngine, extensions: Extensions | None, reading: TokenizerReading | None
) -> StageChoice:
    """Compile the recognizers of a pipeline that spaCy runs; none where an answer to the sample differs from `own`."""
    stages: dict[str, RecognizerStage] = {}
    reasons: dict[str, str] = {}
    failed: dict[str, str] = {}
    for name in (one.name for one in loaded.plan.components if one.factory == "ner" and not one.is_opaque):
        try:
            size = loaded.word_table_mb << 20
            recognizer = compile_pipeline(loaded.nlp, name, None, reading=reading, lexicon_bytes=size)
            stages[name] = RecognizerStage(recognizer)
        except Unsupported as error:
            reasons[name] = str(error)
        except Exception as error:  # noqa: BLE001 - a model that nobody foresaw must not keep the service from starting
            failed[name] = f"compiling it failed: {first_line(error)}"
    if stages and (why := _why_wrong(loaded, own, extensions, stages)):
        failed |= dict.fromkeys(stages, why)
        stages = {}
    defect = next((f"{name}: {reason}" for name, reason in failed.items()), None)
    return StageChoice(stages, reasons | failed, defect)


def _why_wrong(
    loaded: LoadedPipeline, own: SpacyEngine, extensions: Extensions | None, stages: Mapping[str, RecognizerStage]
) -> str | None:
    """Return how the answers of stages to the sample are not those of spaCy; None where they are."""
    staged = SpacyEngine(loaded.nlp, loaded.plan, extensions, stages)
    try:
        wrong = len(differing(staged, own, SAMPLE, wanted=loaded.layers & ENTITIES_AND_SENTENCES))
    except Exception as error:  # noqa: BLE001 - likewise
        return f"comparing it with spaCy's failed: {first_line(error)}"
    return f"{wrong} of {len(SAMPLE)} built-in texts were answered differently" if wrong else None
