"""What is compiled, in C: arrays and UTF-8 in, positions and numbers out, without the GIL.

`spans/` finds entities and sentences; `network/` is spaCy's tok2vec,
`matrix/` the matrix product; `sentiment/` is the
sentiment model; `python/` reads models that Python describes and is the Python
module. Nothing here knows of spaCy's objects: `spanwise.pipelines.entities.compiled` does.
"""

try:
    from spanwise.pipelines.kernels._kernels import Engine, Sentiment
except ImportError:  # installed where there was no C compiler
    Engine = Sentiment = None  # type: ignore[assignment,misc]

__all__ = ["Engine", "Sentiment"]
