"""The part of `make bench-engine` about grammar: the compiled components beside spaCy's, over a shared tok2vec.

Components are added one after the other. A line compares all of them so far with `nlp.pipe` of the same components; the
cost of the last one alone is the difference to the line before.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import spacy

from benchmarks.engine.timing import in_threads, medians
from benchmarks.offline import BATCH_SIZE
from spanwise.pipelines.entities.compiled.compiled_grammar import CompiledGrammar, compile_grammar
from spanwise.pipelines.entities.spacy_pipeline import load
from spanwise.pipelines.specs import locate

_COMPONENTS = ("tagger", "morphologizer", "attribute_ruler", "trainable_lemmatizer", "lemmatizer")


def print_grammar(pipeline: str, texts: Sequence[str], rounds: int) -> None:
    """Measure the grammar components of a pipeline on texts, and print a table in microseconds a token."""
    nlp = spacy.load(locate(pipeline))
    names = [name for name in nlp.pipe_names if name in _COMPONENTS]
    works: dict[str, Callable[[], Any]] = {}
    compiled: dict[str, CompiledGrammar] = {}
    for count in range(1, len(names) + 1):
        chosen = names[:count]
        loaded = load(pipeline, [name for name in nlp.component_names if name not in {"tok2vec", *chosen}])
        grammar = compiled[chosen[-1]] = compile_grammar(loaded.nlp, loaded.plan)
        own = spacy.load(locate(pipeline), exclude=[n for n in nlp.component_names if n not in {"tok2vec", *chosen}])
        works[f"spacy {chosen[-1]}"] = partial(_spacy, own, texts)
        works[f"engine {chosen[-1]}"] = partial(_compiled, grammar, texts)
    last = names[-1]
    works["two threads"] = in_threads(2, partial(_compiled, compiled[last], texts))
    took = medians(works, rounds)
    tokens = sum(len(found.start) for found in compiled[last].annotate(texts))
    print(f"\nGrammar of {pipeline}: {len(texts)} texts, {tokens:,} tokens; microseconds a token")
    before = (0.0, 0.0)
    for name in names:
        spacys, ours = (1e6 * took[f"{engine} {name}"] / tokens for engine in ("spacy", "engine"))
        alone = spacys - before[0], ours - before[1]
        print(
            f"  up to {name:20} spaCy {spacys:6.2f}  compiled {ours:6.2f}  {spacys / ours:5.1f}x"
            f"   {name} alone: {alone[0]:6.2f} {alone[1]:6.2f}"
        )
        before = spacys, ours
    print(f"  two threads: {2 * took[f'engine {last}'] / took['two threads']:.2f}x one")


def _spacy(nlp: Any, texts: Sequence[str]) -> None:
    for _ in nlp.pipe(texts, batch_size=BATCH_SIZE):
        pass


def _compiled(grammar: CompiledGrammar, texts: Sequence[str]) -> None:
    for first in range(0, len(texts), BATCH_SIZE):
        grammar.annotate(texts[first : first + BATCH_SIZE])
