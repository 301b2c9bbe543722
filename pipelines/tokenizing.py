"""spaCy's tokenizer in linear time, whatever the text.

spaCy takes prefixes and suffixes off a stretch without white space one at a time, and each time searches the whole
stretch and copies it: a hundred thousand emoji, brackets or quotes without a space keep a thread busy for many
minutes, and its pattern for URLs is quadratic in the colons. Here long stretches go through the same algorithm on
indices: affixes are searched in a window at either end, which grows only where a match fills it. The tokens are the
same, which the tests hold against spaCy's own; all other texts go to spaCy's tokenizer itself.

The algorithm is that of `spacy/tokenizer.pyx` (`_split_affixes`, `_attach_tokens`, `_apply_special_cases`).
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from spacy.attrs import NORM, ORTH, intify_attrs
from spacy.matcher import PhraseMatcher
from spacy.tokenizer import Tokenizer
from spacy.tokens import Doc

from pipelines.affix_patterns import MARGIN, fits_a_window, without_quadratic_userinfo

LONG_STRETCH = 200
"""Code points without white space from which on the linear way is taken."""

_FIRST_WINDOW = 64
_RUNS = re.compile(r"\s+|\S+")


class Token(NamedTuple):
    """A token's text, and its norm where a tokenizer exception gives it one."""

    text: str
    norm: str | None = None


class LinearTokenizer:
    """A spaCy tokenizer whose time is linear in the text. `linear` says whether its rules allow that."""

    def __init__(self, tokenizer: Tokenizer, long_stretch: int = LONG_STRETCH) -> None:
        self._spacy = tokenizer
        self._vocab = tokenizer.vocab
        self._long = re.compile(rf"\S{{{long_stretch}}}")
        self._long_stretch = long_stretch
        self._rules: dict[str, list[Token]] = {
            text: [_token(intify_attrs(part, _do_deprecated=True)) for part in parts]
            for text, parts in tokenizer.rules.items()
        }
        self._longest_rule = max(map(len, self._rules), default=0)
        self._url_match = without_quadratic_userinfo(tokenizer.url_match)
        self.linear = fits_a_window(tokenizer.prefix_search, "start") and fits_a_window(tokenizer.suffix_search, "end")
        self._matcher = PhraseMatcher(self._vocab)
        if self.linear:
            self._add_phrases()

    def __call__(self, text: str) -> Doc:
        """The same Doc as spaCy's tokenizer makes."""
        if not self.linear or len(text) < self._long_stretch or not self._long.search(text):
            doc: Doc = self._spacy(text)
            return doc
        tokens: list[Token] = []
        spaces: list[bool] = []
        met: dict[str, list[Token]] = {}
        for run in _RUNS.findall(text):
            stretch = run
            if run[0] == " " and tokens:
                spaces[-1] = True
                stretch = run[1:]
            if stretch not in met:
                met[stretch] = list(self._split(stretch, with_rules=True))
            tokens += met[stretch]
            spaces += [False] * len(met[stretch])
        return self._with_phrases(self._make_doc(tokens, spaces), tokens, spaces)

    def _with_phrases(self, doc: Doc, tokens: list[Token], spaces: list[bool]) -> Doc:
        """Put exceptions together again that affix rules have torn apart, such as `:)`."""
        phrases = _without_overlaps([(start, end) for _, start, end in self._matcher(doc)])
        new_tokens: list[Token] = []
        new_spaces: list[bool] = []
        done = 0
        for start, end in phrases:
            rule = self._rules.get(doc[start:end].text)
            if rule:
                new_tokens += [*tokens[done:start], *rule]
                new_spaces += [*spaces[done:start], *[False] * (len(rule) - 1), spaces[end - 1]]
                done = end
        if not done:
            return doc
        return self._make_doc(new_tokens + tokens[done:], new_spaces + spaces[done:])

    def _split(self, s: str, *, with_rules: bool) -> Iterator[Token]:
        a, b, suffixes = 0, len(s), []
        size = -1
        token_match = self._spacy.token_match
        while a < b and b - a != size:
            if (token_match and token_match(s[a:b])) or (with_rules and self._is_rule(s, a, b)):
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
        """What is left between the affixes."""
        if not s:
            return
        if with_rules and s in self._rules:
            yield from self._rules[s]
            return
        token_match, infix_finditer = self._spacy.token_match, self._spacy.infix_finditer
        if (token_match and token_match(s)) or (self._url_match and self._url_match(s)):
            yield Token(s)
            return
        start = 0
        for match in infix_finditer(s) if infix_finditer else ():
            if match.start() == 0:
                continue
            if match.start() != start:
                yield Token(s[start : match.start()])
            if match.start() != match.end():
                yield Token(match.group())
            start = match.end()
        if s[start:]:
            yield Token(s[start:])

    def _is_rule(self, s: str, a: int, b: int) -> bool:
        return 0 < b - a <= self._longest_rule and s[a:b] in self._rules

    def _prefix_length(self, s: str, a: int, b: int) -> int:
        search = self._spacy.prefix_search
        return _grow(search, b - a, lambda w: s[a : a + w], lambda m, w: m.end() < w - MARGIN) if search else 0

    def _suffix_length(self, s: str, a: int, b: int) -> int:
        search = self._spacy.suffix_search
        return _grow(search, b - a, lambda w: s[b - w : b], lambda m, _: m.start() > MARGIN) if search else 0

    def _add_phrases(self) -> None:
        tokenizer = self._spacy
        for text in self._rules:
            torn = tokenizer.find_prefix(text) or tokenizer.find_infix(text) or tokenizer.find_suffix(text)
            if torn or " " in text or not tokenizer.faster_heuristics:
                words = [token.text for part in text.split(" ") for token in self._split(part, with_rules=False)]
                if words:
                    self._matcher.add(text, [Doc(self._vocab, words=words)])

    def _make_doc(self, tokens: Sequence[Token], spaces: list[bool]) -> Doc:
        doc = Doc(self._vocab, words=[token.text for token in tokens], spaces=spaces)
        for token, (_, norm) in zip(doc, tokens, strict=True):
            if norm is not None:
                token.norm_ = norm
        return doc


def _grow(
    search: Callable[[str], "re.Match[str] | None"],
    length: int,
    window: Callable[[int], str],
    lies_inside: Callable[["re.Match[str]", int], bool],
) -> int:
    """Length of the match in the smallest window in which it is certain that a larger one would give the same."""
    width = _FIRST_WINDOW
    while True:
        width = min(width, length)
        match = search(window(width))
        if width == length or match is None or lies_inside(match, width):
            return match.end() - match.start() if match else 0
        width *= 4


def _without_overlaps(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest spans, and of equal ones the first, in order. As in spaCy, one that is left out blocks others too."""
    kept, seen = [], set[int]()
    for start, end in sorted(spans, key=lambda span: (span[0] - span[1], span[0])):
        if start not in seen and end - 1 not in seen:
            kept.append((start, end))
        seen.update(range(start, end))
    return sorted(kept)


def _token(attributes: Any) -> Token:
    return Token(attributes[ORTH], attributes.get(NORM))
