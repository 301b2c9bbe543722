"""Measurements of how right the default pipeline is on annotated corpora, and of how far to trust its probabilities.

    make quality DATA=folder         prints all reports
    make reliability DATA=folder     draws docs/reliability.png
    python -m quality.fit_confidence DATA    fits the curves of the entities' confidence anew

Entities:

    corpora            reads texts with annotated entities
    judgements         compares the pipeline's predictions with the annotations
    scores             counts precision, recall and F1
    entities           reports them beside spaCy's own
    calibration_error  compares probabilities with how often they come true
    calibrators        fits curves from a probability to an observed frequency; `fit_confidence` chooses and writes one
    confidence         reports the calibration of entities' confidence; `reliability` draws it

Sentiment:

    sentiment_corpora  reads texts and targets with labels that nothing was trained on, or files of a reader's own
    sentiment          reports accuracy and speed beside VADER's
    robustness         reports how many hand-written cases of each category are right (`robustness_cases`)
    fairness           reports how much a score changes with the names, genders and nationalities in a text

The service neither installs nor imports this package.
"""
