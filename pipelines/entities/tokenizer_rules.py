"""Apply a spaCy tokenizer's rules without spaCy's objects: strings in, tokens out, in linear time for every text.

spaCy takes prefixes and suffixes off a stretch without white space one at a time, and each time searches the whole
stretch and copies it: a hundred thousand emoji, brackets or quotes without a space keep a thread busy for many
minutes, and its pattern for URLs is quadratic in the colons. Here the same algorithm works on indices: affixes are
searched in a window at either end, which grows only where a match fills it. No vocabulary is touched, so nothing
grows with the words that are met.

The algorithm is that of `spacy/tokenizer.pyx` (`_split_affixes`, `_attach_tokens`, `_apply_special_cases`).
"""

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from spacy.attrs import NORM, ORTH, intify_attrs
from spacy.tokenizer import Tokenizer

from spanwise.pipelines.entities.affix_patterns import (
    MARGIN,
    fits_a_window,
    never_matches_letters,
    without_quadratic_userinfo,
)

_FIRST_WINDOW = 64
_RUNS = re.compile(r"\s+|\S+")


class Token(NamedTuple):
    """A token's text, and its norm where a tokenizer exception gives it one."""

    text: str
    norm: str | None = None


class TokenizerRules:
    """The rules of one spaCy tokenizer. `linear` says whether they can be applied in linear time."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.prefix_search = tokenizer.prefix_search
        self.suffix_search = tokenizer.suffix_search
        self.infix_finditer = tokenizer.infix_finditer
        self.token_match = tokenizer.token_match
        self.exceptions: dict[str, list[Token]] = {
            text: [_token(intify_attrs(part, _do_deprecated=True)) for part in parts]
            for text, parts in tokenizer.rules.items()
        }
        self._longest_rule = max(map(len, self.exceptions), default=0)
        self.url_match = without_quadratic_userinfo(tokenizer.url_match)
        self.linear = fits_a_window(tokenizer.prefix_search, "start") and fits_a_window(tokenizer.suffix_search, "end")
        affixes = (tokenizer.prefix_search, tokenizer.suffix_search, tokenizer.infix_finditer)
        self.letters_are_whole = all(map(never_matches_letters, affixes))
        self._first_window = _FIRST_WINDOW if self.linear else sys.maxsize
        self.phrases = frozenset(self._torn_rules(tokenizer))
        """Exceptions that affix rules tear apart, as the words that they are torn into. They are joined again."""
        self._phrases_by_first: dict[str, list[tuple[str, ...]]] = {}
        for words in sorted(self.phrases):
            self._phrases_by_first.setdefault(words[0], []).append(words)

    def tokenize(self, text: str) -> tuple[list[Token], list[bool]]:
        """Return the tokens of a text, and for each whether a space follows that is no token of its own."""
        tokens: list[Token] = []
        spaces: list[bool] = []
        split: dict[str, list[Token]] = {}
        for run in _RUNS.findall(text):
            stretch = run
            if run[0] == " " and tokens:
                spaces[-1] = True
                stretch = run[1:]
            if stretch not in split:
                split[stretch] = list(self._split(stretch, with_rules=True))
            tokens += split[stretch]
            spaces += [False] * len(split[stretch])
        return self._join_phrases(tokens, spaces)

    def tokenize_run(self, run: str) -> tuple[list[Token], str, str]:
        """Return the tokens of a run (characters without white space, or white space alone), its first and last word.

        These two are the words before exceptions were joined again: an exception that reaches over the run's border
        would be made of them.
        """
        if self._is_whole(run) and run not in self.exceptions:
            return [Token(run)], run, run
        tokens = list(self._split(run, with_rules=True))
        first, last = tokens[0].text, tokens[-1].text
        whole = tokens if len(tokens) == 1 else self._join_phrases(tokens, [False] * len(tokens))[0]
        return whole, first, last

    def _join_phrases(self, tokens: list[Token], spaces: list[bool]) -> tuple[list[Token], list[bool]]:
        """Join exceptions again that affix rules have torn apart, such as `:)`."""
        found = self._find_phrases([token.text for token in tokens])
        if not found:
            return tokens, spaces
        new_tokens: list[Token] = []
        new_spaces: list[bool] = []
        done = 0
        for start, end in _without_overlaps(found):
            pairs = zip(tokens[start:end], spaces[start:end], strict=True)
            rule = self.exceptions.get("".join(token.text + " " * space for token, space in pairs).removesuffix(" "))
            if rule:
                new_tokens += [*tokens[done:start], *rule]
                new_spaces += [*spaces[done:start], *[False] * (len(rule) - 1), spaces[end - 1]]
                done = end
        if not done:
            return tokens, spaces
        return new_tokens + tokens[done:], new_spaces + spaces[done:]

    def _find_phrases(self, words: Sequence[str]) -> list[tuple[int, int]]:
        by_first = self._phrases_by_first
        return [
            (start, start + len(phrase))
            for start, word in enumerate(words)
            if word in by_first
            for phrase in by_first[word]
            if tuple(words[start : start + len(phrase)]) == phrase
        ]

    def _split(self, s: str, *, with_rules: bool) -> Iterator[Token]:
        a, b, suffixes = 0, len(s), []
        size = -1
        token_match = self.token_match
        while a < b and b - a != size:
            if (token_match and token_match(s[a:b])) or (with_rules and self._is_rule(s, a, b)):
                break
            if self._is_whole(s[a:b]):
                break
            size = b - a
            pre = self._prefix_length(s, a, b)
            if pre and with_rules and self._is_rule(s, a + pre, b):
                yield Token(s[a : a + pre])
                a += pre
                break
            suf = self._suffix_length(s, a + pre, b)
            if suf and with_rules and self._is_rule(s, a, b - suf):
                suffixes.append(Token(s[b - suf : b]))
                b -= suf
                break
            if pre + suf > size:
                suf = 0
            if pre:
                yield Token(s[a : a + pre])
            if suf:
                suffixes.append(Token(s[b - suf : b]))
            a, b = a + pre, b - suf
        yield from self._middle(s[a:b], with_rules=with_rules)
        yield from reversed(suffixes)

    def _middle(self, s: str, *, with_rules: bool) -> Iterator[Token]:
        """Yield the tokens of what is left between the affixes."""
        if not s:
            return
        if with_rules and s in self.exceptions:
            yield from self.exceptions[s]
            return
        if (self.token_match and self.token_match(s)) or (self.url_match and self.url_match(s)):
            yield Token(s)
            return
        if self._is_whole(s):
            yield Token(s)
            return
        start = 0
        for match in self.infix_finditer(s) if self.infix_finditer else ():
            if match.start() == 0:
                continue
            if match.start() != start:
                yield Token(s[start : match.start()])
            if match.start() != match.end():
                yield Token(match.group())
            start = match.end()
        if s[start:]:
            yield Token(s[start:])

    def _is_whole(self, s: str) -> bool:
        """Return whether `s` can hold no affix, as most words cannot: asking this is faster than searching."""
        return self.letters_are_whole and s.isascii() and s.isalpha()

    def _is_rule(self, s: str, a: int, b: int) -> bool:
        return 0 < b - a <= self._longest_rule and s[a:b] in self.exceptions

    def _prefix_length(self, s: str, a: int, b: int) -> int:
        if not self.prefix_search:
            return 0
        if b - a <= self._first_window:
            match = self.prefix_search(s[a:b])
            return match.end() - match.start() if match else 0
        return _grow(self.prefix_search, b - a, lambda w: s[a : a + w], lambda m, w: m.end() < w - MARGIN)

    def _suffix_length(self, s: str, a: int, b: int) -> int:
        if not self.suffix_search:
            return 0
        if b - a <= self._first_window:
            match = self.suffix_search(s[a:b])
            return match.end() - match.start() if match else 0
        return _grow(self.suffix_search, b - a, lambda w: s[b - w : b], lambda m, _: m.start() > MARGIN)

    def _torn_rules(self, tokenizer: Tokenizer) -> Iterator[tuple[str, ...]]:
        for text in self.exceptions:
            torn = tokenizer.find_prefix(text) or tokenizer.find_infix(text) or tokenizer.find_suffix(text)
            if torn or " " in text or not tokenizer.faster_heuristics:
                words = [token.text for part in text.split(" ") for token in self._split(part, with_rules=False)]
                if words:
                    yield tuple(words)


def _grow(
    search: Callable[[str], "re.Match[str] | None"],
    length: int,
    window: Callable[[int], str],
    lies_inside: Callable[["re.Match[str]", int], bool],
) -> int:
    """Return the length of the match in the smallest window whose match is certainly that of the whole string."""
    width = _FIRST_WINDOW
    while True:
        width = min(width, length)
        match = search(window(width))
        if width == length or match is None or lies_inside(match, width):
            return match.end() - match.start() if match else 0
        width *= 4


def _without_overlaps(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Keep the longest spans, and of equally long ones the first, in order.

    As in spaCy, a span that is left out blocks others too.
    """
    kept, seen = [], set[int]()
    for start, end in sorted(spans, key=lambda span: (span[0] - span[1], span[0])):
        if start not in seen and end - 1 not in seen:
            kept.append((start, end))
        seen.update(range(start, end))
    return sorted(kept)


def _token(attributes: Any) -> Token:
    return Token(attributes[ORTH], attributes.get(NORM))
