"""How right the default pipeline is, on annotated corpora: scores, and how far its confidence can be believed.

`corpora.py` reads texts with gold entities, `judgements.py` holds predictions against them, `calibration_error.py`
holds probabilities against how often they came true; `entities.py` is the report, `reliability.py` the diagram.
"""
