"""`make bench-engine`, or `python -m benchmarks.engine`: measure the compiled engine and spaCy's `nlp.pipe` in one run.

Everything runs in this process, in turn, and medians are printed. spaCy is at its best: it has its NER alone and has
read all words before. `engine` is the whole way from texts to spans. The floor is the time that NumPy's OpenBLAS takes
for the convolutions' matrix products and nothing else. ONNX Runtime's figures are for the network alone, without
tokenizing and decoding.
"""

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before NumPy is loaded

from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from benchmarks.corpus import DATA
from benchmarks.engine.classifiers import print_classifiers
from benchmarks.engine.grammar import print_grammar
from benchmarks.engine.rulers import print_rulers
from benchmarks.engine.span_categorizers import print_categorizers
from benchmarks.engine.texts import Texts, load_texts
from benchmarks.engine.timing import Work, beside_a_busy_thread, in_threads, medians, once
from benchmarks.ner_alone import PIPELINE, load_ner
from benchmarks.offline import BATCH_SIZE
from benchmarks.results import Machine
from spanwise.pipelines.annotations import ENTITIES, SENTENCES, Layers
from spanwise.pipelines.entities.compiled.compiled_engine import compile_pipeline
from spanwise.pipelines.entities.compiled.components import EntityModel, read_entities
from spanwise.pipelines.entities.engine import Engine
from spanwise.pipelines.entities.spacy_pipeline import load

_ENTITIES = ENTITIES
_SENTENCES = SENTENCES
_ONE_BY_ONE = 300
_BUSY_TOKENS = 150  # for spaCy, which reads about ten tokens per second beside a busy thread


def main(
    data: Annotated[Path, typer.Option(help="Folder of real texts; without it, texts are generated.")] = DATA,
    rounds: Annotated[int, typer.Option(min=1, help="Medians are over so many.")] = 5,
    short: Annotated[int, typer.Option(min=1, help="How many short texts.")] = 1500,
    long: Annotated[int, typer.Option(min=1, help="How many long texts.")] = 60,
) -> None:
    """Measure and print tables."""
    nlp = load_ner()
    short_texts, long_texts, source = load_texts(data, nlp, short, long)
    loaded = load(PIPELINE)
    compiled = compile_pipeline(loaded.nlp, loaded.plan.recognizer, loaded.plan.boundaries.name)
    machine = Machine.here()
    print(f"{machine.cpu}, {machine.cores} cores, instructions: {compiled.instructions}. Texts: {source}")
    for texts in (short_texts, long_texts):
        print(f"\n{texts.name}: {len(texts.texts)} texts of {texts.mean_tokens:.0f} tokens; texts per second")
        _print_rows(texts, _compare(nlp, compiled, texts, rounds))
    print_classifiers(short_texts.texts, rounds)
    print_categorizers(short_texts.texts, rounds)
    print_rulers(short_texts.texts, rounds)
    _print_parts(short_texts, compiled, read_entities(loaded.nlp, str(loaded.plan.recognizer)), rounds)
    for texts in (short_texts, long_texts):
        print_grammar(PIPELINE, texts.texts, rounds)


def _compare(nlp: Any, compiled: Engine, texts: Texts, rounds: int) -> dict[str, tuple[float | None, float]]:
    """Measure each way of running: the texts per second of spaCy (None if not measured) and of the compiled engine."""
    singles = texts.texts[: max(1, _ONE_BY_ONE * len(texts.texts) // 1500)]
    part = texts.texts[: max(1, round(_BUSY_TOKENS / texts.mean_tokens))]
    works: dict[str, Work] = {
        "spacy batches": partial(_spacy_batches, nlp, texts.texts),
        "engine batches": partial(_engine_batches, compiled, texts.texts),
        "spacy one by one": partial(_spacy_singles, nlp, singles),
        "engine one by one": partial(_engine_singles, compiled, singles),
        "engine two threads": in_threads(2, partial(_engine_batches, compiled, texts.texts)),
        "engine busy": beside_a_busy_thread(partial(_engine_batches, compiled, texts.texts)),
    }
    took = medians(works, rounds)
    took["spacy busy"] = once(beside_a_busy_thread(partial(_spacy_batches, nlp, part)))
    count = len(texts.texts)
    return {
        "batches of 128": (count / took["spacy batches"], count / took["engine batches"]),
        "one by one": (len(singles) / took["spacy one by one"], len(singles) / took["engine one by one"]),
        "beside a busy Python thread": (len(part) / took["spacy busy"], count / took["engine busy"]),
        "two threads": (None, 2 * count / took["engine two threads"]),
    }


def _print_rows(texts: Texts, rows: dict[str, tuple[float | None, float]]) -> None:
    alone = rows["batches of 128"][1]
    print(f"{'':30}{'nlp.pipe':>10}{'engine':>10}{'ratio':>8}{'of one thread alone':>22}")
    for name, (spacy_rate, rate) in rows.items():
        ratio, known = (f"{rate / spacy_rate:.1f}", f"{spacy_rate:.0f}") if spacy_rate else ("", "")
        print(f"{name:30}{known:>10}{rate:>10.0f}{ratio:>8}{rate / alone:>22.2f}")
    print(f"{'tokens per second, batches':30}{'':>10}{alone * texts.mean_tokens:>10.0f}")


def _print_parts(texts: Texts, compiled: Engine, model: EntityModel, rounds: int) -> None:
    """Print where the time goes, with the floor and ONNX Runtime for comparison, in microseconds per token."""
    rules = load(PIPELINE)
    rules.nlp.add_pipe("sentencizer", name="rules")
    reader = compile_pipeline(rules.nlp, None, "rules")
    works: dict[str, Work] = {
        "the whole engine": partial(_engine_batches, compiled, texts.texts),
        "of that, reading texts and writing spans": partial(_engine_batches, reader, texts.texts, _SENTENCES),
        "the convolutions' products in OpenBLAS": _floor(model, texts),
    }
    network = _onnx(model, texts)
    if network:
        works["the network in ONNX Runtime"] = network
        works["the network in ONNX Runtime, busy thread"] = beside_a_busy_thread(network)
        works["the whole engine, busy thread"] = beside_a_busy_thread(works["the whole engine"])
    took = medians(works, rounds)
    operations = 2 * sum(layer.weights.size for layer in model.tok2vec.convolutions)
    print(f"\nWhere the time goes, {texts.name}; microseconds per token ({operations / 1e6:.2f} MFLOP in convolutions)")
    for name, seconds in took.items():
        print(f"{name:44}{seconds / texts.tokens * 1e6:>8.2f}")
    floor = took["the convolutions' products in OpenBLAS"]
    print(f"{'share of the OpenBLAS floor reached':44}{floor / took['the whole engine']:>8.2f}")
    if not network:
        print("ONNX Runtime was left out: it is installed by `make bench-engine`, from requirements/bench.txt.")


def _floor(model: EntityModel, texts: Texts) -> Any:
    """Return work that does only the matrix products of every convolution, for batches as large as the engine's."""
    per_batch = int(BATCH_SIZE * texts.mean_tokens)
    products = []
    for layer in model.tok2vec.convolutions:
        outputs, pieces, inputs = layer.weights.shape
        weights = np.ascontiguousarray(layer.weights.reshape(outputs * pieces, inputs).T)
        rows = np.ones((per_batch, inputs), dtype=np.float32)
        products.append((rows, weights, np.empty((per_batch, outputs * pieces), dtype=np.float32)))

    def run() -> None:
        for _ in range(max(1, round(texts.tokens / per_batch))):
            for rows, weights, out in products:
                np.matmul(rows, weights, out=out)

    return run


def _onnx(model: EntityModel, texts: Texts) -> Any:
    try:
        from benchmarks.engine.onnx_network import OnnxNetwork  # noqa: PLC0415 - not always installed
    except ImportError:
        return None
    network = OnnxNetwork(model)
    batches = max(1, round(len(texts.texts) / BATCH_SIZE))
    rows = network.rows([round(texts.mean_tokens)] * BATCH_SIZE)
    return lambda: [network(*rows) for _ in range(batches)]


def _spacy_batches(nlp: Any, texts: list[str]) -> int:
    return sum(len(doc.ents) for doc in nlp.pipe(texts, batch_size=BATCH_SIZE))


def _spacy_singles(nlp: Any, texts: list[str]) -> int:
    return sum(len(nlp(text).ents) for text in texts)


def _engine_batches(engine: Engine, texts: list[str], wanted: Layers = _ENTITIES) -> int:
    found = 0
    for start in range(0, len(texts), BATCH_SIZE):
        batch = texts[start : start + BATCH_SIZE]
        found += sum(len(one.entities) for one in engine.annotate(batch, [wanted] * len(batch)))
    return found


def _engine_singles(engine: Engine, texts: list[str]) -> int:
    return sum(len(engine.annotate([text], [_ENTITIES])[0].entities) for text in texts)


if __name__ == "__main__":
    typer.run(main)
