"""What can go wrong with pipelines.

PipelineError
├── PipelineSpecError    the setting that names the pipelines cannot be read
├── PipelineNotFound     no package or folder of that name
├── PipelineBroken       it is there, and spaCy cannot load it
└── SelfTestFailed       it loads, and its answers to the built-in sample are wrong
"""


def first_line(error: Exception) -> str:
    """What went wrong, on one line; libraries like to add advice on further ones."""
    return next(iter(str(error).splitlines()), "") or type(error).__name__


class PipelineError(Exception):
    """The root. Its message is for the operator, on one line, and never holds a caller's text."""


class PipelineSpecError(PipelineError):
    """The setting that names the pipelines cannot be read."""


class PipelineNotFound(PipelineError):
    """No installed package and no folder has that name."""


class PipelineBroken(PipelineError):
    """The package or folder is there, and spaCy cannot load it."""


class SelfTestFailed(PipelineError):
    """The pipeline loads, and its answers to the built-in sample are wrong."""
