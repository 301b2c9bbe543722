"""Valid specifications of small models with random weights, as the engines hand them to the kernels."""

from pathlib import Path
from typing import Any
from unittest import mock

from spanwise.pipelines.entities.compiled import compiled_engine, compiled_grammar
from spanwise.pipelines.entities.compiled.compiled_engine import CompiledEngine, compile_pipeline
from spanwise.pipelines.entities.component_plan import plan_of
from spanwise.pipelines.sentiment.artefact import Artefact
from tests.support.artefacts import write_random_model
from tests.support.models import LISTENER, pipeline, recognizer, tok2vec

Spec = dict[str, Any]
Keys = tuple[Any, ...]


class Recorder:
    """Stands in for the type of the kernels, and remembers what it was made of."""

    instructions = "baseline"

    def __init__(self, **spec: Any) -> None:
        self.spec = spec


def at(spec: Any, path: Keys) -> Any:
    """Return the part of a specification at a path of keys and indexes."""
    for key in path:
        spec = spec[key]
    return spec


def replaced(spec: Any, path: Keys, value: Any) -> Any:
    """Return a copy of nested dictionaries and tuples with another value at a path."""
    if not path:
        return value
    key, *rest = path
    changed = replaced(spec[key], tuple(rest), value)
    if isinstance(spec, dict):
        return {**spec, key: changed}
    return (*spec[:key], changed, *spec[key + 1 :])


def small_engine() -> CompiledEngine:
    """Return a compiled engine with static vectors and a sentence recognizer."""
    nlp = pipeline({"ner": recognizer(tok2vec(static_vectors=True)), "senter": {}}, vectors=20)
    return compile_pipeline(nlp, "ner", "senter")


def span_spec() -> Spec:
    """Return the valid specification of such an engine."""
    with mock.patch.object(compiled_engine, "SpanKernels", Recorder):
        made: Any = small_engine()
    return dict(made._kernels.spec)


def token_spec() -> Spec:
    """Return the valid specification of two token networks, with two classifiers and with one."""
    classes = {"model": {"@architectures": "spacy.Tagger.v2", "nO": None, "tok2vec": LISTENER}}
    own = {"model": {"@architectures": "spacy.Tagger.v2", "nO": None, "tok2vec": tok2vec(width=48)}}
    components = {"tok2vec": {"model": tok2vec()}, "tagger": classes, "morphologizer": classes, "tagger2": own}
    nlp = pipeline(components)
    with mock.patch.object(compiled_grammar, "SpanKernels", Recorder):
        made: Any = compiled_grammar.compile_grammar(nlp, plan_of(nlp))
    return dict(made._kernels.spec)


def sentiment_spec(folder: Path) -> Spec:
    """Return the valid specification of a sentiment model, which is written into an empty folder."""
    from spanwise.pipelines.sentiment import compiled_model  # noqa: PLC0415 (it needs the kernels)

    artefact = Artefact.load(write_random_model(folder))
    with mock.patch.object(compiled_model, "SentimentKernels", Recorder):
        made: Any = compiled_model.CompiledModel(artefact)
    return dict(made._kernels.spec)
