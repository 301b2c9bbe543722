"""The sentiment of sentences, of whole texts and towards entities: a model behind a small protocol, and its labels."""

from pipelines.sentiment.model import Scores, SentimentModel, Span, Target, TextScores
from pipelines.sentiment.targets import targets_of
from pipelines.sentiment.vader import VaderModel
from pipelines.sentiment.whole_text import pure_sentiment, text_sentiment

__all__ = [
    "Scores",
    "SentimentModel",
    "Span",
    "Target",
    "TextScores",
    "VaderModel",
    "pure_sentiment",
    "targets_of",
    "text_sentiment",
]
