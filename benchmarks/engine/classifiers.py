"""Measure compiled text classifiers beside `nlp.pipe` of the same classifier, with random weights, in turn.

Weights do not change the time that a classifier takes, so that none has to be trained. Widths and depths are those of
spaCy's default configurations.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import spacy
from spacy.language import Language
from spacy.training import Example

from benchmarks.engine.timing import medians
from benchmarks.offline import BATCH_SIZE
from spanwise.pipelines.annotations import CATEGORIES
from spanwise.pipelines.entities.compiled.classifiers import read_classifier
from spanwise.pipelines.entities.compiled.compiled_engine import compile_pipeline
from spanwise.pipelines.entities.engine import Engine

_LABELS = ("REFUND", "PRAISE", "OTHER")
_NGRAMS = {"@architectures": "spacy.TextCatBOW.v3", "exclusive_classes": True, "no_output_layer": False}


def tok2vec(width: int, depth: int, attributes: Sequence[str]) -> dict[str, Any]:
    """Return the configuration of a tok2vec."""
    embed = {"@architectures": "spacy.MultiHashEmbed.v2", "width": width, "attrs": list(attributes)}
    return {
        "@architectures": "spacy.Tok2Vec.v2",
        "embed": {**embed, "rows": [2000] * len(attributes), "include_static_vectors": False},
        "encode": {
            "@architectures": "spacy.MaxoutWindowEncoder.v2",
            "width": width,
            "depth": depth,
            "window_size": 1,
            "maxout_pieces": 3,
        },
    }


_WIDE = tok2vec(96, 4, ("NORM", "PREFIX", "SUFFIX", "SHAPE"))
_NARROW = tok2vec(64, 2, ("NORM", "LOWER", "PREFIX", "SUFFIX", "SHAPE"))
_POOLINGS = {f"use_reduce_{name}": True for name in ("first", "last", "max", "mean")}

MODELS: dict[str, dict[str, Any]] = {
    "TextCatBOW.v3, unigrams": {**_NGRAMS, "ngram_size": 1},
    "TextCatBOW.v3, trigrams": {**_NGRAMS, "ngram_size": 3},
    "TextCatCNN.v2": {"@architectures": "spacy.TextCatCNN.v2", "exclusive_classes": True, "tok2vec": _WIDE},
    "TextCatReduce.v1, all poolings": {
        "@architectures": "spacy.TextCatReduce.v1",
        "exclusive_classes": True,
        "tok2vec": _WIDE,
        **_POOLINGS,
    },
    "TextCatEnsemble.v2, the default": {
        "@architectures": "spacy.TextCatEnsemble.v2",
        "tok2vec": _NARROW,
        "linear_model": {**_NGRAMS, "ngram_size": 1},
    },
    "TextCatParametricAttention.v1": {
        "@architectures": "spacy.TextCatParametricAttention.v1",
        "exclusive_classes": True,
        "tok2vec": _WIDE,
    },
}


def print_classifiers(texts: Sequence[str], rounds: int) -> None:
    """Measure every architecture, and print a table of texts per second."""
    print(f"\nText classifiers, batches of {BATCH_SIZE}; texts per second")
    print(f"{'':34}{'nlp.pipe':>10}{'engine':>10}{'ratio':>8}")
    for name, model in MODELS.items():
        nlp = _pipeline(model)
        engine = compile_pipeline(nlp, None, None, {"textcat": read_classifier(nlp, "textcat")})
        took = medians({"spacy": partial(_spacy, nlp, texts), "engine": partial(_engine, engine, texts)}, rounds)
        spacy_rate, rate = len(texts) / took["spacy"], len(texts) / took["engine"]
        print(f"{name:34}{spacy_rate:>10.0f}{rate:>10.0f}{rate / spacy_rate:>8.1f}", flush=True)


def _pipeline(model: dict[str, Any]) -> Language:
    nlp = spacy.blank("en")
    component: Any = nlp.add_pipe("textcat", config={"model": model})
    cats = dict.fromkeys(_LABELS, 0.0)
    nlp.initialize(lambda: [Example.from_dict(nlp.make_doc(f"a text {label}"), {"cats": cats}) for label in _LABELS])
    random = np.random.default_rng(0)
    for layer in component.model.walk():
        for name in layer.param_names:
            if layer.has_param(name):
                shape = layer.get_param(name).shape
                layer.set_param(name, random.normal(scale=0.1, size=shape).astype("float32"))
    return nlp


def _spacy(nlp: Language, texts: Sequence[str]) -> int:
    return sum(len(doc.cats) for doc in nlp.pipe(texts, batch_size=BATCH_SIZE))


def _engine(engine: Engine, texts: Sequence[str]) -> int:
    batches = (texts[first : first + BATCH_SIZE] for first in range(0, len(texts), BATCH_SIZE))
    return sum(len(engine.annotate(batch, [CATEGORIES] * len(batch))) for batch in batches)
