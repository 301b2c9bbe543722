"""Engines that a test controls: one that waits, and one that fails."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

from spanwise.pipelines import Analyzer
from spanwise.pipelines.annotations import Annotations, Layers
from spanwise.pipelines.entities.engine import Engine, EngineName


class GatedEngine:
    """An engine that finds nothing, waits at a gate that the test opens, and notes which texts came together."""

    name: EngineName = "spacy"
    calibrations = None

    def __init__(self, patience: float = 30) -> None:
        self._patience = patience
        self.gate = threading.Event()
        self.entered = threading.Event()
        self.batches: list[list[str]] = []

    def annotate(self, texts: Sequence[str], wanted: Sequence[Layers]) -> list[Annotations]:
        """Note the batch, then wait for the gate."""
        self.batches.append(list(texts))
        self.entered.set()
        assert self.gate.wait(self._patience), "the test never opened the gate"
        return [Annotations([], []) for _ in texts]


class FailingEngine:
    """An engine that raises on some texts, and quotes them in its message as a careless component would."""

    name: EngineName = "spacy"
    calibrations = None

    def __init__(self, fails_on: Callable[[str], bool]) -> None:
        self.fails_on = fails_on
        self.calls = 0

    def annotate(self, texts: Sequence[str], wanted: Sequence[Layers]) -> list[Annotations]:
        """Raise if the test wants one of the texts to fail."""
        self.calls += 1
        for text in texts:
            if self.fails_on(text):
                raise ValueError(f"cannot bear {text!r}")
        return [Annotations([], []) for _ in texts]


def with_engine(analyzer: Analyzer, engine: Engine, language: str = "en") -> Analyzer:
    """Return the analyzer with another engine and without a sentiment model."""
    return replace(analyzer, engine=engine, language=language, sentiment_model=None, features=frozenset({"entities"}))
