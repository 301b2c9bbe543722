"""Texts of everyday kinds and symbols, which training makes beside the corpora."""

import random
import re

import numpy as np

from quality.kinds import read_kinds
from spanwise.pipelines.sentiment.tokens import tokenize
from training.everyday import WANTED, chosen, kept_back, learned, lines, make_everyday
from training.symbols import HELD_OUT, feeling, ratings, symbols, words_of


def test_every_kind_has_enough_constructions() -> None:
    """Every kind has its lines, whose labels are known and whose choices leave no bracket behind."""
    found = lines()
    assert {line.label for line in found} <= set(WANTED)
    assert len({line.kind for line in found}) >= 20
    chance = random.Random(1)
    assert not [text for line in found if "|" in (text := chosen(line.text, chance))]


def test_what_chooses_the_settings_of_training_teaches_nothing() -> None:
    """An eighth of the lines is kept back, of every kind without targets, and no model learns from these lines."""
    assert not set(learned()) & set(kept_back())
    assert len(learned()) + len(kept_back()) == len(lines())
    assert {line.kind for line in kept_back()} >= {line.kind for line in lines() if line.label != "tgt"}


def test_no_made_text_is_an_unseen_one() -> None:
    """Training makes none of the unseen texts, whatever their case; ratings are too few to choose."""

    def letters(text: str) -> str:
        return re.sub(r"\W", "", text.lower())

    unseen = {letters(each.text) for each in read_kinds("unseen_kinds.tsv") if each.kind != "ratings"} - {""}
    made = {letters(one.text) for one in make_everyday(lines(), 12, seed=3)}
    assert len(made) > 4000
    assert not made & unseen


def test_made_texts_have_their_targets_where_they_say() -> None:
    """A line with targets makes texts whose targets are whole names, each with probabilities."""
    made = [one for one in make_everyday(lines(), 0, targets_each=5) if one.targets]
    assert len(made) > 200
    for one in made:
        assert all(one.text[start:end].strip() == one.text[start:end] != "" for start, end, _ in one.targets)


def test_symbols_are_neutral_unless_their_names_tell_a_feeling() -> None:
    """A car is plain and a tick nearly so; a smile is happy and a frown sad; emoji of the tests have no example."""
    labels = {symbol: int(np.argmax(feeling(symbol) or (0, 0, 0))) for symbol in "🚗✅❌😄☹"}
    assert labels == {"🚗": 1, "✅": 1, "❌": 1, "😄": 2, "☹": 0}
    assert set(symbols()) >= HELD_OUT
    assert words_of("🚗") == "automobile"


def test_ratings_are_tokens_that_the_tokenizer_makes() -> None:
    """Each rating in stars is one token with that key."""
    for rating, wanted in ratings().items():
        assert [token.key for token in tokenize(rating)] == [rating]
        assert round(sum(wanted), 6) == 1
