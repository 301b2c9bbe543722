"""The errors of loading a pipeline.

PipelineError
├── PipelineSpecError        the setting that names the pipelines cannot be read
├── PipelineNotFound         no package or folder of that name
├── ComponentsNotImported    a module with components of one's own cannot be imported
├── PipelineBroken           it is there, and spaCy cannot load it
│   └── CodeMissing          it needs a component or function that no imported module registers
├── CalibrationBroken        a file of calibrations is missing or cannot be understood
└── SelfTestFailed           it loads, and its answers to the built-in sample are wrong
"""


def first_line(error: Exception | Warning | str) -> str:
    """Return the first line of an error's message: libraries add advice on further lines."""
    return next(iter(str(error).splitlines()), "") or type(error).__name__


class PipelineError(Exception):
    """The root of the errors. The message is one line for the operator, and never holds a caller's text."""


class PipelineSpecError(PipelineError):
    """The setting that names the pipelines cannot be read."""


class PipelineNotFound(PipelineError):
    """No installed package and no folder has that name."""


class ComponentsNotImported(PipelineError):
    """A module that registers components or functions for pipelines cannot be imported."""


class PipelineBroken(PipelineError):
    """The package or folder is there, and spaCy cannot load it."""


class CodeMissing(PipelineBroken):
    """The pipeline needs a component or a function that no imported module registers."""


class CalibrationBroken(PipelineError):
    """A file of calibrations is missing or cannot be understood."""


class SelfTestFailed(PipelineError):
    """The pipeline loads, and its answers to the built-in sample are wrong."""
