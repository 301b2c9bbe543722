"""What the bounds and deadlines of this folder ask of a connection."""

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from spanwise.service.connections.ages import Ages


class Connection(Protocol):
    """A connection. `service/http/protocol.py` has the only one; tests have their own."""

    def expired(self, ages: "Ages") -> None:
        """Act on the end of a time. The connection is no member of `ages` any more."""

    def evict(self) -> None:
        """Close, to make room for another connection."""

    def unread_bytes(self) -> int:
        """Return how many bytes of answers the kernel has not taken."""

    def cut_off(self) -> None:
        """Drop those bytes, and the connection."""
