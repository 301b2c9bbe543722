from collections.abc import Callable
from typing import Any

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
