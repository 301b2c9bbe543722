"""The compiled engine: a spaCy pipeline understood once, at load, and then computed by `pipelines/kernels`.

`layers.py` understands a Thinc model, `components.py` spaCy's components; what either does not know is
`Unsupported`, and spaCy's own engine serves. `lexemes.py` describes words (the tokenizer's rules, lexical
attributes), `engine.py` turns texts into annotations, `confidence.py` calibrates their probabilities,
`comparison.py` holds it all against spaCy at start.
"""
