"""The kernels: entities, sentences, trees and sentiment in C. README.md beside this file is the way in.

Arrays and UTF-8 go in, positions and numbers come out, and the GIL is not held in between. Nothing here knows spaCy's
objects: `spanwise.pipelines.entities.compiled` does. Where the project was installed without a C compiler, the names
below are None, and spaCy and numpy serve instead.
"""

import sys

try:
    from spanwise.pipelines.kernels import _kernels as constants
    from spanwise.pipelines.kernels._kernels import ParserKernels, SentimentKernels, SpanKernels
except ImportError as error:
    if sys.modules.get(f"{__name__}._kernels"):
        raise ImportError("The compiled kernels are older than the code that uses them: run `make install`.") from error
    # there was no C compiler
    constants = ParserKernels = SentimentKernels = SpanKernels = None  # type: ignore[assignment,misc]

NOT_BUILT = "the kernels were not built: there was no C compiler when the service was installed"
"""Why spaCy serves where the names above are None."""

__all__ = ["NOT_BUILT", "ParserKernels", "SentimentKernels", "SpanKernels", "constants"]
