"""The NER corpora as a caller would send them: running text, and where annotators saw entities in it.

The files hold tokens. Texts are put together again with spaces where English has them, sentence by sentence (tweet by
tweet), and the gold entities are character offsets into that text; a pipeline so has to find its own tokens, as it
does in service. Sentences lie in blocks, a document or a stretch of one, which are never divided between fitting and
evaluating: neighbours speak of the same people.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from spanwise.pipelines.annotations import EntitySpan

LABELS = ("PER", "ORG", "LOC")
"""What the corpora and the pipeline both know, by the corpora's names; all else is left aside."""

OF_PIPELINE = {"PERSON": "PER", "ORG": "ORG", "GPE": "LOC", "LOC": "LOC", "FAC": "LOC"}
"""The default pipeline's labels (OntoNotes) in these terms."""

_OF_CORPORA = {"PER": "PER", "ORG": "ORG", "LOC": "LOC", "person": "PER", "organization": "ORG", "place": "LOC"} | {
    "location": "LOC",  # WNUT, whose "group" holds bands and teams, which are ORG in OntoNotes
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
    """An annotated entity, code points `[start, end)`; `label` is one of `LABELS`."""

    start: int
    end: int
    label: str


def in_their_terms(span: EntitySpan) -> Gold:
    """A pipeline's entity as annotators would write it down; its label must be in `OF_PIPELINE`."""
    return Gold(span.start, span.end, OF_PIPELINE[span.label])


@dataclass(frozen=True, slots=True)
class Sentence:
    """A text with its entities. `block` numbers the stretch of the corpus that it is from."""

    text: str
    entities: tuple[Gold, ...]
    block: int


def read_corpus(data: Path, name: str) -> list[Sentence]:
    """All of `data/ner/NAME.conll`."""
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
    """Running text, and where in it each token starts."""
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
    """First token, last token and label of each entity, of BIO or IOB1 tags."""
    first, label = 0, ""
    for i, tag in enumerate([*tags, "O"]):
        prefix, _, of = tag.partition("-")
        if label and (prefix != "I" or of != label):
            yield first, i - 1, label
            label = ""
        if of and not label:
            first, label = i, of


def _gold(tokens: Sequence[str], tags: Sequence[str], starts: Sequence[int]) -> Iterator[Gold]:
    """Entities in code points. The Broad Twitter Corpus tags the "@" of a user's name by itself, often with another
    label: here it belongs to the name.
    """
    for first, last, label in tagged_spans(tags):
        if label not in _OF_CORPORA or tokens[first : last + 1] == ["@"]:
            continue
        start = first - 1 if first and tokens[first - 1] == "@" else first
        yield Gold(starts[start], starts[last] + len(tokens[last]), _OF_CORPORA[label])


def _tagged(path: Path) -> Iterator[tuple[list[str], list[str]]]:
    """Tokens and tags of each sentence. Tweets' tokens may have white space inside, or be nothing else."""
    for lines in re.split(r"\n[ \t]*\n", path.read_text(encoding="utf-8")):
        tokens, tags = [], []
        for line in lines.split("\n"):
            token, _, tag = line.rpartition("\t") if "\t" in line else (line.partition(" ")[0], "", line.split(" ")[-1])
            if token.strip():
                tokens.append(token.strip())
                tags.append(tag)
        if tokens:
            yield tokens, tags
