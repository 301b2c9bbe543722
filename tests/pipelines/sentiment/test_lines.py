"""Sentences are cut into statements at lines, bullets, cells and semicolons."""

from collections.abc import Sequence

import pytest

from spanwise.pipelines import Analyzer, Document
from spanwise.pipelines.annotations import Scores, TextScores
from spanwise.pipelines.sentiment import text_sentiment
from spanwise.pipelines.sentiment.lines import cut_sentences, statements
from spanwise.pipelines.sentiment.model import SentimentModel, Span
from spanwise.pipelines.sentiment.scoring import score_texts


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Lovely room\nHorrible breakfast", ["Lovely room", "Horrible breakfast"]),
        ("Pros:\r\n- light\r\nCons:\r\n- loud", ["Pros:", "- light", "Cons:", "- loud"]),
        ("\u2022 good cake \u2022 bad tea", ["good cake", "bad tea"]),
        ("clean | noisy\tcheap", ["clean", "noisy", "cheap"]),
        ("I was tired; the show was great", ["I was tired", " the show was great"]),
        ("Tom &amp; Jerry", ["Tom &amp; Jerry"]),
        ("one line\n---\nanother", ["one line", "another"]),
        (" \n ", [" \n "]),
        ("5/5\nGreat", ["5/5", "Great"]),
    ],
)
def test_statements_end_where_a_reader_ends_them(text: str, parts: list[str]) -> None:
    """Lines, bullets, cells and semicolons end a statement. Marks alone are none, and `&amp;` is one mark."""
    assert [text[start:end] for start, end in statements(text, 0, len(text))] == parts


def test_a_wrapped_line_goes_on() -> None:
    """A long line goes on in the next one if that begins small; a short one, or a blank line, ends the statement."""
    wrapped = "We walked along the river for a very long time and did not\nlike the weather"
    assert statements(wrapped, 0, len(wrapped)) == [(0, len(wrapped))]
    assert len(statements("good coffee\nbad music", 0, 21)) == 2
    blank = wrapped.replace("\n", "\n\n")
    assert len(statements(blank, 0, len(blank))) == 2


def test_sentences_without_marks_are_left_alone() -> None:
    """A text that has nothing to cut at costs nothing more."""
    assert cut_sentences("It is good. It is bad.", [(0, 11), (12, 22)]) is None
    assert cut_sentences("a|b", [(0, 3)]) is None


def test_the_answer_keeps_the_sentences_of_the_pipeline(english: Analyzer) -> None:
    """Cuts change the label of the text, and neither the number of its sentences nor their places."""
    text = "Lovely room\nHorrible breakfast"
    (cut,) = english.analyze([Document(text, frozenset({"sentiment", "sentences"}))])
    (plain,) = english.analyze([Document(text, frozenset({"sentences"}))])
    assert cut["sentiment"]["label"] == "mixed"
    places = [[(each["start"], each["end"]) for each in answer["sentences"]] for answer in (cut, plain)]
    assert places[0] == places[1]
    assert all(each["sentiment"]["label"] != "mixed" for each in cut["sentences"])


def test_a_side_must_be_sure_to_make_a_text_mixed() -> None:
    """A sentence that is positive with 0.55 does not make a complaint mixed; one with 0.65 does."""
    complaint = Scores(0.9, 0.05, 0.05)
    for positive, label in ((0.55, "negative"), (0.65, "mixed")):
        scores = TextScores(complaint, [complaint, Scores(0.1, 0.9 - positive, positive)])
        assert text_sentiment(scores, [50, 50])["label"] == label


class Watched:
    """A model that notes how many characters it was given."""

    name = "compiled"

    def __init__(self, model: SentimentModel) -> None:
        self._model = model
        self.characters = 0

    def score(self, texts: Sequence[str], sentences: Sequence[Sequence[Span]]) -> list[TextScores]:
        """Score texts, and note their lengths."""
        self.characters += sum(map(len, texts))
        return self._model.score(texts, sentences)


def test_no_text_is_read_anew_for_each_of_its_sentences(english: Analyzer) -> None:
    """A text of very many sentences of two statements is read twice, and its sentences have the scores of their own."""
    assert english.sentiment_model
    watched = Watched(english.sentiment_model)
    text = "ok; bad. " * 500
    sentences = [(start, start + 8) for start in range(0, len(text), 9)]
    (scores,) = score_texts(watched, [text], [sentences])  # type: ignore[arg-type]
    assert watched.characters <= 2 * len(text)
    (alone,) = score_texts(english.sentiment_model, ["ok; bad."], [[(0, 8)]])
    assert len(scores.sentences) == 500
    assert all(each == pytest.approx(alone.sentences[0], abs=1e-6) for each in scores.sentences)
