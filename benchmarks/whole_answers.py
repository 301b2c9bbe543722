"""`make exactness-answers`: compare whole answers of a pipeline with `Doc.to_json` of the installed spaCy.

Every text is analysed with all features that spaCy knows too, in batches, and by `nlp.pipe` of the whole pipeline. What
both have must be equal: tokens with all their fields, entities, sentences, categories (to 1e-4), spans, noun chunks.
Scores aside, differences come from exact ties alone, and there should be none: the command fails if there is one.
"""

import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import spacy
import typer
from spacy.tokens import Doc

from benchmarks.corpus import DATA, load_corpus
from benchmarks.ner_alone import PIPELINE
from spanwise.pipelines import Analyzer, locate
from spanwise.schemas import AnalyzeResponse, Feature

TOKEN_FIELDS = ("start", "end", "tag", "pos", "morph", "lemma", "dep", "head")
SCORE_TOLERANCE = 1e-4
_BATCH = 64


def comparable(analyzer: Analyzer) -> frozenset[Feature]:
    """Return the features of a pipeline that spaCy itself computes."""
    return analyzer.features & {"entities", "sentences", "categories", "spans", "tokens", "noun_chunks"}


def differing(answer: AnalyzeResponse, doc: Doc) -> list[str]:
    """Return the sections of an answer that differ from a Doc of the whole pipeline."""
    expected = doc.to_json()
    found: dict[str, tuple[Any, Any]] = {}
    if "tokens" in answer:
        rows: list[dict[str, Any]] = [dict(token) for token in answer["tokens"]]
        found["tokens"] = (
            [{key: row[key] for key in TOKEN_FIELDS if key in row} for row in rows],
            [{key: token[key] for key in TOKEN_FIELDS if key in token} for token in expected["tokens"]],
        )
        found["token texts"] = (
            [(row["text"], row["space_after"]) for row in rows],
            [(token.text, bool(token.whitespace_)) for token in doc],
        )
    if "entities" in answer:
        found["entities"] = (
            [(e["start"], e["end"], e["label"], e.get("id", ""), e.get("kb_id", "")) for e in answer["entities"]],
            [(e.start_char, e.end_char, e.label_, e.id_, e.kb_id_) for e in doc.ents],
        )
    if "sentences" in answer and "sents" in expected:
        found["sentences"] = (
            [sentence["text"] for sentence in answer["sentences"]],
            [text for sentence in doc.sents if (text := sentence.text.strip())],
        )
    if "categories" in answer:
        scores = {category["label"]: category["score"] for category in answer["categories"]}
        near = scores.keys() == doc.cats.keys() and all(
            abs(score - doc.cats[label]) <= SCORE_TOLERANCE for label, score in scores.items()
        )
        found["categories"] = (near, True)
        ranked = [category["score"] for category in answer["categories"]]
        found["order of categories"] = (ranked, sorted(ranked, reverse=True))
    if "spans" in answer:
        found["spans"] = (
            [(s["key"], s["start"], s["end"], s["label"], s.get("id", "")) for s in answer["spans"]],
            [(key, s.start_char, s.end_char, s.label_, s.id_) for key, group in doc.spans.items() for s in group],
        )
        theirs = [float(s.item()) for group in doc.spans.values() for s in group.attrs.get("scores", ())]
        ours = [span["score"] for span in answer["spans"] if "score" in span]
        near = len(ours) == len(theirs) and all(
            abs(one - other) <= SCORE_TOLERANCE for one, other in zip(ours, theirs, strict=True)
        )
        found["scores of spans"] = (near, True)
    if "noun_chunks" in answer:
        chunks = doc.noun_chunks if doc.has_annotation("DEP") else ()
        found["noun_chunks"] = (
            [(chunk["start"], chunk["end"], chunk["root"]) for chunk in answer["noun_chunks"]],
            [(chunk.start_char, chunk.end_char, chunk.root.i) for chunk in chunks],
        )
    return [section for section, (ours, theirs) in found.items() if ours != theirs]


def main(
    pipeline: Annotated[str, typer.Argument(help="An installed package or a folder.")] = PIPELINE,
    *,
    data: Annotated[Path, typer.Option(help="Folder of real texts; without it, texts are generated.")] = DATA,
    texts: Annotated[int, typer.Option(min=1, help="How many.")] = 10_000,
) -> None:
    """Compare, and print what differs. Exits with 1 when something does."""
    corpus = load_corpus(data, 2 * texts)  # small files have fewer than their share
    corpus = replace(corpus, texts=corpus.texts[:texts])
    analyzer, nlp = Analyzer.load(pipeline, preload=True), spacy.load(locate(pipeline))
    features = comparable(analyzer)
    print(f"{analyzer.title}, {', '.join(sorted(features))}. Texts: {corpus}")
    started, wrong = time.monotonic(), 0
    for first in range(0, len(corpus.texts), _BATCH):
        part = corpus.texts[first : first + _BATCH]
        for text, answer, doc in zip(part, analyzer.analyze(part, features), nlp.pipe(part), strict=True):
            if sections := differing(answer, doc):
                wrong += 1
                print(f"{', '.join(sections)} of {text!r}", flush=True)
    print(f"{len(corpus.texts):,} texts, {wrong} differ ({time.monotonic() - started:.0f} s)")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    typer.run(main)
