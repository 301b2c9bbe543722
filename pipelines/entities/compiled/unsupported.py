"""The exception that says why a pipeline is not compiled."""


class Unsupported(Exception):
    """A pipeline has something that the kernels do not know. The message names it for the operator, on one line."""
