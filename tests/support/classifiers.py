"""Configurations of text classifiers of every architecture, for pipelines with random weights."""

from typing import Any

from spacy.language import Language

from tests.support.models import tok2vec


def ngrams(version: int = 3, **changed: Any) -> dict[str, Any]:
    """Return the configuration of a model over n-grams."""
    return {
        "@architectures": f"spacy.TextCatBOW.v{version}",
        "exclusive_classes": True,
        "ngram_size": 1,
        "no_output_layer": False,
        **changed,
    }


def reduced(poolings: str, **changed: Any) -> dict[str, Any]:
    """Return the configuration of a model that pools vectors by first, last, max, mean: those that are named."""
    return {
        "@architectures": "spacy.TextCatReduce.v1",
        "exclusive_classes": True,
        "tok2vec": tok2vec(),
        **{f"use_reduce_{name}": name in poolings.split() for name in ("first", "last", "max", "mean")},
        **changed,
    }


def other(name: str, **changed: Any) -> dict[str, Any]:
    """Return the configuration of a model over vectors."""
    return {"@architectures": f"spacy.{name}", "exclusive_classes": True, "tok2vec": tok2vec(), **changed}


def ensemble(vectors: dict[str, Any] | None = None, **linear: Any) -> dict[str, Any]:
    """Return the configuration of a model over n-grams and vectors."""
    return {
        "@architectures": "spacy.TextCatEnsemble.v2",
        "tok2vec": vectors or tok2vec(),
        "linear_model": ngrams(**linear),
    }


CLASSIFIERS: dict[str, dict[str, Any]] = {
    "n-grams, version 1": ngrams(1),
    "n-grams, version 1, of four tokens": ngrams(1, ngram_size=4, exclusive_classes=False),
    "n-grams, version 2": ngrams(2),
    "n-grams": ngrams(),
    "trigrams": ngrams(ngram_size=3),
    "few rows": ngrams(length=300, ngram_size=2),
    "plain scores": ngrams(no_output_layer=True),
    "not exclusive": ngrams(exclusive_classes=False),
    "CNN, version 1": other("TextCatCNN.v1"),
    "CNN, version 1, not exclusive": other("TextCatCNN.v1", exclusive_classes=False),
    "CNN": other("TextCatCNN.v2", tok2vec=tok2vec(width=37)),
    "CNN, not exclusive": other("TextCatCNN.v2", exclusive_classes=False),
    "first": reduced("first"),
    "last": reduced("last", exclusive_classes=False),
    "max": reduced("max"),
    "all poolings": reduced("first last max mean", tok2vec=tok2vec(width=19, depth=3, pieces=2)),
    "two poolings, not exclusive": reduced("last mean", exclusive_classes=False),
    "attention": other("TextCatParametricAttention.v1"),
    "attention, not exclusive": other(
        "TextCatParametricAttention.v1", exclusive_classes=False, tok2vec=tok2vec(width=37, window=2)
    ),
    "ensemble": ensemble(),
    "ensemble, not exclusive": ensemble(tok2vec(width=24, depth=1), exclusive_classes=False, ngram_size=2),
    "ensemble, version 1 of n-grams": ensemble(version=1, no_output_layer=True),
}


def with_loud_ngrams(nlp: Language) -> Language:
    """Make the weights of n-grams count: random ones are drawn small, since there are many."""
    for _, component in nlp.pipeline:
        model: Any = getattr(component, "model", None)
        for layer in model.walk() if model else ():
            if layer.name == "sparse_linear":
                layer.set_param("W", layer.get_param("W") * 100)
    return nlp
