from collections.abc import Callable
from typing import Any, TypeAlias

class Engine:
    def __init__(
        self,
        columns: int,
        static_values: int,
        entities: Any,
        sentences: Any,
        pairs: bytes,
        lexicon_bytes: int,
        instructions: str | None = None,
    ) -> None: ...
    def annotate(
        self,
        texts: tuple[str, ...],
        wanted: bytes,
        describe: Callable[[list[tuple[str, int]]], tuple[bytes, bytes, bytes, bytes]],
        /,
    ) -> list[tuple[list[tuple[int, int, int, float]], list[tuple[int, int]]]]: ...
    @property
    def instructions(self) -> str: ...
    @property
    def turnovers(self) -> int: ...

Triple: TypeAlias = tuple[float, float, float]

class Sentiment:
    def __init__(
        self,
        characters: tuple[bytes, bytes, tuple[tuple[str, int], ...]],
        vocabulary: tuple[str, ...],
        codes: Any,
        scales: Any,
        flags: Any,
        positions: Any,
        mask: Any,
        empty: Any,
        text: tuple[float, Any],
        sentence: Any,
        target: Any,
        instructions: str | None = None,
    ) -> None: ...
    def score(self, texts: tuple[str, ...], counts: Any, spans: Any, /) -> list[tuple[Triple, list[Triple]]]: ...
    def score_targets(self, texts: tuple[str, ...], counts: Any, targets: Any, /) -> list[list[Triple]]: ...
    def tokenize(self, text: str, /) -> list[tuple[int, int, str, int]]: ...
    @property
    def instructions(self) -> str: ...
