"""`make new-words`, or `python -m benchmarks.new_words`: measure memory over texts of new words, and its bound's cost.

First the lexicon is filled until its entries have been replaced several times. From then on resident memory must not
grow by more than 10 MB, or the command fails. Then real texts are read, each for the first time: by the compiled engine
(runs, tokens, lexical attributes, embeddings; no network), and by spaCy's tokenizer outside any memory zone, where the
vocabulary grows with every new word.
"""

import random
import string
import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.corpus import DATA, load_corpus
from benchmarks.ner_alone import PIPELINE, load_ner
from benchmarks.procfs import resident_mb
from spanwise.pipelines import Analyzer, Document
from spanwise.pipelines.annotations import SENTENCES
from spanwise.pipelines.entities.compiled.compiled_engine import compile_pipeline
from spanwise.pipelines.entities.engine import Engine
from spanwise.pipelines.entities.spacy_pipeline import load
from spanwise.service.process.cpus import available_cpus

_BATCH = 64
_WARM_UP = 10_000
_ALLOWED_MB = 10
_WORDS = 20  # random words in a text
_WAITING = 8  # batches
_THREADS = available_cpus()


def never_seen(count: int, seed: int = 0) -> Iterator[str]:
    """Yield texts of `_WORDS` random words between a few common ones."""
    chance = random.Random(seed)
    for _ in range(count):
        words = ("".join(chance.choices(string.ascii_lowercase, k=10)).capitalize() for _ in range(_WORDS))
        yield "The " + " and ".join(words) + "."


def analyze_new_words(analyzer: Analyzer, texts: int, seed: int, pool: ThreadPoolExecutor) -> None:
    """Analyse `texts` texts of new words in all threads of the pool."""
    documents = (Document(text, frozenset({"entities", "sentences"})) for text in never_seen(texts, seed))
    waiting: deque[Future[object]] = deque()
    while batch := list(islice(documents, _BATCH)):
        waiting.append(pool.submit(analyzer.analyze, batch))
        if len(waiting) > _WAITING:
            waiting.popleft().result()
    for future in waiting:
        future.result()


def main(
    texts: Annotated[int, typer.Option(min=1, help="How many texts, after warming up.")] = 200_000,
    data: Annotated[Path, typer.Option(help="Folder of real texts; without it, texts are generated.")] = DATA,
    threads: Annotated[int, typer.Option(min=1, help="By default as many as the service would use.")] = _THREADS,
) -> None:
    """Measure and print the growth of memory. Exits with 1 when memory grew by more than the limit at any time."""
    analyzer = Analyzer.load(PIPELINE)
    print(f"engine {analyzer.engine_name}, {threads} threads, {resident_mb():.0f} MB resident at start")
    growth = 0.0
    steps = 10
    with ThreadPoolExecutor(threads) as pool:
        analyze_new_words(analyzer, _WARM_UP, 0, pool)
        before = resident_mb()
        print(f"{before:.0f} MB after {_WARM_UP:,} texts")
        for step in range(1, steps + 1):
            analyze_new_words(analyzer, texts // steps, step, pool)
            growth = max(growth, grown := resident_mb() - before)
            print(f"{grown:+.1f} MB after {step * (texts // steps):,} more", flush=True)
    _reading(data)
    if growth > _ALLOWED_MB:
        print(f"memory grew by more than {_ALLOWED_MB} MB")
        sys.exit(1)


def _reading(data: Path) -> None:
    """Print the speed at which the compiled engine and spaCy's tokenizer read new texts."""
    corpus = load_corpus(data, 20_000)
    loaded = load(PIPELINE)
    loaded.nlp.add_pipe("sentencizer", name="rules")
    engine = compile_pipeline(loaded.nlp, loaded.plan.recognizer, "rules")
    nlp = load_ner()
    seconds = {"the compiled engine": _read(engine, corpus.texts)}
    started = time.perf_counter()
    tokens = sum(len(nlp.make_doc(text)) for text in corpus.texts)
    seconds["spaCy's tokenizer outside zones"] = time.perf_counter() - started
    print(f"reading {corpus}, each for the first time")
    for name, taken in seconds.items():
        print(f"{name:34}{tokens / taken:>12,.0f} tokens/s")
    own, spacy = seconds.values()
    print(f"{'the first of the second':34}{100 * spacy / own:>12.0f} %")


def _read(engine: Engine, texts: Sequence[str]) -> float:
    wanted = [SENTENCES] * _BATCH
    started = time.perf_counter()
    for start in range(0, len(texts), _BATCH):
        batch = texts[start : start + _BATCH]
        engine.annotate(batch, wanted[: len(batch)])
    return time.perf_counter() - started


if __name__ == "__main__":
    typer.run(main)
