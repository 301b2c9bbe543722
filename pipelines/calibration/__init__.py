"""Fit confidence for a pipeline of one's own, on annotated texts: what `spanwise calibrate` does.

`labelled_texts.py` reads the texts, `judging.py` compares a pipeline's entities with theirs, `curve_fitting.py` turns
these judgements into curves, `calibration_error.py` measures the curves, and `calibrate.py` puts the steps together.
`refusals.py` has the errors. A service that only analyses imports none of this.
"""
