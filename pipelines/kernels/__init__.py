"""The compiled part of the compiled engine, in C: arrays and UTF-8 in, positions out, without the GIL.

`batch.h` is the way of a batch; `runs.h` cuts texts, `lexicon.h` remembers words, `network.h` is spaCy's tok2vec,
`decoder.h` its named-entity decoder, `matrix.h` the matrix product. `spec.c` reads a model that Python describes and
`module.c` is the Python module. Nothing here knows of spaCy's objects: `pipelines.compiled` does.
"""

try:
    from pipelines.kernels._kernels import Engine
except ImportError:  # installed where there was no C compiler
    Engine = None  # type: ignore[assignment,misc]

__all__ = ["Engine"]
