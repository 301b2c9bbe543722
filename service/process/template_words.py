"""What the supervisor and the template of workers say to each other, over a socket that keeps messages apart.

b"fork"         the supervisor's, with the descriptor of the new worker's end of its lifeline
b"ready"        the pipelines are loaded
b"threads 3"    they are, but so many threads would not survive a fork; the template ends
b"forked 4711"  the worker's process id
b"refused 11"   the system's number of the error for which there is no worker
"""

FORK, READY = b"fork", b"ready"
THREADS, FORKED, REFUSED = b"threads", b"forked", b"refused"


def said(word: bytes, number: int) -> bytes:
    """Return a word with its number."""
    return b"%b %d" % (word, number)


def understood(message: bytes) -> tuple[bytes, int]:
    """Return the word and its number; 0 where it has none, no word where the other side is gone."""
    word, _, number = message.partition(b" ")
    return word, int(number or 0)
