"""Warm up a vocabulary: give it a permanent lexeme for every word that it is likely to meet.

Inside a memory zone every word that the vocabulary did not hold before is built anew for each batch, at tens of
microseconds a word, and spaCy's packages hold only some hundred words when loaded. But their string store has the words
that the pipeline met in training. Looking each up once, outside a zone, makes zones cheap from the first request on:
about 1.5 times as many tokens per second on reviews, tweets and news, for 0.9 s at start (`benchmarks.parts` prints
both).
"""

from itertools import islice

from spacy.language import Language

MAX_WARM_WORDS = 200_000


def warm_vocabulary(nlp: Language, limit: int = MAX_WARM_WORDS) -> int:
    """Give the vocabulary a permanent lexeme for the strings it knows, `limit` at most. Returns how many."""
    words = [word for word in islice(nlp.vocab.strings, limit) if word]
    for word in words:
        nlp.vocab[word]
    return len(words)
