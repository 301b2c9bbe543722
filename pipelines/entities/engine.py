"""The `Engine` protocol: what computes entities and sentence boundaries, a batch at a time.

An engine takes texts and returns `Annotations`, plain values with positions in code points; no object of spaCy's leaves
it or is shared between threads. There are two: `compiled/compiled_engine.py` and, for what that does not know,
`spacy_engine.py`.
"""

from collections.abc import Sequence
from typing import Literal, Protocol

from spanwise.pipelines.annotations import Annotations, Layers
from spanwise.pipelines.entities.compiled.confidence import Calibrations

EngineName = Literal["compiled", "spacy"]


class Engine(Protocol):
    """Computes annotations, a batch at a time. Any number of threads may call it."""

    @property
    def name(self) -> EngineName:
        """The name that `/v1/pipelines` shows."""
        ...

    @property
    def calibrations(self) -> Calibrations | None:
        """What turns the probabilities of entities into confidence; None for an engine that has no probabilities."""
        ...

    def annotate(self, texts: Sequence[str], wanted: Sequence[Layers]) -> list[Annotations]:
        """Return new annotations for each text, in order, with those of its wanted layers that an engine computes.

        Raises what the pipeline's components raise.
        """
        ...
