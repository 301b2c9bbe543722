"""Pipelines whose networks read static vectors, in tables of every kind."""

from typing import Any

import numpy as np
from spacy.language import Language
from spacy.vectors import Vectors

from tests.support.models import SENTENCES, pipeline, recognizer, tok2vec

Config = dict[str, Any]


def senter_of_its_own() -> Config:
    """Return the configuration of a sentence recognizer with static vectors and a projection of its own."""
    tagger = {"@architectures": "spacy.Tagger.v2", "nO": None, "normalize": False}
    return {"model": {**tagger, "tok2vec": tok2vec(static_vectors=True)}}


def two_projections(**components: Config) -> Language:
    """Return a pipeline of a recognizer and a sentence recognizer, each with a projection of the same table."""
    own = {"ner": recognizer(tok2vec(static_vectors=True)), "senter": senter_of_its_own()}
    return pipeline({**own, **components}, vectors=20)


def with_floret(nlp: Language, **changed: Any) -> Language:
    """Let a pipeline's static vectors be found by n-grams, in a small table in which many meet."""
    data = np.random.default_rng(7).normal(size=(50, nlp.vocab.vectors.shape[1])).astype("float32")
    config = {"minn": 2, "maxn": 4, "hash_count": 2, "hash_seed": 7, "bow": "<", "eow": ">", **changed}
    nlp.vocab.vectors = Vectors(mode="floret", data=data, strings=nlp.vocab.strings, **config)
    return nlp


def with_attribute(nlp: Language, attribute: str) -> Language:
    """Let a pipeline's static vectors be found by another attribute than the word itself, for every second word."""
    words = sorted({word for sentence in SENTENCES for word in sentence.split()})
    keys = {getattr(nlp.vocab[word], f"{attribute.lower()}_") for word in [*words, "'s", "not", "n't", "do", "is"]}
    data = np.random.default_rng(8).normal(size=(len(keys), nlp.vocab.vectors.shape[1])).astype("float32")
    nlp.vocab.vectors = Vectors(data=data, keys=sorted(keys), attr=attribute, strings=nlp.vocab.strings)
    return nlp
