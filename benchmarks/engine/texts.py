"""The texts that engines are measured on: short and long ones of the benchmark's corpus, counted in spaCy's tokens."""

from dataclasses import dataclass
from pathlib import Path

from spacy.language import Language

from benchmarks.corpus import load_corpus

_SHORT = range(10, 41)  # tokens
_LONG = 500


@dataclass(frozen=True, slots=True)
class Texts:
    """Texts of one kind, and the number of all their tokens."""

    name: str
    texts: list[str]
    tokens: int

    @property
    def mean_tokens(self) -> float:
        """Return the mean number of tokens per text."""
        return self.tokens / len(self.texts)


def load_texts(data: Path, nlp: Language, short: int, long: int) -> tuple[Texts, Texts, str]:
    """Load texts of 10 to 40 tokens and texts of 500 or more, and tell where they come from.

    A long text is several of the corpus's texts in one.
    """
    corpus = load_corpus(data, 6 * short + 20 * long)
    lengths = [len(nlp.make_doc(text)) for text in corpus.texts]
    pairs = list(zip(corpus.texts, lengths, strict=True))
    few = [pair for pair in pairs if pair[1] in _SHORT][:short]
    many: list[tuple[str, int]] = []
    parts: list[str] = []
    tokens = 0
    for text, length in pairs:
        parts.append(text)
        tokens += length
        if tokens >= _LONG:
            many.append((" ".join(parts), tokens))
            parts, tokens = [], 0
    return _of("10-40 tokens", few), _of("500 tokens and more", many[:long]), corpus.source


def _of(name: str, pairs: list[tuple[str, int]]) -> Texts:
    return Texts(name, [text for text, _ in pairs], sum(length for _, length in pairs))
