"""Noun chunks over stand-ins for Doc and Token are those that spaCy finds in a Doc, in every language with rules."""

import gc
import re
import weakref
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc

from spanwise.pipelines.entities.compiled import noun_chunks
from spanwise.pipelines.entities.compiled.noun_chunks import NounChunks, TokenChunk
from spanwise.pipelines.entities.compiled.parser import Parse
from spanwise.pipelines.entities.compiled.unsupported import Unsupported
from tests.support.parsers import spacy_parse

_LANGUAGES = Path(spacy.__file__).with_name("lang")
LANGUAGES = sorted(path.parent.name for path in _LANGUAGES.glob("*/syntax_iterators.py"))
LABELS = (
    "ROOT", "nsubj", "nsubj:pass", "nsubjpass", "dobj", "obj", "obl", "nmod", "pobj", "appos", "attr", "conj", "cc",
    "amod", "det", "flat", "flat:name", "fixed", "compound", "compound:nn", "case", "nk", "sb", "oa", "acl", "advmod",
    "poss", "nummod", "dep",
)  # fmt: skip
POS = ("NOUN", "PROPN", "PRON", "VERB", "ADJ", "DET", "ADP", "CCONJ", "PUNCT", "NUM", "")
WORDS = ("word", ",", "\n", "of")


def random_doc(nlp: Language, random: Any) -> Doc:
    """Return a Doc of a few sentences with trees of any shape, crossing ones included."""
    heads: list[int] = []
    for length in random.integers(1, 14, size=random.integers(1, 4)).tolist():
        first, order = len(heads), random.permutation(length)
        of_sentence = [0] * length
        for place, token in enumerate(order):  # each token hangs on one that came before it, the first on itself
            of_sentence[token] = first + int(order[random.integers(place)] if place else token)
        heads += of_sentence
    roots = [head == i for i, head in enumerate(heads)]
    deps = ["ROOT" if root else str(random.choice(LABELS[1:])) for root in roots]
    words, pos = ([str(one) for one in random.choice(several, len(heads))] for several in (WORDS, POS))
    return Doc(nlp.vocab, words=words, heads=heads, deps=deps, pos=pos)


def spacy_chunks(doc: Doc) -> list[TokenChunk]:
    """Return the chunks that spaCy finds."""
    return [TokenChunk(chunk.start, chunk.end, chunk.root.i) for chunk in doc.noun_chunks]


def compiled_chunks(rules: NounChunks, doc: Doc) -> list[TokenChunk]:
    """Return the chunks of the same trees over stand-ins."""
    marks = bytes(token.is_space or token.is_punct for token in doc)
    return rules.of(spacy_parse(doc, LABELS), [token.pos_ for token in doc], marks)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_languages_rules_find_spacys_chunks(language: str) -> None:
    """Whatever the trees and parts of speech are, chunks and their roots are those of a Doc, and so are errors."""
    nlp = spacy.blank("xx")
    vocab: Any = nlp.vocab
    vocab.get_noun_chunks = import_module(f"spacy.lang.{language}.syntax_iterators").SYNTAX_ITERATORS["noun_chunks"]
    rules, random, found = NounChunks(nlp, LABELS), np.random.default_rng(7), 0
    for _ in range(300):
        doc = random_doc(nlp, random)
        try:
            expected = spacy_chunks(doc)
        except IndexError:  # some rules find spans that end before they begin, which spaCy refuses
            continue
        except ValueError as refusal:
            with pytest.raises(ValueError, match=re.escape(str(refusal))):
                compiled_chunks(rules, doc)
            continue
        assert compiled_chunks(rules, doc) == expected
        found += len(expected)
    assert found > 100


def test_chains_are_followed_where_rules_read_nothing_else_of_a_head() -> None:
    """Each rule of spaCy's that follows a chain of conjuncts does so in the same way, and reads no other head."""
    loop = re.compile(
        r"head = word\.head\n +while head\.dep == conj(_label)? and head\.head\.i < head\.i:\n +head = head\.head\n"
        r"(?: +#.*\n)* +if head\.dep in np_deps:\n"
    )
    for language in LANGUAGES:
        source = (_LANGUAGES / language / "syntax_iterators.py").read_text("utf-8")
        follows = "while head" in source
        assert follows == (language in noun_chunks.CHAINED), language
        if follows:
            assert len(loop.findall(source)) == 1, language
            assert "head" not in loop.sub("", source).replace("potential_np_head", ""), language


def test_a_chain_of_conjuncts_takes_a_time_that_its_length_bounds() -> None:
    """The rules read as many heads a token in a long chain as in a short one."""

    class Counted(list[int]):
        read = 0

        def __getitem__(self, i: Any) -> Any:
            Counted.read += 1
            return super().__getitem__(i)

        def copy(self) -> "Counted":
            return Counted(self)

    def heads_read(length: int) -> float:
        Counted.read = 0
        labels = [LABELS.index("nsubj")] + [LABELS.index("conj")] * (length - 1)
        parse = Parse(Counted([0, *range(length - 1)]), labels, b"", [*range(length)], [length - 1] * length)
        assert len(NounChunks(spacy.blank("en"), LABELS).of(parse, ["NOUN"] * length, bytes(length))) == length
        return Counted.read / length

    assert heads_read(4000) < 1.5 * heads_read(400)


def test_a_language_without_rules_is_refused() -> None:
    """The reason names the language."""
    with pytest.raises(Unsupported, match="'cs'"):
        NounChunks(spacy.blank("cs"), LABELS)


def test_rules_of_the_users_own_are_refused() -> None:
    """Rules that are not spaCy's may read what the stand-ins do not have."""
    nlp = spacy.blank("en")
    vocab: Any = nlp.vocab
    vocab.get_noun_chunks = lambda doc: [(0, len(doc), 0)]
    with pytest.raises(Unsupported, match="not spaCy's"):
        NounChunks(nlp, LABELS)


def test_a_text_without_tokens_has_no_chunks() -> None:
    """An empty text is no special case for the caller."""
    assert NounChunks(spacy.blank("en"), LABELS).of(Parse([], [], b"", [], []), [], b"") == []


def test_stand_ins_are_freed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is left for the garbage collector, which would run all the time."""
    made: list[weakref.ref[Any]] = []

    class Watched(noun_chunks._Tree):
        __slots__ = ("__weakref__",)

        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            made.append(weakref.ref(self))

    monkeypatch.setattr(noun_chunks, "_Tree", Watched)
    nlp = spacy.blank("en")
    rules = NounChunks(nlp, LABELS)
    gc.disable()
    try:
        compiled_chunks(rules, random_doc(nlp, np.random.default_rng(1)))
        assert [one() for one in made] == [None]
    finally:
        gc.enable()
