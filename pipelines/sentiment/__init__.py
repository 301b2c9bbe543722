"""The sentiment of sentences and whole texts: a model behind a small protocol, and the rule from one to the other."""

from pipelines.sentiment.model import Scores, SentimentModel
from pipelines.sentiment.vader import VaderModel
from pipelines.sentiment.whole_text import sentence_sentiment, text_sentiment

__all__ = ["Scores", "SentimentModel", "VaderModel", "sentence_sentiment", "text_sentiment"]
