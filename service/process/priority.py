"""The priority of threads that must not keep the event loop from the CPU."""

import os
import sys
import threading

NLP_NICENESS = 5
"""Added to the niceness of threads that load or analyse, so that event loops can answer probes meanwhile (ADR 0020)."""


def lower_priority() -> None:
    """Raise the niceness of the calling thread alone. Linux can do that, by setpriority(2); elsewhere do nothing."""
    if sys.platform == "linux":
        thread = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, thread, min(os.getpriority(os.PRIO_PROCESS, thread) + NLP_NICENESS, 19))
