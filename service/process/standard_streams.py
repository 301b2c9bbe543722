"""Keep the numbers of closed standard streams from other files.

The kernel gives a new file the lowest number that is free. In a process that was started with its stdout closed, that
is 1: the listening socket would get what is meant for stdout.
"""

import os

_STDIN, _STDOUT, _STDERR = range(3)


def reserve_standard_streams() -> None:
    """Put something on every standard stream that is closed. Call before the process opens any file.

    Writing to stdout then still fails, so that log lines count as dropped. Standard error swallows what it gets.
    """
    for descriptor in (_STDIN, _STDOUT, _STDERR):
        try:
            os.fstat(descriptor)
        except OSError:
            opened = os.open(os.devnull, os.O_WRONLY if descriptor == _STDERR else os.O_RDONLY)
            if opened != descriptor:
                os.dup2(opened, descriptor)
                os.close(opened)
            os.set_inheritable(descriptor, True)
