"""The sections `tokens` and `noun_chunks` of an answer."""

from typing import Any, cast

from spanwise.pipelines.annotations import Annotations
from spanwise.pipelines.document import Document
from spanwise.pipelines.features.console_table import ConsoleTable
from spanwise.pipelines.offsets import convert_offsets, span_bounds
from spanwise.schemas import AnalyzeResponse, NounChunk, Token

_ORDER = ("tag", "pos", "morph", "lemma", "dep")


def write_tokens(answer: AnalyzeResponse, document: Document, found: Annotations) -> None:
    """Put the tokens into the answer, in the document's unit; every token has the same fields."""
    tokens, text = found.tokens, document.text
    if tokens is None:
        return
    positions = [position for pair in zip(tokens.start, tokens.end, strict=True) for position in pair]
    bounds = convert_offsets(text, positions, document.offset_encoding)
    columns: dict[str, list[Any]] = {
        "text": [text[start:end] for start, end in zip(tokens.start, tokens.end, strict=True)],
        "start": bounds[::2],
        "end": bounds[1::2],
        **{name: tokens.annotated[name] for name in _ORDER if name in tokens.annotated},
        **({} if tokens.head is None else {"head": tokens.head}),
        "space_after": tokens.space_after,
    }
    names = tuple(columns)
    rows = [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    answer["tokens"] = cast("list[Token]", rows)


def write_noun_chunks(answer: AnalyzeResponse, document: Document, found: Annotations) -> None:
    """Put the base noun phrases into the answer, in the document's unit."""
    text = document.text
    bounds = span_bounds(text, found.noun_chunks, document.offset_encoding)
    answer["noun_chunks"] = [
        NounChunk(text=text[chunk.start : chunk.end], start=start, end=end, root=chunk.root)
        for chunk, start, end in zip(found.noun_chunks, bounds[::2], bounds[1::2], strict=True)
    ]


def tabulate_tokens(answer: AnalyzeResponse) -> ConsoleTable | None:
    """Return the tokens as rows, with the fields that they have."""
    if "tokens" not in answer:
        return None
    tokens = [cast("dict[str, Any]", token) for token in answer["tokens"]]
    names = ("start", "end", *_ORDER, "head")
    shown = [name for name in names if tokens and name in tokens[0]]
    rows = [(repr(token["text"])[1:-1], *(str(token[name]) for name in shown)) for token in tokens]
    return ConsoleTable("Tokens", ("token", *shown), rows)


def tabulate_noun_chunks(answer: AnalyzeResponse) -> ConsoleTable | None:
    """Return the base noun phrases as rows."""
    if "noun_chunks" not in answer:
        return None
    rows = [
        (chunk["text"], str(chunk["start"]), str(chunk["end"]), str(chunk["root"])) for chunk in answer["noun_chunks"]
    ]
    return ConsoleTable("Noun chunks", ("noun chunk", "start", "end", "root"), rows)
