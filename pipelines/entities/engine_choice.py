"""Choose the engine of a pipeline: the compiled one where it knows the pipeline and agrees with spaCy, else spaCy's.

Layers that the kernels do not know are computed by spaCy's own components beside them (`mixed_engine.py`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from spanwise.pipelines.annotations import ENGINE_LAYERS, ENTITIES_AND_SENTENCES
from spanwise.pipelines.entities.compiled.calibration_file import KnownCalibrations
from spanwise.pipelines.entities.compiled.comparison import SAMPLE, differing
from spanwise.pipelines.entities.compiled.compiled_engine import compile_pipeline
from spanwise.pipelines.entities.compiled.tokenizer_reading import TokenizerReading
from spanwise.pipelines.entities.compiled.unsupported import Unsupported
from spanwise.pipelines.entities.deferred_engine import DeferredEngine
from spanwise.pipelines.entities.engine import Engine
from spanwise.pipelines.entities.mixed_engine import MixedEngine
from spanwise.pipelines.entities.spacy_engine import SpacyEngine
from spanwise.pipelines.entities.spacy_pipeline import LoadedPipeline
from spanwise.pipelines.entities.vocabulary import warm_vocabulary
from spanwise.pipelines.extension_specs import Extensions
from spanwise.pipelines.load_errors import first_line


@dataclass(frozen=True, slots=True)
class Fallback:
    """Why spaCy's own components compute the entities or the sentences, or tokens that should be compiled.

    `is_defect`: the compiled engine should have served and failed, so that somebody must look.
    """

    reason: str
    is_defect: bool


def choose_engine(
    loaded: LoadedPipeline,
    extensions: Extensions | None = None,
    known: KnownCalibrations | None = None,
    reading: TokenizerReading | None = None,
) -> tuple[Engine, Fallback | None]:
    """Compile the pipeline and compare it with spaCy on the built-in sample, or fall back and say why.

    `known` calibrations, `reading`: see `compile_pipeline`.
    """
    plan = loaded.plan
    own = SpacyEngine(loaded.nlp, plan, extensions)
    if plan.is_intertwined:
        fallback = Fallback("components beside the recognizer read or write entities", is_defect=False)
    else:
        try:
            compiled = compile_pipeline(loaded.nlp, plan.recognizer, plan.boundaries.name, known=known, reading=reading)
            lender = DeferredEngine(own, partial(_load_again, loaded.reload, extensions))
            engine = MixedEngine(compiled, lender, plan, (loaded.layers & ENGINE_LAYERS) - compiled.layers)
            wrong = len(differing(engine, own, wanted=loaded.layers & ENTITIES_AND_SENTENCES))
        except Unsupported as error:
            fallback = Fallback(str(error), is_defect=False)
        except Exception as error:  # noqa: BLE001
            # A model that the compiler did not foresee must not keep the service from starting.
            fallback = Fallback(f"compiling it failed: {first_line(error)}", is_defect=True)
        else:
            if not wrong and "sentences" in compiled.layers:
                return engine, None
            if not wrong:
                warm_vocabulary(loaded.nlp)
                return engine, Fallback(f"spaCy's {plan.boundaries.name} sets sentences", is_defect=False)
            reason = f"{wrong} of {len(SAMPLE)} built-in texts were answered differently"
            fallback = Fallback(reason, is_defect=True)
    warm_vocabulary(loaded.nlp)
    return own, fallback


def _load_again(reload: Callable[[], LoadedPipeline], extensions: Extensions | None) -> Engine:
    loaded = reload()
    warm_vocabulary(loaded.nlp)
    return SpacyEngine(loaded.nlp, loaded.plan, extensions)
