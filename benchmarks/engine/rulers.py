"""Measure compiled rulers: the recognizer with a ruler beside `nlp.pipe`, and what many phrases cost.

Phrases are invented names, and some words of the texts, so that a part of the tokens begins or continues a phrase.
spaCy's own ruler with as many phrases takes long to fill and much memory, so that it is measured once, with 100,000 of
them. A pipeline is loaded in a process of its own, since memory that is freed would hide what is taken.
"""

import gc
import random
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
import spacy
from spacy.language import Language

from benchmarks.engine.timing import medians
from benchmarks.ner_alone import load_ner
from benchmarks.offline import BATCH_SIZE
from spanwise.pipelines import Analyzer
from spanwise.pipelines.annotations import ENTITIES
from spanwise.pipelines.entities.compiled.compiled_engine import CompiledEngine, compile_pipeline
from spanwise.pipelines.entities.compiled.rulers import read_rulers
from spanwise.pipelines.entities.engine import Engine
from spanwise.service.process.heap import release_freed_memory

_LABELS = ("ORG", "PRODUCT", "GPE")
_SYLLABLES = ("ba", "co", "du", "fe", "gi", "lo", "mar", "nes", "ro", "ti", "vu", "xa", "zen", "qui", "pol")
_WORDS_OF_TEXTS = 0.1
"""The share of phrases that begin with a word of the texts."""

_COMMON = ("The", "New", "Bank", "First", "United")
_PATTERNS: list[dict[str, Any]] = [
    {"label": "PERSON", "pattern": [{"LOWER": {"IN": ["mr.", "mrs.", "dr."]}}, {"IS_TITLE": True, "OP": "+"}]},
    {"label": "MONEY", "pattern": [{"ORTH": "$"}, {"LIKE_NUM": True}, {"LOWER": "million", "OP": "?"}]},
    {"label": "DATE", "pattern": [{"SHAPE": "dddd"}, {"ORTH": "-"}, {"SHAPE": "dddd"}]},
    {"label": "ORG", "pattern": [{"IS_TITLE": True}, {"LOWER": {"IN": ["inc", "inc.", "corp", "corp.", "ltd"]}}]},
]


def phrases(count: int, words: Sequence[str]) -> list[str]:
    """Return phrases of one to three words."""
    source = random.Random(0)
    own = ["".join(source.choices(_SYLLABLES, k=source.randint(2, 4))).capitalize() for _ in range(count // 3)]
    found = []
    for _ in range(count):
        chosen = source.choices(own, k=source.choice((1, 2, 2, 3)))
        if source.random() < _WORDS_OF_TEXTS and len(chosen) > 1:
            chosen[0] = source.choice(words)
        found.append(" ".join(chosen))
    return found


def print_rulers(texts: Sequence[str], rounds: int, *, phrase_count: int = 100_000) -> None:
    """Measure rulers of a few patterns and of many phrases behind a recognizer, and print tables."""
    words = sorted({word for text in texts for word in text.split() if word.isalpha()})
    many = [{"label": _LABELS[i % 3], "pattern": phrase} for i, phrase in enumerate(phrases(phrase_count, words))]
    alone = compile_pipeline(load_ner(), "ner", None)
    print(f"\nA recognizer and an entity_ruler behind it, batches of {BATCH_SIZE}; texts per second")
    print(f"{'':30}{'nlp.pipe':>10}{'engine':>10}{'ratio':>8}{'beside the recognizer alone':>30}")
    for name, patterns in (("4 token patterns", _PATTERNS), (f"{phrase_count} phrases", [*many, *_PATTERNS])):
        nlp, filled = _with_ruler(patterns)
        engine, made = _compiled(nlp)
        works = {
            "spacy": partial(_spacy, nlp, texts),
            "engine": partial(_engine, engine, texts),
            "alone": partial(_engine, alone, texts),
        }
        took = medians(works, rounds)
        rate, spacy_rate = len(texts) / took["engine"], len(texts) / took["spacy"]
        more = took["engine"] / took["alone"] - 1
        print(f"{name:30}{spacy_rate:>10.0f}{rate:>10.0f}{rate / spacy_rate:>8.1f}{more:>+30.1%}", flush=True)
        print(f"    compiled in {made:.2f} s; spaCy's own ruler filled in {filled:.1f} s before")
    for count in (phrase_count, 10 * phrase_count):
        program = (sys.executable, "-m", __name__, str(count))
        answer = subprocess.run(program, capture_output=True, check=True, text=True).stdout
        seconds, megabytes = map(float, answer.split())
        print(f"{count:>9} phrases: a pipeline with no more is loaded in {seconds:.2f} s, and takes {megabytes:.0f} MB")


def _with_ruler(patterns: list[dict[str, Any]]) -> tuple[Language, float]:
    nlp = load_ner()
    ruler: Any = nlp.add_pipe("entity_ruler")
    started = time.perf_counter()
    with nlp.select_pipes(disable=nlp.pipe_names):  # or the recognizer would read every phrase
        ruler.add_patterns(patterns)
    return nlp, time.perf_counter() - started


def _compiled(nlp: Language) -> tuple[CompiledEngine, float]:
    """Return the engine, and the seconds that compiling it took."""
    started = time.perf_counter()
    rulers = read_rulers(nlp, ["entity_ruler"], ENTITIES, has_recognizer=True)
    engine = compile_pipeline(nlp, "ner", None, rulers=rulers)
    del rulers
    return engine, time.perf_counter() - started


def _loaded(count: int) -> tuple[float, float]:
    """Return the seconds in which a pipeline with a ruler of so many phrases is loaded, and the MB that it takes."""
    with TemporaryDirectory() as folder:
        nlp = spacy.blank("en")
        ruler: Any = nlp.add_pipe("entity_ruler")
        ruler.add_patterns([{"label": _LABELS[0], "pattern": _COMMON[0]}])
        nlp.to_disk(folder)
        Analyzer.load(folder)  # what the first pipeline of a process takes is not the ruler's
        with (Path(folder) / "entity_ruler" / "patterns.jsonl").open("wb") as lines:
            for number, phrase in enumerate(phrases(count, _COMMON)):
                lines.write(orjson.dumps({"label": _LABELS[number % len(_LABELS)], "pattern": phrase}) + b"\n")
        before, started = _megabytes(), time.perf_counter()
        analyzer = Analyzer.load(folder)
        taken = time.perf_counter() - started
        if analyzer.fallback:
            raise RuntimeError(analyzer.fallback.reason)
        return taken, _megabytes() - before


def _megabytes() -> float:
    """Return the memory that this process uses now, in MB (10^6 bytes)."""
    gc.collect()
    release_freed_memory()  # as the service does when it has loaded its pipelines
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * resource.getpagesize() / 1e6


def _spacy(nlp: Language, texts: Sequence[str]) -> int:
    return sum(len(doc.ents) for doc in nlp.pipe(texts, batch_size=BATCH_SIZE))


def _engine(engine: Engine, texts: Sequence[str]) -> int:
    batches = (texts[first : first + BATCH_SIZE] for first in range(0, len(texts), BATCH_SIZE))
    return sum(len(found.entities) for batch in batches for found in engine.annotate(batch, [ENTITIES] * len(batch)))


if __name__ == "__main__":
    print(*_loaded(int(sys.argv[1])))
