"""VADER's words and emoticons and how they feel (Hutto and Gilbert 2014; MIT)."""

from functools import lru_cache

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer


@lru_cache(maxsize=1)
def lexicon() -> dict[str, float]:
    """From -4, very bad, to 4, very good."""
    return {str(word): float(valence) for word, valence in SentimentIntensityAnalyzer().lexicon.items()}
