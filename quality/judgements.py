"""The default pipeline's predictions on the corpora, each with its probability and whether annotators agree with it.

The corpora are split block by block, always in the same way: one half to fit curves on, a quarter to choose between the
curves, a quarter held out. Each corpus is split in these proportions.
"""

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from benchmarks.ner_alone import PIPELINE
from quality.corpora import CORPORA, OF_PIPELINE, Sentence, in_their_terms, read_corpus
from spanwise.pipelines.annotations import ENTITIES, EntitySpan
from spanwise.pipelines.entities.compiled.compiled_engine import compile_pipeline
from spanwise.pipelines.entities.compiled.components import EntityModel, read_entities
from spanwise.pipelines.entities.engine import Engine
from spanwise.pipelines.entities.spacy_pipeline import LoadedPipeline, load

Corpora = dict[str, list[Sentence]]
Part = Literal["fit", "choose", "held out"]
_SHARES: tuple[tuple[Part, float], ...] = (("fit", 0.5), ("choose", 0.25), ("held out", 0.25))
SEED = 20_240_502


@dataclass(frozen=True, slots=True)
class Judgements:
    """Predictions with a comparable label (`corpora.OF_PIPELINE`), as arrays of the same length.

    A prediction is correct if it has exactly the characters of an annotated entity, and its label.
    """

    corpus: NDArray[np.str_]
    block: NDArray[np.int_]
    label: NDArray[np.str_]
    probability: NDArray[np.float64]
    correct: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.correct)

    def where(self, chosen: NDArray[np.bool_]) -> "Judgements":
        """Select the judgements for which `chosen` [judgements] is true."""
        return Judgements(*(getattr(self, one.name)[chosen] for one in fields(self)))

    def groups(self) -> Iterator[tuple[str, NDArray[np.bool_]]]:
        """Yield the name and the members of each group: all judgements, those of each corpus, those of each label."""
        yield "all", np.ones(len(self), dtype=bool)
        for names in (self.corpus, self.label):
            for name in dict.fromkeys(names.tolist()):
                yield name, names == name


def split(blocks: Iterable[int], corpus: str, seed: int = SEED) -> dict[int, Part]:
    """Assign each block of a corpus to a part, at random by the seed."""
    order = sorted(set(blocks))
    random.Random(f"{seed} {corpus}").shuffle(order)  # a string seeds alike on every version of Python
    parts: dict[int, Part] = {}
    end = 0.0
    for part, share in _SHARES:
        start, end = end, end + share
        parts |= dict.fromkeys(order[round(start * len(order)) : round(end * len(order))], part)
    return parts


def split_judgements(judgements: Judgements, corpora: Corpora, seed: int = SEED) -> dict[Part, Judgements]:
    """Split judgements into those of each part of the corpora."""
    parts = {name: split((one.block for one in sentences), name, seed) for name, sentences in corpora.items()}
    places = zip(judgements.corpus.tolist(), judgements.block.tolist(), strict=True)
    part_of = np.array([parts[name][block] for name, block in places])
    return {part: judgements.where(part_of == part) for part, _ in _SHARES}


def read_corpora(data: Path) -> Corpora:
    """Read all corpora."""
    return {name: read_corpus(data, name) for name in CORPORA}


def sentences_of(corpora: Corpora, part: Part) -> Corpora:
    """Select the sentences of one part of all corpora."""
    found = {}
    for name, sentences in corpora.items():
        parts = split((sentence.block for sentence in sentences), name)
        found[name] = [sentence for sentence in sentences if parts[sentence.block] == part]
    return found


@cache
def default_pipeline() -> tuple[LoadedPipeline, EntityModel]:
    """Load the default pipeline, and read its recognizer's weights as the compiled engine does."""
    loaded = load(PIPELINE)
    return loaded, read_entities(loaded.nlp, str(loaded.plan.recognizer))


def default_engine() -> Engine:
    """Return the default pipeline's compiled engine."""
    loaded, _ = default_pipeline()
    return compile_pipeline(loaded.nlp, loaded.plan.recognizer, loaded.plan.boundaries.name)


def entities(engine: Engine, sentences: Sequence[Sentence]) -> list[list[EntitySpan]]:
    """Return the entities that an engine finds in each sentence."""
    wanted = [ENTITIES] * len(sentences)
    return [found.entities for found in engine.annotate([sentence.text for sentence in sentences], wanted)]


def judge(engine: Engine, corpora: Corpora) -> Judgements:
    """Judge an engine's predictions by the model's own probabilities, before any calibration."""
    rows = [
        (name, sentence.block, span.label, span.raw_score, in_their_terms(span) in sentence.entities)
        for name, sentences in corpora.items()
        for sentence, found in zip(sentences, entities(engine, sentences), strict=True)
        for span in found
        if span.label in OF_PIPELINE
    ]
    return Judgements(*(np.array(column) for column in zip(*rows, strict=True)))
