"""Fork a process that becomes the child of the supervisor, although another process forks it.

The kernel gives a process whose parent has ended to the nearest ancestor that adopts orphans: PID 1, or a "child
subreaper" (prctl(2)). So the template forks twice, and the process in between ends at once. The supervisor then learns
how a worker ends as it does with a child of its own, and keeps its workers when the template dies.
"""

import ctypes
import os
import signal
import sys

_PR_SET_CHILD_SUBREAPER = 36
_HELD_BACK = signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}


def adopt_orphans() -> bool:
    """Have this process adopt the orphans among its descendants, also after `execve`. Return False if it cannot."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    return sys.platform == "linux" and prctl is not None and prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0


def fork_orphan() -> int | None:
    """Fork a process whose parent is whoever adopts orphans. Return its id; None in the new process. Raises OSError.

    The new process starts with its signals blocked, so that none comes before it has handlers.
    """
    reading, writing = os.pipe()
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, _HELD_BACK)
    try:
        between = os.fork()
        if between == 0:
            answer = _fork_again()
            if answer is None:
                return None
            os.write(writing, b"%d" % answer)
            os._exit(0)
        os.waitpid(between, 0)
        answer = int(os.read(reading, 32))
    except OSError:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        raise
    finally:
        os.close(reading)
        os.close(writing)
    signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
    if answer < 0:
        raise OSError(-answer, os.strerror(-answer))
    return answer


def _fork_again() -> int | None:
    """Return the process id, None in the new process, or the negative number of the error."""
    try:
        return os.fork() or None
    except OSError as error:
        return -(error.errno or 0)
