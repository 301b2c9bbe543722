from collections.abc import Callable
from typing import Any, Final, TypeAlias

# Constants of C, listed in python/module.c; the headers there explain them.
WANT_ENTITIES: Final[int]
WANT_SENTENCES: Final[int]
WANT_CATEGORIES: Final[int]
WANT_TOKENS: Final[int]
WANT_VECTORS: Final[int]
WANT_SPANS: Final[int]
WANT_MATCHES: Final[int]
WITHIN_SENTENCES: Final[int]
MOST_SYMBOL_COLUMNS: Final[int]
MOST_BIT_COLUMNS: Final[int]
MOST_MATCHES: Final[int]
ONE_TOKEN: Final[int]
ANY_NUMBER: Final[int]
AT_MOST_ONE: Final[int]
ANOTHER_TOKEN: Final[int]
MODE_SPACE_FOLLOWS: Final[int]
MODE_WHOLE_TEXT: Final[int]
TOKEN_IS_SPACE: Final[int]
TOKEN_IS_PUNCT: Final[int]
TOKEN_ENDS_SENTENCE: Final[int]
EXCEPTION_WORD_SHIFT: Final[int]
MOVE_NONE: Final[int]
MOVE_B: Final[int]
MOVE_I: Final[int]
MOVE_L: Final[int]
MOVE_U: Final[int]
MOVE_O: Final[int]
SHIFT: Final[int]
REDUCE: Final[int]
LEFT_ARC: Final[int]
RIGHT_ARC: Final[int]
BREAK: Final[int]
LONGEST_NGRAM: Final[int]
NETWORK_OF_ENTITIES: Final[int]
POOL_FIRST: Final[int]
POOL_LAST: Final[int]
POOL_MAX: Final[int]
POOL_MEAN: Final[int]
POOL_ATTENTION: Final[int]
ACTIVATION_NONE: Final[int]
ACTIVATION_SOFTMAX: Final[int]
ACTIVATION_LOGISTIC: Final[int]
LONGEST_SPAN: Final[int]
ANY_LABELS: Final[int]
NO_CLASS: Final[int]
SENTIMENT_CLASSES: Final[int]
SENTENCE_OUTPUTS: Final[int]
MAX_DISTANCE: Final[int]
TARGET_WINDOW: Final[int]
GATE_POINTS: Final[int]
GATE_WORDS: Final[int]
TARGET_ROWS: Final[int]
ATTENTION_LIMIT: Final[int]
MIN_NGRAM: Final[int]
MAX_NGRAM: Final[int]
NGRAM_KEY: Final[int]
WORD_IS_CAPITALS: Final[int]
WORD_IS_TITLE: Final[int]
WORD_IS_STRETCHED: Final[int]
WORD_IS_HASHTAG: Final[int]
WORD_IS_SMALL: Final[int]
WORD_WAS_TITLE: Final[int]
LONG_WORD: Final[int]
TITLE_CASE: Final[int]
MAX_STARS: Final[int]
FULL_STAR: Final[int]
EMPTY_STAR: Final[int]
SENTIMENT_FLAGS: Final[int]
CHARACTER_SPACE: Final[int]
CHARACTER_WORD: Final[int]
CHARACTER_SYMBOL: Final[int]
CHARACTER_PUNCTUATION: Final[int]
CHARACTER_IGNORED: Final[int]
CHARACTER_CLASS_BITS: Final[int]
CHARACTER_CASED: Final[int]
CHARACTER_UPPER: Final[int]
TAGS_START: Final[int]
MAX_KEY: Final[int]

class SpanKernels:
    def __init__(
        self,
        columns: int,
        statics: Any,
        entities: Any,
        sentences: Any,
        categories: Any,
        pairs: bytes,
        lexicon_bytes: int,
        tokenizer: Any,
        norms: bytes,
        norm_column: int,
        space_column: int,
        instructions: str | None = None,
        tokens: Any = None,
        spans: Any = (),
        rulers: Any = None,
    ) -> None: ...
    def annotate(
        self,
        texts: tuple[str, ...],
        wanted: bytes,
        describe: Callable[[list[str]], tuple[bytes, bytes]],
        split: Callable[[list[tuple[str, int]]], tuple[bytes, bytes]] | None = None,
        bounds: tuple[bytes | None, ...] | None = None,
        /,
    ) -> list[
        tuple[
            list[tuple[int, int, int, float]],
            list[tuple[int, int]],
            list[float],
            list[tuple[int, int, int, float]],
            bytes | None,
        ]
    ]: ...
    def tokens(
        self,
        texts: tuple[str, ...],
        wanted: bytes,
        describe: Callable[[list[str]], tuple[bytes, bytes]],
        split: Callable[[list[tuple[str, int]]], tuple[bytes, bytes]] | None = None,
        /,
    ) -> list[tuple[bytes, bytes, bytes, bytes, bytes, bytes, bytes, bytes]]: ...
    def tokenize(self, text: str, /) -> list[tuple[int, int, int, int]]: ...
    @property
    def instructions(self) -> str: ...
    @property
    def turnovers(self) -> int: ...
    @property
    def tables(self) -> dict[str, tuple[int, int, int, int]]: ...

class ParserKernels:
    def __init__(
        self,
        linear: Any,
        lower: Any,
        bias: Any,
        missing: Any,
        upper: Any,
        moves: bytes,
        labels: bytes,
        decorations: bytes,
        root: int,
        instructions: str | None = None,
    ) -> None: ...
    def parse(
        self, vectors: Any, counts: bytes, spaces: bytes, starts: bytes | None = None, /
    ) -> tuple[bytes, bytes, bytes, bytes, bytes]: ...
    @property
    def instructions(self) -> str: ...

Triple: TypeAlias = tuple[float, float, float]

class SentimentKernels:
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
    def gate(self, texts: tuple[str, ...], weights: Any, /) -> list[float]: ...
    def tokenize(self, text: str, /) -> list[tuple[int, int, str, int]]: ...
    @property
    def instructions(self) -> str: ...
