"""The NER corpora as a caller would send them: running text, and the entities that annotators marked in it.

The files hold tokens. Each sentence (or tweet) is put together with spaces where English has them, and its annotated
entities become character offsets. So a pipeline has to find its own tokens, as in service. Sentences lie in blocks,
each a document or a part of one. A block is never divided between fitting and evaluating, because its sentences speak
of the same people.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from spanwise.pipelines.annotations import EntitySpan

LABELS = ("PER", "ORG", "LOC")
"""The labels that the corpora and the pipeline have in common, by the corpora's names. Other entities are left out."""

OF_PIPELINE = {"PERSON": "PER", "ORG": "ORG", "GPE": "LOC", "LOC": "LOC", "FAC": "LOC"}
"""The common label for each of the default pipeline's labels (OntoNotes) that has one."""

_OF_CORPORA = {"PER": "PER", "ORG": "ORG", "LOC": "LOC", "person": "PER", "organization": "ORG", "place": "LOC"} | {
    "location": "LOC",  # these three are WNUT's; its "group" means bands and teams, which are ORG in OntoNotes
    "corporation": "ORG",
    "group": "ORG",
}

CORPORA = ("conll2003.train", "conll2003.dev", "wikigold", "wnut17.train", "wnut17.dev", "gum.train", "btc")

_BLOCK_SENTENCES = 50
_DOCUMENT = "-DOCSTART-"
_CLOSING = re.compile(r"[.,;:!?)\]}%…”]+|\.\.\.|['’](s|m|d|re|ve|ll)|n['’]t", re.IGNORECASE)
_OPENING = frozenset("([{$£€#@“")
_APOSTROPHES = frozenset("'’´")
_CLITICS = frozenset(("s", "t", "m", "d", "re", "ve", "ll"))


class Gold(NamedTuple):
    """An annotated entity at `[start, end)` in code points; `label` is one of `LABELS`."""

    start: int
    end: int
    label: str


def in_their_terms(span: EntitySpan) -> Gold:
    """Translate a pipeline's entity into the corpora's labels; its own label must be in `OF_PIPELINE`."""
    return Gold(span.start, span.end, OF_PIPELINE[span.label])


@dataclass(frozen=True, slots=True)
class Sentence:
    """A text with its entities, and the number of the block that it belongs to."""

    text: str
    entities: tuple[Gold, ...]
    block: int


def read_corpus(data: Path, name: str) -> list[Sentence]:
    """Read all sentences of `data/ner/NAME.conll`."""
    sentences: list[Sentence] = []
    block, room = 0, _BLOCK_SENTENCES
    for tokens, tags in _tagged(data / "ner" / f"{name}.conll"):
        if tokens[0] == _DOCUMENT or not room:
            block, room = block + 1, _BLOCK_SENTENCES
        if tokens[0] == _DOCUMENT:
            continue
        text, starts = detokenize(tokens)
        sentences.append(Sentence(text, tuple(_gold(tokens, tags, starts)), block))
        room -= 1
    return sentences


def detokenize(tokens: Sequence[str]) -> tuple[str, list[int]]:
    """Join tokens into running text; return it and the start of each token in it."""
    text, starts = "", []
    glue, quoted = True, False
    for i, token in enumerate(tokens):
        following = tokens[i + 1].lower() if i + 1 < len(tokens) else ""
        clitic = (token in _APOSTROPHES and following in _CLITICS) or (token == "n" and following in _APOSTROPHES)
        closes_quote = token == '"' and quoted
        if not (glue or clitic or closes_quote or _CLOSING.fullmatch(token)):
            text += " "
        starts.append(len(text))
        text += token
        if token == '"':
            quoted = not quoted
        glue = clitic or token in _OPENING or (token == '"' and quoted)
    return text, starts


def tagged_spans(tags: Sequence[str]) -> Iterator[tuple[int, int, str]]:
    """Yield the first token, last token and label of each entity in BIO or IOB1 tags."""
    first, label = 0, ""
    for i, tag in enumerate([*tags, "O"]):
        prefix, _, of = tag.partition("-")
        if label and (prefix != "I" or of != label):
            yield first, i - 1, label
            label = ""
        if of and not label:
            first, label = i, of


def _gold(tokens: Sequence[str], tags: Sequence[str], starts: Sequence[int]) -> Iterator[Gold]:
    """Yield the entities in code points.

    The Broad Twitter Corpus tags the "@" of a user's name on its own, often with another label. Here it is part of the
    name.
    """
    for first, last, label in tagged_spans(tags):
        if label not in _OF_CORPORA or tokens[first : last + 1] == ["@"]:
            continue
        start = first - 1 if first and tokens[first - 1] == "@" else first
        yield Gold(starts[start], starts[last] + len(tokens[last]), _OF_CORPORA[label])


def _tagged(path: Path) -> Iterator[tuple[list[str], list[str]]]:
    """Yield the tokens and tags of each sentence. Tokens of tweets may contain white space or be nothing else."""
    for lines in re.split(r"\n[ \t]*\n", path.read_text(encoding="utf-8")):
        tokens, tags = [], []
        for line in lines.split("\n"):
            token, _, tag = line.rpartition("\t") if "\t" in line else (line.partition(" ")[0], "", line.split(" ")[-1])
            if token.strip():
                tokens.append(token.strip())
                tags.append(tag)
        if tokens:
            yield tokens, tags
