"""Tests of the parts of training that choose what the sentiment model learns from, all of which run without torch."""

import re
import tomllib
from pathlib import Path

import numpy as np

from quality.robustness_cases import SWAPPED
from spanwise.pipelines.sentiment import model_folder
from spanwise.pipelines.sentiment.artefact import Artefact
from spanwise.pipelines.sentiment.tokens import FLAGS, tokenize
from training.alike import BELIEFS, ORIGINS, read_alike
from training.capitals import Shouter, with_feeling
from training.corpora import Corpora, is_held_out, normalized, untokenized
from training.dataset import Example, Sentence, Types, build_vocabulary
from training.templates import BOTH, TEMPLATES, make


def test_words_of_a_group_share_what_the_model_sees() -> None:
    """Pairs that share a word form one group, and each group has one row of its own."""
    alike = read_alike()
    assert alike["he"] == alike["she"]
    assert alike["him"] == alike["her"] == alike["his"]
    assert len({alike[word] for word in ORIGINS}) == len({alike[word] for word in BELIEFS}) == 1
    assert alike["french"] != alike["muslim"]


def test_the_model_that_ships_cannot_tell_them_apart() -> None:
    """In the model that ships, the rows of all words of a group are equal to the last bit."""
    artefact = Artefact.load(model_folder("en"))
    rows = {word: row for row, word in enumerate(artefact.vocabulary)}
    for word, other in read_alike().items():
        assert np.array_equal(artefact.embeddings[rows[word]], artefact.embeddings[rows[other]]), word
        assert artefact.scales[rows[word]] == artefact.scales[rows[other]]


def test_the_model_is_small_and_needs_nothing_of_its_own() -> None:
    """The model's four files take 15 MB at most, and the service needs no machine-learning library to read them."""
    files = [file for file in model_folder("en").iterdir() if file.suffix != ".md"]
    assert {file.name for file in files} == {"vocabulary.txt", "embeddings.npy", "model.npz", "metadata.json"}
    assert sum(file.stat().st_size for file in files) <= 15e6
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))["project"]
    names = " ".join(project["dependencies"]).lower()
    assert not [name for name in ("torch", "scikit-learn", "vadersentiment", "fasttext") if name in names]


def test_a_vocabulary_has_what_is_frequent_and_what_it_must_have() -> None:
    """The vocabulary holds frequent and obligatory words. A stretched spelling gets the row of the word itself."""
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
    """No text that is held out is trained on, neither with its own label nor with the teacher's."""
    found = Corpora(corpora)
    development = {row.text for rows in found.development().values() for row in rows}
    assert not development & {row.text for rows in (found.tweets(), found.reviews()) for row in rows}
    trained = {normalized(row.text) for rows in (found.tweets(), found.reviews(), found.phrases()) for row in rows}
    texts = {name: [row.text for row in rows] for name, rows in found.development().items()}
    assert not trained & {normalized(text) for name in ("tweets", "semeval", "reviews") for text in texts[name]}
    targets = {normalized(row.text) for rows in found.target_texts().values() for row in rows}
    assert not targets & {normalized(row.text) for rows in found.target_development().values() for row in rows}
    held_out = [row.text for row in found.target_development()["twitter"]]
    assert held_out
    assert all(map(is_held_out, held_out))
    assert not set(held_out) & {row.text for row in found.target_texts()["twitter"]}


def test_tokens_become_text() -> None:
    """The tokens of a treebank are joined with the spaces that people write."""
    assert untokenized(["He", "did", "n't", "say", ":", "(", "not", "yet", ")", "."]) == "He didn't say: (not yet)."


def test_capitals_change_flags_of_words_alone() -> None:
    """Capitals change the flags of words, but no type, and no number, link or emoticon. A single letter is a title."""
    types = Types()
    text = "I really hate 12 http://x.y :D xD ok"
    sentence = _sentence(types, text)
    shouter = Shouter(types, seed=1)
    found = [shouter.shouted(Example([sentence], (1, 0, 0))).sentences[0] for _ in range(40)]
    whole = _sentence(types, "I REALLY HATE 12 http://x.y :D xD OK")
    assert all(np.array_equal(one.types, sentence.types) for one in found)
    assert any(np.array_equal(one.flags, whole.flags) for one in found)
    assert any(not np.array_equal(one.flags, whole.flags) for one in found)
    assert np.array_equal(whole.flags, np.bitwise_or.reduce([one.flags for one in found]) & (1 << FLAGS) - 1)


def test_texts_that_differ_in_marks_alone_are_one() -> None:
    """A tweet that two collections hold with other marks, links or user names counts as one text."""
    assert normalized("@anna I\\u2019ll go\\u002c RT http://t.co/x") == normalized("I’ll GO, rt http") == "illgort"


def test_no_sentence_that_is_made_is_a_case() -> None:
    """No sentence that training makes from its templates is one of the sentences that robustness is measured on."""
    frames = [re.escape(frame).replace(r"\{\}", ".+") for frame in SWAPPED.replace("\n", "|").split("|") if frame]
    case = re.compile("|".join(frames))
    assert len(frames) == 14
    assert [one.text for one in make(TEMPLATES) if case.fullmatch(one.text)] == []


def test_only_what_clearly_feels_shouts() -> None:
    """Only clearly negative or positive texts are written in capitals, not neutral or mixed ones."""
    wanted = [(0.9, 0.1, 0.0), (0.1, 0.8, 0.1), (0.46, 0.08, 0.46), (0.1, 0.3, 0.6)]
    assert [e.wanted for e in with_feeling([Example([], w) for w in wanted])] == [wanted[0], wanted[3]]


def test_made_sentences_have_their_targets_where_they_say() -> None:
    """Made sentences are of every kind, have no placeholder left, and have whole words as names and targets."""
    made = make(300)
    assert not any(re.search(r"\{.\}|\[.+\]", one.text) for one in made)
    assert {len(one.targets) for one in made} >= {0, 1, 2}
    for one in made:
        for start, end, _ in [*one.targets, *one.names]:
            assert one.text[start:end].strip() == one.text[start:end] != ""
    assert sum(one.wanted == BOTH for one in made) > 300
    unlike = [one for one in made if one.text.startswith("Unlike ") and " who " in one.text]
    assert {tuple(int(np.argmax(w)) for _, _, w in one.targets) for one in unlike} == {(0, 2), (2, 0)}


def _sentence(types: Types, text: str) -> Sentence:
    tokens = tokenize(text)
    numbers = [types.number(token.key) for token in tokens]
    return Sentence(np.array(numbers, np.int32), np.array([token.flags for token in tokens], np.int32), [])
