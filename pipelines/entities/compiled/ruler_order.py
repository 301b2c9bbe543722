"""Put the matches of a ruler into the order in which spaCy has them.

An `EntityRuler` makes a set of its matches and sorts it by length. Of several keys that match the same tokens, the one
that the set holds first wins, and that depends on the numbers of keys, and on the order in which the matches came. So
the same set is made here, of the same numbers in the same order. Sources: `spacy/pipeline/entityruler.py`
(`EntityRuler.match`), `spacy/matcher/phrasematcher.pyx` (`find_matches`), `preshed/maps.pyx` (`map_set`, `map_iter`).
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple

_FIRST_CELLS = 8  # of a map in `preshed`
_KEYS_KEPT = 1 << 10


class Match(NamedTuple):
    """A match of a ruler: the number of its key, tokens `[first, last)`, code points `[start, end)`."""

    key: int
    is_phrase: bool
    first: int
    last: int
    start: int
    end: int


def longest_first(matches: Iterable[Match], hashes: Sequence[int]) -> list[Match]:
    """Return matches as `EntityRuler.match` does: the longest first, then by their place, each once.

    `matches`: in the order of the kernels. `hashes`: the numbers of keys in the string store.
    """
    known: dict[tuple[int, int, int], Match] = {}
    for (first, last, is_phrase), group in groupby(matches, key=lambda match: match[2:4] + match[1:2]):
        same = [*group]
        if is_phrase and len(same) > 1:  # the kernels give the key that was added last first
            by_hash = {hashes[match.key]: match for match in reversed(same)}
            same = [by_hash[key] for key in map_order(tuple(by_hash))]
        for match in same:
            known.setdefault((hashes[match.key], first, last), match)
    listed = [*known]  # a set made of a dictionary has another size, and so another order, than one made of a list
    ordered = sorted(set(listed), key=lambda found: (found[2] - found[1], -found[1]), reverse=True)
    return [known[found] for found in ordered]


@lru_cache(maxsize=_KEYS_KEPT)
def map_order(keys: tuple[int, ...]) -> tuple[int, ...]:
    """Return the order in which a map of `preshed` gives its keys, after they were set in this order."""
    cells: list[int | None] = [None] * _FIRST_CELLS
    filled = 0
    for key in keys:
        filled += _set(cells, key)
        if (filled + 1) * 5 >= len(cells) * 3:
            old, cells = cells, [None] * (2 * len(cells))
            for other in old:
                if other is not None:
                    _set(cells, other)
    return tuple(key for key in cells if key is not None)


def _set(cells: list[int | None], key: int) -> bool:
    """Set a key; return whether it is a new one."""
    cell = key & (len(cells) - 1)
    while cells[cell] is not None and cells[cell] != key:
        cell = (cell + 1) & (len(cells) - 1)
    is_new = cells[cell] is None
    cells[cell] = key
    return is_new
