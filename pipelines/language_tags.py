"""Compare language tags as RFC 4647 (section 3.4, lookup) says: whatever their case, from the whole tag on.

`en_GB` and `EN-gb` are one tag. A request for `zh-Hant-TW` is served by a pipeline of `zh-Hant-TW`, else of `zh-Hant`,
else of `zh`; never by one of `zh-Hans`.
"""

from collections.abc import Iterator

_LONGEST = 64
"""Characters of the longest tag that is looked up; RFC 5646 (section 4.4.1) asks for 35. Callers may send megabytes."""


def normal_tag(language: str) -> str:
    """Return the tag in lower case, with hyphens between its parts."""
    return language.replace("_", "-").lower()


def from_whole_to_first_part(language: str) -> Iterator[str]:
    """Yield the tag in its normal form, then the same tag without its last part, and so on to its first part.

    Nothing is yielded for what is too long to be a tag.
    """
    tag = normal_tag(language) if len(language) <= _LONGEST else ""
    while tag:
        yield tag
        tag = tag.rpartition("-")[0]


def contradict(one: str, other: str) -> bool:
    """Tell whether no text can be in both languages: neither tag is the other one or a part of it."""
    first, second = normal_tag(one) + "-", normal_tag(other) + "-"
    return not (first.startswith(second) or second.startswith(first))
