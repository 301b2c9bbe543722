"""Read once what all kernels of a pipeline share: its tokenizer, and the static vectors of its vocabulary.

Making a tokenizer's rules into programs can take seconds (French), and the keys of static vectors take megabytes.
"""

from collections.abc import Sequence
from typing import Any

from spacy.tokenizer import Tokenizer

from spanwise.pipelines.entities.compiled.layers import Tok2Vec
from spanwise.pipelines.entities.compiled.lexemes import Lexemes
from spanwise.pipelines.entities.compiled.static_vectors import VectorTable, check_projections, read_table
from spanwise.pipelines.entities.compiled.unsupported import Unsupported
from spanwise.pipelines.entities.tokenizer_rules import TokenizerRules


class TokenizerReading:
    """The rules of a tokenizer and how the kernels apply them, and the static vectors beside its words."""

    def __init__(self, tokenizer: Any) -> None:
        """Read the rules. Raises `Unsupported` for a tokenizer that is not spaCy's usual one."""
        if type(tokenizer) is not Tokenizer:
            raise Unsupported(f"the tokenizer {type(tokenizer).__name__}")
        self.rules = TokenizerRules(tokenizer)
        self._spec: tuple[Any, str | None] | None = None
        self._vocab = tokenizer.vocab
        self._table: VectorTable | None = None

    def spec(self, lexemes: Lexemes) -> tuple[Any, str | None]:
        """Describe the tokenizer for the kernels, or say why they cannot apply it. `lexemes` have these rules."""
        if self._spec is None:
            try:
                self._spec = lexemes.tokenizer, None
            except Unsupported as reason:
                self._spec = None, str(reason)
        return self._spec

    def statics_of(self, networks: Sequence[Tok2Vec]) -> VectorTable | None:
        """Return the static vectors that networks read; None where they read none. Raises `Unsupported`."""
        if all(network.statics is None for network in networks):
            return None
        if self._table is None:
            self._table = read_table(self._vocab)
        check_projections(self._table, networks)
        return self._table
