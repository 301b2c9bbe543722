"""Choose the sentiment model of a language, and what computes it: the kernels where they agree with the reference."""

from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from importlib import resources
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from spanwise.pipelines.kernels import SentimentKernels
from spanwise.pipelines.load_errors import PipelineBroken
from spanwise.pipelines.sentiment.artefact import Artefact, Floats
from spanwise.pipelines.sentiment.gate import gate_sum, read_gate
from spanwise.pipelines.sentiment.model import SentimentModel, Span, Target
from spanwise.pipelines.sentiment.reference_model import ReferenceModel
from spanwise.pipelines.sentiment.two_models import TwoModels

MODELS = {"en": "english"}
"""The folder of each language's model, beside this file: the one place to add a model for another language."""

TOLERANCE = 1e-4
"""How far a probability may be from the reference's: float32 sums in another order."""

_SAMPLE = (
    "The food was not bad at all, but the service was sooooo SLOW!!! :( I won't come back to Paris :/",
    "Tim Cook opened the 2nd store in Cupertino on Monday. 😀❤️ @someone https://example.org/ #GreatDay",
    "Überraschenderweise naïve; 東京 hated it… “never again”, said O'Brien's wife.",
    "I haaaaate waiting, but I loooove you, yesss! Coooool. HAPPYYYY",
    "e\u0301 \u200d 👩‍👩‍👧 \U000e0001 :-)",
    " \n ",
    "good " * 700,
)


class SentimentMismatch(Exception):
    """The kernels do not agree with the reference on the built-in sample."""


@lru_cache(maxsize=4)
def load_sentiment_model(folder: Path) -> SentimentModel:
    """Load the model of a folder, shared by all pipelines of a process. Raises `PipelineBroken` if it cannot be read.

    The kernels serve the model where they were built and agree with the reference. Elsewhere the reference serves: the
    same scores, some hundred times slower. The model's `name` says which of the two it is.
    """
    return _serving(Artefact.load(folder))


@lru_cache(maxsize=4)
def load_two_models(general: Path, everyday: Path) -> SentimentModel:
    """Load two models and the gate between them, shared by all pipelines of a process. Raises `PipelineBroken`.

    The gate's words are those of the first one's vocabulary. The kernels weigh them where they serve both models and
    agree with the reference, which serves otherwise.
    """
    artefact = Artefact.load(general)
    try:
        file = BytesIO((everyday / "gate.npy").read_bytes())
        weights = read_gate(np.load(file, allow_pickle=False), len(artefact.vocabulary))
    except (OSError, ValueError, EOFError, BadZipFile) as error:
        raise PipelineBroken(f"The gate between sentiment models cannot be used: {error}.") from error
    first = _serving(artefact)
    by_reference = partial(_gate_of, {key: row for row, key in enumerate(artefact.vocabulary)}, weights)
    other = Artefact.load(everyday)
    second = _serving(other)
    if isinstance(first, ReferenceModel) or isinstance(second, ReferenceModel):
        return TwoModels(ReferenceModel(artefact), ReferenceModel(other), by_reference)
    by_kernels = partial(_gate_of_kernels, first, weights)
    if by_kernels(_SAMPLE) != by_reference(_SAMPLE):
        return TwoModels(ReferenceModel(artefact), ReferenceModel(other), by_reference)
    return TwoModels(first, second, by_kernels)


def _serving(artefact: Artefact) -> SentimentModel:
    """Return what computes a model: the kernels where they agree with the reference."""
    reference = ReferenceModel(artefact)
    if SentimentKernels is None:
        return reference
    from spanwise.pipelines.sentiment.compiled_model import CompiledModel  # noqa: PLC0415 (it needs what may not be there)

    compiled = CompiledModel(artefact)
    try:
        compare(compiled, reference)
    except SentimentMismatch:
        return reference
    return compiled


def _gate_of(rows: Mapping[str, int], weights: Floats, texts: Sequence[str]) -> list[float]:
    return [gate_sum(text, rows, weights) for text in texts]


def _gate_of_kernels(model: Any, weights: Floats, texts: Sequence[str]) -> list[float]:
    return list(model.gate(texts, weights))


def sentiment_model_for(language: str) -> SentimentModel | None:
    """Return the sentiment model of a language; None where there is none. Raises `PipelineBroken`."""
    if language not in MODELS:
        return None
    general, everyday = model_folder(language), everyday_folder(language)
    return load_two_models(general, everyday) if everyday.is_dir() else load_sentiment_model(general)


def model_folder(language: str) -> Path:
    """Return the folder in which the package keeps the model of a language that has one."""
    return Path(str(resources.files("spanwise.pipelines.sentiment"))) / MODELS[language]


def everyday_folder(language: str) -> Path:
    """Return the folder of a language's model of everyday statements and of the gate to it, if the language has one."""
    general = model_folder(language)
    return general.with_name(f"{general.name}_everyday")


def compare(model: SentimentModel, reference: SentimentModel) -> None:
    """Score the built-in sample with both. Raises `SentimentMismatch`."""
    sentences: list[list[Span]] = [[(0, len(text) // 2), (len(text) // 2, len(text))] for text in _SAMPLE]
    sentences += [[] for _ in _SAMPLE]
    texts = [*_SAMPLE, *_SAMPLE]
    for one, other in zip(model.score(texts, sentences), reference.score(texts, sentences), strict=True):
        _same([one.whole, *one.sentences], [other.whole, *other.sentences])
    targets = [
        [Target(start, min(start + 5, len(text)), 0, len(text)) for start in range(0, len(text), 17)][:8]
        for text in _SAMPLE
    ]
    found = zip(model.score_targets(_SAMPLE, targets), reference.score_targets(_SAMPLE, targets), strict=True)
    for those, others in found:
        _same(those, others)


def _same(those: object, others: object) -> None:
    one, other = np.array(those, dtype=np.float64), np.array(others, dtype=np.float64)
    if one.shape != other.shape or (one.size and float(np.abs(one - other).max()) > TOLERANCE):
        raise SentimentMismatch("The sentiment kernels and their reference disagree on the built-in sample.")
