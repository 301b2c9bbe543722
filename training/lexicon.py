"""VADER's lexicon: words and emoticons, each with the strength of its feeling (Hutto and Gilbert 2014; MIT licence)."""

from functools import lru_cache

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer


@lru_cache(maxsize=1)
def lexicon() -> dict[str, float]:
    """Return the valence of each word, from -4 (very negative) to 4 (very positive)."""
    return {str(word): float(valence) for word, valence in SentimentIntensityAnalyzer().lexicon.items()}
