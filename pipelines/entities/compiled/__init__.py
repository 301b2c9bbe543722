"""The compiled engine: it reads a spaCy pipeline once, at load, and then computes it by `pipelines/kernels`.

`layers.py` reads a Thinc model and `components.py` reads spaCy's components. Either raises `Unsupported` where it does
not know a part, and spaCy's own engine serves. `lexemes.py` describes words (the tokenizer's rules, lexical
attributes), `compiled_engine.py` turns texts into annotations, `confidence.py` calibrates their probabilities, and
`comparison.py` compares the engine with spaCy at start.
"""
