"""Files that lie in memory, by which processes share some bytes."""

import os
import tempfile


def file_in_memory(name: str, size: int) -> int:
    """Make a file of so many zeros that no path leads to. Return its descriptor, which the caller closes.

    Where the system has no files in memory (other than Linux), it is a deleted temporary file. `name` shows in `/proc`.
    """
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create(name)
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    os.ftruncate(descriptor, size)
    return descriptor
