"""Read a tokenizer once for all kernels of a pipeline: making its rules into programs can take seconds (French)."""

from typing import Any

from spacy.tokenizer import Tokenizer

from spanwise.pipelines.entities.compiled.lexemes import Lexemes
from spanwise.pipelines.entities.compiled.unsupported import Unsupported
from spanwise.pipelines.entities.tokenizer_rules import TokenizerRules


class TokenizerReading:
    """The rules of a tokenizer, and how the kernels apply them."""

    def __init__(self, tokenizer: Any) -> None:
        """Read the rules. Raises `Unsupported` for a tokenizer that is not spaCy's usual one."""
        if type(tokenizer) is not Tokenizer:
            raise Unsupported(f"the tokenizer {type(tokenizer).__name__}")
        self.rules = TokenizerRules(tokenizer)
        self._spec: tuple[Any, str | None] | None = None

    def spec(self, lexemes: Lexemes) -> tuple[Any, str | None]:
        """Describe the tokenizer for the kernels, or say why they cannot apply it. `lexemes` have these rules."""
        if self._spec is None:
            try:
                self._spec = lexemes.tokenizer, None
            except Unsupported as reason:
                self._spec = None, str(reason)
        return self._spec
