"""What is compiled, in C: arrays and UTF-8 in, positions and numbers out, without the GIL.

`batch.h` is the way of a batch; `runs.h` cuts texts, `lexicon.h` remembers words, `network.h` is spaCy's tok2vec,
`decoder.h` its named-entity decoder, `matrix.h` the matrix product. `sentiment_words.h` and `sentiment.h` are the
sentiment model. `spec.c` reads a model that Python describes; `module.c` and `sentiment_module.c` are the Python
module. Nothing here knows of spaCy's objects: `spanwise.pipelines.entities.compiled` does.
"""

try:
    from spanwise.pipelines.kernels._kernels import Engine, Sentiment
except ImportError:  # installed where there was no C compiler
    Engine = Sentiment = None  # type: ignore[assignment,misc]

__all__ = ["Engine", "Sentiment"]
