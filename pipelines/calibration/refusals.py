"""The errors of `spanwise calibrate`: each message is one line for the operator, and never holds a part of a text.

CalibrationRefused
├── LabelledTextsRefused   the file of annotated texts cannot be read, or one of its texts or spans does not fit
├── TooFew                 too few texts, or too few entities found in them
├── NoProbabilities        the pipeline finds no entities, or spaCy's own engine finds them
└── Uninformative          annotators agree with hardly any entity, or no more with probable ones than with others
"""

ADVICE = "Do their positions count code points, and do their labels mean what the pipeline's mean?"


class CalibrationRefused(Exception):
    """The root of the errors."""


class LabelledTextsRefused(CalibrationRefused):
    """The file of annotated texts cannot be read, or one of its texts or spans does not fit."""


class TooFew(CalibrationRefused):
    """There are too few texts, or the pipeline finds too few entities in them."""


class NoProbabilities(CalibrationRefused):
    """The pipeline finds no entities, or spaCy's own engine finds them, which gives no probabilities."""


class Uninformative(CalibrationRefused):
    """Annotators agree with hardly any entity, or not more often with those that have a higher probability."""
