"""Find the key that was sent among those that are stored, in a time that says nothing about any of them.

The table is indexed by a hash of the stored digest under a secret that is drawn anew for each table. A caller can
predict neither the hash of a key that it sends nor how that compares with others; so how long the look-up takes
reveals nothing, however many keys there are. The digests themselves are compared in constant time.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from spanwise.service.keys.key_lines import ApiKey, digest_of
from spanwise.service.keys.quota import Quota, policy_header


@dataclass(frozen=True, slots=True)
class Caller:
    """Who has sent a known key."""

    name: str
    number: int
    """From 0; the same for all keys of a name, also after the file was read again."""
    quota: Quota
    policy: bytes
    """The value of `RateLimit-Policy`; empty without a quota."""


class KeyTable:
    """The keys that are valid now."""

    def __init__(self, keys: Iterable[ApiKey], default: Quota, numbers: dict[str, int]) -> None:
        """`numbers` holds the numbers of the names that were ever known; new names are added to it."""
        self._secret = secrets.token_bytes(32)
        self._nobody = secrets.token_bytes(32)
        self._by_hash: dict[bytes, tuple[bytes, Caller]] = {}
        for key in keys:
            quota = key.quota(default)
            caller = Caller(key.name, numbers.setdefault(key.name, len(numbers)), quota, policy_header(quota))
            self._by_hash[self._hash(key.digest)] = key.digest, caller

    def find(self, sent: bytes) -> Caller | None:
        """Return whose key this is; None for nobody's."""
        digest = digest_of(sent)
        stored, caller = self._by_hash.get(self._hash(digest), (self._nobody, None))
        return caller if hmac.compare_digest(digest, stored) else None

    def names(self) -> frozenset[str]:
        """Return the names that have keys."""
        return frozenset(caller.name for _, caller in self._by_hash.values())

    def __len__(self) -> int:
        """Return how many keys there are."""
        return len(self._by_hash)

    def _hash(self, digest: bytes) -> bytes:
        return hashlib.blake2b(digest, key=self._secret, digest_size=16).digest()
