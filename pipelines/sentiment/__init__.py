"""The sentiment of sentences, of whole texts and towards entities.

`model.py` says what a model does, `artefact.py` what it is made of; `tokens.py` cuts words, `reference.py` is the
mathematics and `compiled.py` the same by the kernels; `whole_text.py` turns scores into labels. `english/` holds the
model and its card.
"""

from spanwise.pipelines.sentiment.model import Scores, SentimentModel, Span, Target, TextScores
from spanwise.pipelines.sentiment.model_choice import english_folder, load_sentiment_model
from spanwise.pipelines.sentiment.targets import targets_of
from spanwise.pipelines.sentiment.whole_text import pure_sentiment, text_sentiment

__all__ = [
    "Scores",
    "SentimentModel",
    "Span",
    "Target",
    "TextScores",
    "english_folder",
    "load_sentiment_model",
    "pure_sentiment",
    "targets_of",
    "text_sentiment",
]
