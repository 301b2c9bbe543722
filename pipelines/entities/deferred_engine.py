"""Keep an engine for layers that are seldom asked for: loaded for the self-test, let go, and loaded again when needed.

In the default pipeline the kernels compute what most callers ask for. Tagger, parser and lemmatizer with their
vocabulary would hold some 60 MB in every worker that nobody may ever need.
"""

import threading
from collections.abc import Callable, Sequence

from spanwise.pipelines.annotations import Annotations, Layers
from spanwise.pipelines.entities.engine import Engine, EngineName


class DeferredEngine:
    """An engine that is there when it is asked, and can be let go in between."""

    name: EngineName = "spacy"
    calibrations = None  # see `SpacyEngine`

    def __init__(self, engine: Engine, load: Callable[[], Engine]) -> None:
        """Take an engine, and what loads the same one again."""
        self._engine: Engine | None = engine
        self._load = load
        self._lock = threading.Lock()

    @property
    def is_loaded(self) -> bool:
        """Whether it takes up memory now."""
        return self._engine is not None

    def let_go(self) -> None:
        """Free the engine's memory until it is asked again."""
        self._engine = None

    def annotate(self, texts: Sequence[str], wanted: Sequence[Layers]) -> list[Annotations]:
        """See `Engine`. Loads the engine first where it was let go, in about a second. Raises what loading raises."""
        engine = self._engine
        if engine is None:
            with self._lock:
                engine = self._engine
                if engine is None:
                    engine = self._engine = self._load()
        return engine.annotate(texts, wanted)
