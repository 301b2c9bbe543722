"""Why a pipeline is not compiled."""


class Unsupported(Exception):
    """The pipeline has something that the kernels do not know. The message says what, on one line, for the operator."""
