"""Describe a tokenizer for the kernels, which then split runs without Python (`kernels/python/tokenizer_spec.h`)."""

from array import array
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any

from spanwise.pipelines.entities.compiled.pattern_program import CharacterClasses, compile_pattern
from spanwise.pipelines.entities.compiled.unsupported import Unsupported
from spanwise.pipelines.entities.tokenizer_rules import TokenizerRules


def tokenizer_spec(rules: TokenizerRules, words: Sequence[str], norms: Mapping[str, int]) -> tuple[Any, ...]:
    """Describe a tokenizer by its rules. Raises `Unsupported` where a rule cannot be made into a program.

    `words` are those of phrases, which are numbered from 1 on in this order; `norms` has the number of each norm that
    an exception gives to a token, from 1 on.
    """
    if not rules.linear:
        raise Unsupported("a tokenizer whose affixes are not bound to either end of a word")
    classes = CharacterClasses()
    patterns = (
        compile_pattern(rules.prefix_search, "search", classes),
        compile_pattern(rules.suffix_search, "search", classes),
        compile_pattern(rules.infix_finditer, "finditer", classes),
        compile_pattern(rules.token_match, "match", classes),
        compile_pattern(rules.url_match, "match", classes),
    )
    exceptions = {text: tokens for text, tokens in rules.exceptions.items() if text}
    if any("".join(token.text for token in tokens) != text for text, tokens in exceptions.items()):
        raise Unsupported("a tokenizer's exception whose tokens are not its text")
    numbers = {word: number for number, word in enumerate(words, 1)}
    phrases = sorted([numbers[word] for word in phrase] for phrase in rules.phrases)
    return (
        classes.spec,
        patterns,
        (
            tuple(exceptions),
            _starts(map(len, exceptions.values())),
            array(
                "I", (n for ts in exceptions.values() for t in ts for n in (len(t.text), norms.get(t.norm or "", 0)))
            ).tobytes(),
        ),
        tuple(words),
        (array("I", (number for phrase in phrases for number in phrase)).tobytes(), _starts(map(len, phrases))),
        int(rules.letters_are_whole),
    )


def _starts(lengths: Any) -> bytes:
    """Return where lists of these lengths begin when they follow one another, and where the last one ends."""
    return array("I", accumulate(lengths, initial=0)).tobytes()
