"""Tokenize as spaCy does, but in linear time for long stretches without white space (see `tokenizer_rules.py`).

The tokens are the same, which tests compare with spaCy's own. Texts without such a stretch go to spaCy itself.
"""

import re

from spacy.tokenizer import Tokenizer
from spacy.tokens import Doc

from spanwise.pipelines.entities.tokenizer_rules import TokenizerRules

LONG_STRETCH = 200
"""From so many code points without white space on, a text is tokenized by the rules instead of by spaCy."""


class LinearTokenizer:
    """A spaCy tokenizer whose time is linear in the text. `linear` says whether its rules allow that."""

    def __init__(self, tokenizer: Tokenizer, long_stretch: int = LONG_STRETCH) -> None:
        self._spacy = tokenizer
        self._rules = TokenizerRules(tokenizer)
        self._long = re.compile(rf"\S{{{long_stretch}}}")
        self._long_stretch = long_stretch
        self.linear = self._rules.linear

    def __call__(self, text: str) -> Doc:
        """Return the same Doc as spaCy's tokenizer makes."""
        if not self.linear or len(text) < self._long_stretch or not self._long.search(text):
            doc: Doc = self._spacy(text)
            return doc
        tokens, spaces = self._rules.tokenize(text)
        doc = Doc(self._spacy.vocab, words=[token.text for token in tokens], spaces=spaces)
        for token, (_, norm) in zip(doc, tokens, strict=True):
            if norm is not None:
                token.norm_ = norm
        return doc
