"""Whole answers of the default pipeline equal spaCy's `Doc.to_json`, and the comparison notices when they do not."""

from pathlib import Path

import spacy

from benchmarks.corpus import load_corpus
from benchmarks.whole_answers import comparable, differing
from spanwise.pipelines import Analyzer
from tests.conftest import ENGLISH


def test_two_hundred_whole_answers_equal_spacy(english: Analyzer, tmp_path: Path) -> None:
    """All sections of 200 generated texts equal those of the whole pipeline."""
    texts = load_corpus(tmp_path, 200).texts
    answers = english.analyze(texts, comparable(english))
    docs = spacy.load(ENGLISH).pipe(texts)
    assert [differing(answer, doc) for answer, doc in zip(answers, docs, strict=True)] == [[]] * 200


def test_a_difference_is_noticed(english: Analyzer) -> None:
    """A changed lemma, entity, sentence or noun chunk is named by its section."""
    text = "Tim Cook met Ann Lee in Paris. They talked."
    doc = spacy.load(ENGLISH)(text)
    answer = english.analyze(text, comparable(english))
    answer["tokens"][2]["lemma"] = "encounter"
    answer["entities"].pop()
    answer["sentences"].pop()
    answer["noun_chunks"][0]["root"] = 0
    assert differing(answer, doc) == ["tokens", "entities", "sentences", "noun_chunks"]
