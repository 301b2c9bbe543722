"""The line that stands for an API key: `name:sha256:digest`, and behind white space its own quota, if it has one.

    acme:sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 requests=600 characters=1000000

Several lines may have one name: the old and the new key of a caller while it changes from one to the other. They share
one quota. A line holds no secret: nobody can compute a key of 32 random bytes from its digest.
"""

import hashlib
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from spanwise.service.keys.quota import Quota

MOST_NAMES = 1024
"""So many callers may have keys: logs, metrics and quotas tell them apart by name."""

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?")
_DIGEST = re.compile(r"[0-9a-fA-F]{64}")
_MARK = ":sha256:"
_PREFIX = "spanwise_"  # by which scanners of repositories know a key
_RANDOM_BYTES = 32
_MOST_PER_MINUTE = 10**12


class KeyLineError(ValueError):
    """A line, or a file of lines, cannot be used. The message says why on one line, and quotes nothing of it."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One key: whose it is, its SHA-256 digest, and what of its quota the line sets."""

    name: str
    digest: bytes
    own: Mapping[str, int]
    """`requests` and `characters` a minute, where the line has them."""

    def quota(self, default: Quota) -> Quota:
        """Return the quota of this key; what its line does not set is the default's."""
        requests, characters = default
        return Quota(self.own.get("requests", requests), self.own.get("characters", characters))


def is_line(text: str) -> bool:
    """Say whether this is meant as a line with a digest, and not as a key itself."""
    return _MARK in text


def check_name(name: str) -> None:
    """Raise `KeyLineError` for a name that cannot stand in a line."""
    if not _NAME.fullmatch(name):
        raise KeyLineError("a name has 1 to 64 letters, digits, dots, underscores and hyphens, no mark at its ends")


def parse_line(line: str) -> ApiKey:
    """Read one line. Raises `KeyLineError`."""
    stored, *options = line.split() or [""]
    name, _, digest = stored.partition(_MARK)
    check_name(name)
    if not _DIGEST.fullmatch(digest):
        raise KeyLineError("write name:sha256: and the 64 hexadecimal digits of the key's SHA-256 digest")
    own: dict[str, int] = {}
    for option in options:
        what, _, number = option.partition("=")
        if what not in Quota._fields or what in own or not number.isascii() or not number.isdigit():
            raise KeyLineError("behind the digest only requests=N and characters=N may stand, each once")
        own[what] = int(number[:20])
        if own[what] > _MOST_PER_MINUTE:
            raise KeyLineError(f"a quota has at most {_MOST_PER_MINUTE:,} a minute")
    return ApiKey(name, bytes.fromhex(digest), own)


def plain_key(name: str, key: str) -> ApiKey:
    """Return a key that is known itself."""
    return ApiKey(name, digest_of(key.encode()), {})


def digest_of(key: bytes) -> bytes:
    """Return the SHA-256 digest by which a key is stored."""
    return hashlib.sha256(key).digest()


def parse_entries(entries: Iterable[str]) -> list[ApiKey]:
    """Read what `SPANWISE_API_KEYS` holds: lines, and keys themselves, named `key1`, `key2`, … by their places."""
    keys = []
    for place, entry in enumerate(entries, 1):
        try:
            keys.append(parse_line(entry) if is_line(entry) else plain_key(f"key{place}", entry))
        except KeyLineError as error:
            raise KeyLineError(f"entry {place}: {error}") from None
    return keys


def read_key_file(path: Path) -> list[ApiKey]:
    """Read a file with a line for each key; empty lines and those that begin with `#` are passed over.

    Raises `KeyLineError`, also for a file that cannot be read and for one that holds no key.
    """
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise KeyLineError(f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise KeyLineError(f"cannot read {path}: it is not UTF-8") from None
    keys = []
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
        if line.strip() and not line.lstrip().startswith("#"):
            try:
                keys.append(parse_line(line))
            except KeyLineError as error:
                raise KeyLineError(f"{path}, line {number}: {error}") from None
    if not keys:
        raise KeyLineError(f"{path} holds no key")
    return keys


def check_together(keys: Iterable[ApiKey]) -> None:
    """Raise `KeyLineError` for too many names, names with two quotas, and one key under two names."""
    own: dict[str, Mapping[str, int]] = {}
    names: dict[bytes, str] = {}
    for key in keys:
        if own.setdefault(key.name, key.own) != key.own:
            raise KeyLineError(f"the keys of {key.name} have different quotas; those of one name share one")
        if names.setdefault(key.digest, key.name) != key.name:
            raise KeyLineError(f"{names[key.digest]} and {key.name} have the same key")
    if len(own) > MOST_NAMES:
        raise KeyLineError(f"there are {len(own)} names; at most {MOST_NAMES:,} may have keys")


def new_key() -> str:
    """Return a key of 32 random bytes, in characters that need no quoting anywhere."""
    return _PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)


def line_of(name: str, key: str) -> str:
    """Return the line by which a key is stored. Raises `KeyLineError` for a bad name."""
    check_name(name)
    return f"{name}{_MARK}{digest_of(key.encode()).hex()}"
