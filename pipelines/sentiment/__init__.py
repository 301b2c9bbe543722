"""The sentiment of sentences, of whole texts and towards entities.

`model.py` says what a model does, `artefact.py` what it is made of; `tokens.py` cuts words, `reference_model.py` is the
mathematics and `compiled_model.py` the same by the kernels; `model_choice.py` says which model serves which language,
`two_models.py` and `gate.py` which of two a text is for;
`classifier_model.py` is a pipeline's own text classifier;
`scoring.py` adds scores to annotations and `labels.py` turns them into labels. `english/` holds a model and its card.
"""

from spanwise.pipelines.sentiment.classifier_model import ClassifierModel
from spanwise.pipelines.sentiment.labels import pure_sentiment, text_sentiment
from spanwise.pipelines.sentiment.model import SentimentModel, Span, Target
from spanwise.pipelines.sentiment.model_choice import load_sentiment_model, model_folder, sentiment_model_for
from spanwise.pipelines.sentiment.scoring import add_sentiment, score_texts
from spanwise.pipelines.sentiment.targets import targets_of

__all__ = [
    "ClassifierModel",
    "SentimentModel",
    "Span",
    "Target",
    "add_sentiment",
    "load_sentiment_model",
    "model_folder",
    "pure_sentiment",
    "score_texts",
    "sentiment_model_for",
    "targets_of",
    "text_sentiment",
]
