"""Choose the engine of a pipeline: the compiled one where it knows the pipeline and agrees with spaCy, else spaCy's."""

from dataclasses import dataclass

from spanwise.pipelines.annotations import Layers
from spanwise.pipelines.entities.compiled.calibration_file import KnownCalibrations
from spanwise.pipelines.entities.compiled.comparison import SAMPLE, differing
from spanwise.pipelines.entities.compiled.compiled_engine import compile_pipeline
from spanwise.pipelines.entities.compiled.unsupported import Unsupported
from spanwise.pipelines.entities.engine import Chains, Engine
from spanwise.pipelines.entities.spacy_engine import SpacyEngine
from spanwise.pipelines.entities.spacy_pipeline import LoadedPipeline
from spanwise.pipelines.entities.vocabulary import warm_vocabulary
from spanwise.pipelines.load_errors import first_line


@dataclass(frozen=True, slots=True)
class Fallback:
    """Why spaCy's own engine serves a pipeline, or some of its layers.

    `is_defect`: the compiled engine should have served and failed, so that somebody must look.
    """

    reason: str
    is_defect: bool


def choose_engine(loaded: LoadedPipeline, known: KnownCalibrations | None = None) -> tuple[Engine, Fallback | None]:
    """Compile the pipeline and compare it with spaCy on the built-in sample, or fall back and say why.

    `known` calibrations: see `compile_pipeline`.
    """
    own = SpacyEngine(loaded.nlp, loaded.chains)
    if loaded.whole:
        fallback = Fallback("components beside the recognizer read or write entities", is_defect=False)
    else:
        try:
            entities = loaded.chains.entities[0] if loaded.chains.entities else None
            further = frozenset(loaded.chains.further)
            engine = compile_pipeline(
                loaded.nlp, entities, loaded.chains.sentences[0], own, known=known, further=further
            )
            wrong = len(differing(engine, own))
        except Unsupported as error:
            fallback = Fallback(str(error), is_defect=False)
        except Exception as error:  # noqa: BLE001
            # A model that the compiler did not foresee must not keep the service from starting.
            fallback = Fallback(f"compiling it failed: {first_line(error)}", is_defect=True)
        else:
            if wrong:
                reason = f"{wrong} of {len(SAMPLE)} built-in texts were answered differently"
                fallback = Fallback(reason, is_defect=True)
            elif engine.borrowed:
                warm_vocabulary(loaded.nlp)
                return engine, Fallback(_who_computes(loaded.chains, engine.borrowed), is_defect=False)
            else:
                return engine, None
    warm_vocabulary(loaded.nlp)
    return own, fallback


def _who_computes(chains: Chains, borrowed: Layers) -> str:
    """Say which of spaCy's components compute the layers that the compiled engine borrows."""
    return "; ".join(
        f"spaCy's {', '.join(names)} {'sets' if layer == 'sentences' else 'computes'} {layer}"
        for layer, names in chains.by_layer.items()
        if layer in borrowed
    )
