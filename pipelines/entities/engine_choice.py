"""Choose the engine of a pipeline: the compiled one where it knows the pipeline and agrees with spaCy, else spaCy's.

Layers that the kernels do not know are computed by spaCy's own components beside them (`mixed_engine.py`). Entities and
sentences are compiled together or left to spaCy together, but for boundaries alone, with the rulers that write entities
(`ruler_choice.py`); each classifier of texts or spans is judged by itself (`classifier_choice.py`, `span_choice.py`).
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from spanwise.pipelines.annotations import ENGINE_LAYERS, ENTITIES_AND_SENTENCES, SPANS, Layer
from spanwise.pipelines.entities.classifier_choice import compilable_classifiers, differing_classifiers, merger_of
from spanwise.pipelines.entities.compiled.calibration_file import KnownCalibrations
from spanwise.pipelines.entities.compiled.comparison import SAMPLE, differing
from spanwise.pipelines.entities.compiled.compiled_engine import compile_pipeline
from spanwise.pipelines.entities.compiled.shared_networks import AnyClassifier
from spanwise.pipelines.entities.compiled.tokenizer_reading import TokenizerReading
from spanwise.pipelines.entities.compiled.unsupported import Unsupported
from spanwise.pipelines.entities.component_plan import Plan
from spanwise.pipelines.entities.deferred_engine import DeferredEngine
from spanwise.pipelines.entities.engine import Engine
from spanwise.pipelines.entities.mixed_engine import MixedEngine
from spanwise.pipelines.entities.recognizer_stage import RecognizerStage
from spanwise.pipelines.entities.ruler_choice import RulerChoice, choose_rulers, reading_more
from spanwise.pipelines.entities.spacy_engine import SpacyEngine
from spanwise.pipelines.entities.spacy_pipeline import LoadedPipeline
from spanwise.pipelines.entities.span_choice import (
    compilable_categorizers,
    differing_categorizers,
    span_merger_of,
)
from spanwise.pipelines.entities.stage_choice import StageChoice, choose_stages
from spanwise.pipelines.entities.vocabulary import warm_vocabulary
from spanwise.pipelines.extension_specs import Extensions
from spanwise.pipelines.load_errors import first_line


@dataclass(frozen=True, slots=True)
class Fallback:
    """Why spaCy's own components compute entities or sentences, or tokens or a classifier that should be compiled.

    `is_defect`: the compiled engine should have served and failed, so that somebody must look. `only_sentences`: the
    compiled engine finds the entities, and a compiled parser may yet set the sentences.
    """

    reason: str
    is_defect: bool
    only_sentences: bool = False


class Choice(NamedTuple):
    """The engine of a pipeline, why it is not the compiled one, and why others are left to spaCy, by name.

    The others are rulers, and classifiers of texts and of spans.
    """

    engine: Engine
    fallback: Fallback | None
    reasons: Mapping[str, str]


_NOT_FITTING = "the kernels do not know its static vectors"


def choose_engine(
    loaded: LoadedPipeline,
    extensions: Extensions | None = None,
    known: KnownCalibrations | None = None,
    reading: TokenizerReading | None = None,
) -> Choice:
    """Compile the pipeline and compare it with spaCy on the built-in sample, or fall back and say why.

    `known` calibrations, `reading`: see `compile_pipeline`.
    """
    plan = loaded.plan
    own = SpacyEngine(loaded.nlp, plan, extensions)
    rules, unread = _rulers(loaded)
    refused = Fallback(_why_intertwined(plan), is_defect=False) if plan.is_intertwined else unread
    if refused or rules.rulers is None:
        loaded.ruler_files.fill()
    staged = choose_stages(loaded, own, extensions, reading) if refused else StageChoice()
    stages = staged.stages
    make = partial(_attempt, loaded, own, extensions, known, reading=reading, rules=rules, stages=stages)
    of_texts, reasons = compilable_classifiers(loaded.nlp, plan, loaded.layers)
    of_spans, other_reasons = compilable_categorizers(loaded.nlp, plan, loaded.layers)
    classifiers: dict[str, AnyClassifier] = {**of_texts, **of_spans}
    reasons |= other_reasons | rules.reasons | staged.reasons
    if refused and staged.defect:
        others = [one.name for one in plan.components if one.is_ruler or one.writes & ENTITIES_AND_SENTENCES]
        reasons = dict.fromkeys(others, refused.reason) | reasons
        refused = Fallback(f"{refused.reason}; {staged.defect}", is_defect=True)
    engine: MixedEngine | None = None
    fallback, with_entities = refused, refused is None
    if with_entities:
        engine, fallback = make(classifiers, with_entities=True)
    if engine is None and classifiers:
        with_entities = False
        engine, alone = make(classifiers, with_entities=False)
        if engine is None and alone:
            reasons |= dict.fromkeys(classifiers, alone.reason)
            if alone.is_defect and refused is None:  # is the classifier what has failed?
                with_entities = True
                engine, fallback = make({}, with_entities=True)
            fallback = fallback or alone
    if engine is not None and classifiers:
        wrong = _differing(engine, own)
        if wrong:
            reasons |= wrong
            right = {name: one for name, one in classifiers.items() if name not in wrong}
            engine, other = make(right, with_entities=with_entities) if with_entities or right else (None, None)
            fallback = fallback or other or Fallback(f"classifiers: {next(iter(wrong.values()))}", is_defect=True)
    if engine is not None:
        known_names = {*_compiled(engine), *reasons}
        reasons |= {name: _NOT_FITTING for name in classifiers if name not in known_names}
    if _may_run_rulers(loaded, engine, fallback):
        loaded.ruler_files.fill()
    if engine is None or fallback:
        warm_vocabulary(loaded.nlp)
    served = SpacyEngine(loaded.nlp, plan, extensions, stages) if stages else own
    return Choice(engine or served, fallback, reasons)


def _may_run_rulers(loaded: LoadedPipeline, engine: MixedEngine | None, fallback: Fallback | None) -> bool:
    """Return whether spaCy's own engine may be asked for what the compiled rulers find."""
    if engine is None or "extensions" in engine.borrowed or (fallback and not fallback.only_sentences):
        return True
    chain = loaded.plan.chain(engine.borrowed | ENTITIES_AND_SENTENCES - engine.compiled.layers)
    return not loaded.ruler_files.read.keys().isdisjoint(chain)


def _compiled(engine: MixedEngine) -> set[str]:
    """Return the names of the classifiers, of texts and of spans, that an engine's kernels compute."""
    return {*engine.compiled.classifiers, *engine.compiled.categorizers}


def _differing(engine: MixedEngine, own: Engine) -> dict[str, str]:
    """Return the compiled classifiers that answer the built-in sample in another way than spaCy, with the reasons."""
    compiled = engine.compiled
    wrong = differing_classifiers(engine, own, compiled.classifiers) if compiled.classifiers else {}
    return wrong | (differing_categorizers(engine, own, compiled.categorizers) if compiled.categorizers else {})


def _attempt(
    loaded: LoadedPipeline,
    own: Engine,
    extensions: Extensions | None,
    known: KnownCalibrations | None,
    classifiers: Mapping[str, AnyClassifier],
    *,
    reading: TokenizerReading | None,
    rules: RulerChoice,
    stages: Mapping[str, RecognizerStage],
    with_entities: bool,
) -> tuple[MixedEngine | None, Fallback | None]:
    """Compile classifiers, with entities and sentences or without. Return no engine, or one with what spaCy still does.

    Without entities and sentences there is a `Fallback` only where there is no engine.
    """
    plan = loaded.plan
    entities, sentences = (plan.recognizer, plan.boundaries.name) if with_entities else (None, None)
    rulers = rules.rulers if with_entities else None
    try:
        compiled = compile_pipeline(
            loaded.nlp,
            entities,
            sentences,
            classifiers,
            known=known,
            reading=reading,
            lexicon_bytes=loaded.word_table_mb << 20,
            rulers=rulers,
            within_sentences=with_entities and plan.keeps_to_boundaries,
        )
        chosen = {*compiled.classifiers, *compiled.categorizers}
        lender_plan = plan.without(chosen)
        lender = DeferredEngine(
            SpacyEngine(loaded.nlp, lender_plan, extensions, stages),
            partial(_load_again, loaded.reload, extensions, chosen, stages),
        )
        borrowed = (loaded.layers & ENGINE_LAYERS) - compiled.layers
        merge = None
        if compiled.classifiers and any("categories" in one.writes for one in lender_plan.components):
            borrowed |= {"categories"}
            merge = merger_of(loaded.nlp, plan, compiled.classifiers)
        merge_spans = None
        if compiled.categorizers and any("spans" in one.writes for one in lender_plan.components):
            borrowed |= {"spans"}
            merge_spans = span_merger_of(loaded.nlp, plan, compiled.categorizers)
        engine = MixedEngine(
            compiled, lender, lender_plan, borrowed, merge_categories=merge, merge_spans=merge_spans, stages=[*stages]
        )
        of_rulers = rulers.steps.layers & SPANS if rulers else frozenset[Layer]()
        texts, compared = (*SAMPLE, *rules.texts), ENTITIES_AND_SENTENCES | of_rulers
        wrong = with_entities and len(differing(engine, own, texts, wanted=loaded.layers & compared))
    except Unsupported as error:
        return None, Fallback(str(error), is_defect=False)
    except Exception as error:  # noqa: BLE001
        # A model that the compiler did not foresee must not keep the service from starting.
        return None, Fallback(f"compiling it failed: {first_line(error)}", is_defect=True)
    if wrong:
        return None, Fallback(f"{wrong} of {len(texts)} built-in texts were answered differently", is_defect=True)
    if with_entities and "sentences" not in compiled.layers:
        return engine, Fallback(f"spaCy's {plan.boundaries.name} sets sentences", is_defect=False, only_sentences=True)
    return engine, None


def _rulers(loaded: LoadedPipeline) -> tuple[RulerChoice, Fallback | None]:
    """Compile the rulers. Returns why entities are left to spaCy, where a ruler that writes some is not understood."""
    try:
        return choose_rulers(loaded), None
    except Unsupported as error:
        return RulerChoice(reasons=reading_more(loaded.plan)), Fallback(str(error), is_defect=False)
    except Exception as error:  # noqa: BLE001 - rules that nobody foresaw must not keep the service from starting
        return RulerChoice(reasons=reading_more(loaded.plan)), Fallback(
            f"compiling the rulers failed: {first_line(error)}", is_defect=True
        )


def _why_intertwined(plan: Plan) -> str:
    """Return why entities are not compiled where several components read or write them."""
    writers = [one for one in plan.components if "entities" in one.writes or one.is_opaque]
    if reading := next((one for one in writers if one.is_ruler and one.reads_all), None):
        return f"{reading.name} reads more than the text"
    return "components beside the recognizer read or write entities"


def _load_again(
    reload: Callable[[], LoadedPipeline],
    extensions: Extensions | None,
    compiled: Collection[str],
    stages: Mapping[str, RecognizerStage],
) -> Engine:
    loaded = reload()
    warm_vocabulary(loaded.nlp)
    return SpacyEngine(loaded.nlp, loaded.plan.without(compiled), extensions, stages)
