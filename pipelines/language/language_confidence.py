"""Turn the detector's scores into the probability that it is right.

The detector gives each language a score: the mean, over the text's distinct n-grams, of how typical each is of the
language, from 0 to 1. Scores are no probabilities. A right guess has a high score, a clear lead over the next language,
and a longer text. The log-odds of being right are taken as linear in the logarithms of the three, and the weights are
fitted on texts whose language is known (`python -m quality.fit_language`; docs/explanation/languages.md has the
figures).
"""

import math

CONSTANT = 4.561
OF_LEAD = 0.817
OF_SCORE = 11.019
OF_LENGTH = 0.393
FLOOR = 1e-3
"""Added to a lead or score before its logarithm is taken, since either may be 0."""

SURE = 0.5
"""A guess with less confidence counts as undetermined: below, it is more likely wrong than right."""

PLAIN = 0.9
"""A text is plainly of another language if the detector's confidence reaches this, for its words in lower case too."""


def confidence(score: float, next_score: float, characters: int) -> float:
    """Return the probability that the language with the best score is right, given that score and the next one."""
    log_odds = (
        CONSTANT
        + OF_LEAD * math.log(score - next_score + FLOOR)
        + OF_SCORE * math.log(score + FLOOR)
        + OF_LENGTH * math.log(characters)
    )
    return 1 / (1 + math.exp(-log_odds))
