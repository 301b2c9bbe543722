"""The parts of the sentiment model's training that decide what it learns from; training itself needs torch."""

from pathlib import Path

import numpy as np

from pipelines.sentiment import english_folder
from pipelines.sentiment.artefact import Artefact
from pipelines.training.alike import BELIEFS, ORIGINS, read_alike
from pipelines.training.corpora import Corpora, is_held_out, untokenized
from pipelines.training.dataset import Types, build_vocabulary


def test_words_of_a_group_share_what_the_model_sees() -> None:
    """Pairs that share a word are one group."""
    alike = read_alike()
    assert alike["he"] == alike["she"]
    assert alike["him"] == alike["her"] == alike["his"]
    assert len({alike[word] for word in ORIGINS}) == len({alike[word] for word in BELIEFS}) == 1
    assert alike["french"] != alike["muslim"]


def test_the_model_that_ships_cannot_tell_them_apart() -> None:
    """Their rows are equal, to the last bit."""
    artefact = Artefact.load(english_folder())
    rows = {word: row for row, word in enumerate(artefact.vocabulary)}
    for word, other in read_alike().items():
        assert np.array_equal(artefact.embeddings[rows[word]], artefact.embeddings[rows[other]]), word
        assert artefact.scales[rows[word]] == artefact.scales[rows[other]]


def test_a_vocabulary_has_what_is_frequent_and_what_it_must_have() -> None:
    """A word that was only ever met stretched has the row of what it was."""
    types = Types()
    for key, count in (("hate", 5), ("rare", 1), ("often", 9)):
        types.counts[types.number(key)] = count
    types.counts[types.number("haate", is_stretched=True)] = 3
    vocabulary = build_vocabulary(types, ["always"], size=10_000, buckets=64)
    assert {"hate", "often", "always", ":)", "she"} <= set(vocabulary.keys)
    assert not {"rare", "haate"} & set(vocabulary.keys)
    rows = {key: vocabulary.rows[types.numbers[key]] for key in ("hate", "haate", "rare", "she", "he")}
    assert rows["haate"] == rows["hate"] >= 0
    assert rows["she"] == rows["he"]
    assert rows["rare"] == -1


def test_what_is_held_out_is_not_trained_on(corpora: Path) -> None:
    """Neither as a labelled text, nor as one whose sentences are labelled by the teacher."""
    found = Corpora(corpora)
    development = {row.text for rows in found.development().values() for row in rows}
    assert not development & {row.text for rows in (found.tweets(), found.reviews()) for row in rows}
    held_out = [row.text for row in found.target_development()["twitter"]]
    assert held_out
    assert all(map(is_held_out, held_out))
    assert not set(held_out) & {row.text for row in found.target_texts()["twitter"]}


def test_tokens_become_text() -> None:
    """As people write."""
    assert untokenized(["He", "did", "n't", "say", ":", "(", "not", "yet", ")", "."]) == "He didn't say: (not yet)."
