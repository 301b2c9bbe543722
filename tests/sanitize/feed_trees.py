"""Odd texts for the parser's kernels: each code point stands for a token, its category for what is known of it."""

from collections.abc import Callable, Sequence
from random import Random

from spacy.tokens import Doc

from spanwise.pipelines.entities.compiled.parser import Parse
from tests.support.parsers import TIE, both, compiled_parses, parser, parser_pipeline, random_doc, smallest_margin
from tests.support.parsers import spacy_parse as parse_of

_LONGEST = 1_500  # tokens: spaCy takes its time


class TreeFeeder:
    """Parsers with random weights, and `note`, which is called with a text and what is wrong with its trees."""

    def __init__(self, note: Callable[[str, str], None]) -> None:
        configurations = (parser(), parser(extra_state_tokens=True), parser(use_upper=False))
        self._parsers = [both(parser_pipeline(config, seed)) for seed, config in enumerate(configurations)]
        self._note = note

    def feed(self, texts: Sequence[str], chance: Random) -> None:
        """Parse a batch, and note trees that are none."""
        one = chance.choice(self._parsers)
        for text, parse in zip(texts, compiled_parses(one, self._docs(texts)), strict=True):
            if not _is_whole(parse):
                self._note(text, "trees that are none")

    def compare(self, texts: Sequence[str]) -> None:
        """Hold a batch's trees against spaCy's."""
        for one in self._parsers:
            docs = self._docs(texts)
            for text, doc, found in zip(texts, docs, compiled_parses(one, docs), strict=True):
                before = doc.copy()
                one.nlp.get_pipe("parser")(doc)
                if found != parse_of(doc, one.compiled.labels) and smallest_margin(one, before) >= TIE:
                    self._note(text, "other trees than spaCy's")

    def _docs(self, texts: Sequence[str]) -> list[Doc]:
        """Return a Doc of each text, with vectors that depend on the text and boundaries at rare characters."""
        docs = []
        for text in texts:
            part = text[:_LONGEST]
            starts = [1 if character in "\n." else -1 if character == "," else 0 for character in part]
            spaces = [character.isspace() for character in part]
            docs.append(random_doc(self._parsers[0].nlp, spaces, starts, len(text)))
        return docs


def _is_whole(parse: Parse) -> bool:
    """Tell whether every token hangs on a root of its own, and lies within the edges of its head."""
    count = len(parse.heads)
    for i, head in enumerate(parse.heads):
        if not parse.left_edges[i] <= i <= parse.right_edges[i] < count or not 0 <= head < count:
            return False
        steps = 0
        while parse.heads[head] != head:
            head, steps = parse.heads[head], steps + 1  # noqa: PLW2901
            if steps > count:
                return False
    return not count or parse.starts[0] == 1
