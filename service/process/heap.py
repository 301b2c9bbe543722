"""How this process's C library keeps freed memory (glibc; elsewhere nothing is done).

By default every thread gets a heap of its own, and large blocks move from mappings, which go back to the system when
they are freed, into those heaps once the first was freed: after a few large requests a worker is larger for good. With
one heap, and mappings for all large blocks, it is not. The options are those of mallopt(3).
"""

import ctypes

_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8
_LARGE_BYTES = 256 * 1024


def keep_it_small() -> None:
    """For the whole process, before it has threads."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt:
        mallopt(_M_ARENA_MAX, 1)
        mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)


def give_back() -> None:
    """What was freed goes back to the system."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim:
        trim(0)
