"""Make the C library of this process keep less freed memory (glibc; elsewhere nothing is done).

By default glibc gives every thread a heap ("arena") of its own. It also puts large blocks at first into mappings, which
go back to the system when they are freed, but into the heaps once the first such block was freed: so a few large
requests leave a worker larger for good. One heap, and mappings for all large blocks, avoid that. See mallopt(3).
"""

import ctypes

_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8
_LARGE_BYTES = 256 * 1024


def limit_arenas() -> None:
    """Use one heap, and mappings for large blocks, in the whole process. Call before it has threads."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt:
        mallopt(_M_ARENA_MAX, 1)
        mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)


def release_freed_memory() -> None:
    """Give freed memory back to the system."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim:
        trim(0)
