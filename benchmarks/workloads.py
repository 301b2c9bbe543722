"""The requests that servers are measured with. To add one, define a `Workload` here and name it in `targets`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson


@dataclass(frozen=True, slots=True)
class Workload:
    """Requests to one path. `body` makes a request's body from `texts` texts."""

    name: str
    path: str
    body: Callable[[Sequence[str]], dict[str, Any]]
    texts: int = 1

    def write_bodies(self, texts: Sequence[str], file: Path) -> None:
        """Write the bodies for all texts, one to a line, and leave out texts that do not fill a last body."""
        whole = len(texts) - len(texts) % self.texts
        bodies = (self.body(texts[start : start + self.texts]) for start in range(0, whole, self.texts))
        file.write_bytes(b"\n".join(map(orjson.dumps, bodies)) + b"\n")


def _one_text(texts: Sequence[str]) -> dict[str, Any]:
    return {"text": texts[0]}


ENTITIES = Workload("entities", "/v1/entities", _one_text)
ANALYZE = Workload(
    "analyze: entities + sentiment",
    "/v1/analyze",
    lambda texts: {"text": texts[0], "features": ["entities", "sentiment"]},
)
BATCH = Workload(
    "batch of 32: entities",
    "/v1/batch",
    lambda texts: {"documents": [{"text": text} for text in texts], "features": ["entities"]},
    texts=32,
)
MINIMAL_ASYNC = Workload("`async def` route", "/entities", _one_text)
MINIMAL_THREADS = Workload("`def` route", "/entities-in-threads", _one_text)
