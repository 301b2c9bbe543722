"""Measure compiled span categorizers beside `nlp.pipe` of the same ones over a shared tok2vec, with random weights.

Weights do not change the time that the scores take. The bias of the output layer is set so that about one span in a
hundred gets a label, as of a trained categorizer: every further one would cost spaCy a `Span`. Widths and depths are
those of spaCy's default configurations.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import spacy
from spacy.language import Language
from spacy.tokens import Span
from spacy.training import Example

from benchmarks.engine.classifiers import tok2vec
from benchmarks.engine.timing import medians
from benchmarks.offline import BATCH_SIZE
from spanwise.pipelines.annotations import SPANS
from spanwise.pipelines.entities.compiled.compiled_engine import compile_pipeline
from spanwise.pipelines.entities.compiled.span_categorizers import read_span_categorizer
from spanwise.pipelines.entities.engine import Engine

_LABELS = ("REFUND", "PRAISE", "OTHER")
_WIDTH = 96
_LABELLED = 0.01
"""The part of all spans that gets a label."""

_LISTENER = {"@architectures": "spacy.Tok2VecListener.v1", "width": _WIDTH, "upstream": "*"}
_SCORERS = {"spancat": {"@layers": "spacy.LinearLogistic.v1"}, "spancat_singlelabel": {"@layers": "Softmax.v2"}}

CATEGORIZERS = {
    "spancat, 1 to 3 tokens": ("spancat", 3),
    "spancat, 1 to 8 tokens": ("spancat", 8),
    "spancat_singlelabel, 1 to 3 tokens": ("spancat_singlelabel", 3),
}


def print_categorizers(texts: Sequence[str], rounds: int) -> None:
    """Measure every kind, and print a table of texts per second."""
    print(f"\nSpan categorizers over a shared tok2vec, batches of {BATCH_SIZE}; texts per second")
    print(f"{'':36}{'nlp.pipe':>10}{'engine':>10}{'ratio':>8}{'spans a text':>14}")
    for name, (factory, longest) in CATEGORIZERS.items():
        nlp = _pipeline(factory, longest, texts)
        engine = compile_pipeline(nlp, None, None, {factory: read_span_categorizer(nlp, factory)})
        found = _engine(engine, texts)
        took = medians({"spacy": partial(_spacy, nlp, texts), "engine": partial(_engine, engine, texts)}, rounds)
        spacy_rate, rate = len(texts) / took["spacy"], len(texts) / took["engine"]
        row = f"{name:36}{spacy_rate:>10.0f}{rate:>10.0f}{rate / spacy_rate:>8.1f}{found / len(texts):>14.1f}"
        print(row, flush=True)


def _pipeline(factory: str, longest: int, texts: Sequence[str]) -> Language:
    nlp = spacy.blank("en")
    nlp.add_pipe("tok2vec", config={"model": tok2vec(_WIDTH, 4, ("NORM", "PREFIX", "SUFFIX", "SHAPE"))})
    model = {
        "@architectures": "spacy.SpanCategorizer.v1",
        "tok2vec": _LISTENER,
        "reducer": {"@layers": "spacy.mean_max_reducer.v1", "hidden_size": 128},
        "scorer": _SCORERS[factory],
    }
    suggester = {"@misc": "spacy.ngram_range_suggester.v1", "min_size": 1, "max_size": longest}
    component: Any = nlp.add_pipe(factory, config={"model": model, "suggester": suggester})
    nlp.initialize(lambda: [_example(nlp, label) for label in _LABELS])
    random = np.random.default_rng(0)
    output = next(layer for layer in component.model.get_ref("scorer").walk() if layer.has_param("W"))
    output.set_param("W", random.normal(scale=0.1, size=output.get_param("W").shape).astype("float32"))
    _make_rare(nlp, component, output, texts)
    return nlp


def _example(nlp: Language, label: str) -> Example:
    known = nlp.make_doc(f"a text {label}")
    known.spans["sc"] = [Span(known, 2, 3, label)]
    return Example(nlp.make_doc(known.text), known)


def _make_rare(nlp: Language, component: Any, output: Any, texts: Sequence[str]) -> None:
    """Lower the bias of the labels, or raise that of the negative class, until few spans have a label."""
    docs = [nlp.make_doc(text) for text in texts[:BATCH_SIZE]]
    for _, one in nlp.pipeline[:-1]:
        docs = list(one.pipe(docs))  # type: ignore[attr-defined]
    for _ in range(20):
        _, scores = component.predict(docs)
        labels = scores[:, : len(_LABELS)]
        limit = scores[:, -1] if component.add_negative_label else 0.5
        if (labels.max(axis=1) >= limit).mean() <= _LABELLED:
            return
        bias = output.get_param("b").copy()
        bias[: len(_LABELS)] -= 0.25
        output.set_param("b", bias)


def _spacy(nlp: Language, texts: Sequence[str]) -> int:
    return sum(len(doc.spans["sc"]) for doc in nlp.pipe(texts, batch_size=BATCH_SIZE))


def _engine(engine: Engine, texts: Sequence[str]) -> int:
    batches = (texts[first : first + BATCH_SIZE] for first in range(0, len(texts), BATCH_SIZE))
    return sum(len(one.spans) for batch in batches for one in engine.annotate(batch, [SPANS] * len(batch)))
