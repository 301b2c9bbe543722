"""Both engines give spaCy's own answers, and spaCy's engine gives the memory of new words back."""

import random
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.language import Language

from spanwise.pipelines import Analyzer
from spanwise.pipelines.annotations import ENTITIES, ENTITIES_AND_SENTENCES, SENTENCES, Annotations
from spanwise.pipelines.entities.engine import Engine
from spanwise.pipelines.entities.spacy_engine import SpacyEngine
from spanwise.pipelines.entities.spacy_pipeline import load
from tests.conftest import ENGLISH

BUILT_IN = [
    "Apple is looking at buying U.K. startup for $1 billion. Tim Cook loved it!",
    "Angela Merkel visited Paris on Monday 🎉 and the 東京 office.\r\nNobody\tcared.  At all.",
    " leading and trailing ",
    "\n\n",
    "x",
    "A" * 3000,
    "Mr. Smith (CEO of Acme, Inc.) paid $3.5m on 3 May 2021. Dr. Jones didn't." * 5,
]

ENTITIES_ONLY = ENTITIES
EVERYTHING = ENTITIES_AND_SENTENCES


@pytest.fixture(scope="module")
def reference() -> Language:
    """Load the installed spaCy pipeline with the NER alone."""
    return spacy.load(ENGLISH, exclude=["tok2vec", "tagger", "parser", "senter", "attribute_ruler", "lemmatizer"])


@pytest.fixture(scope="module")
def senter() -> Language:
    """Load the installed spaCy pipeline with the sentence recognizer alone."""
    nlp = spacy.load(ENGLISH, exclude=["tok2vec", "tagger", "parser", "ner", "attribute_ruler", "lemmatizer"])
    nlp.enable_pipe("senter")
    return nlp


@pytest.fixture(scope="module", params=["compiled", "spacy"])
def engine(request: pytest.FixtureRequest, english: Analyzer) -> Engine:
    """Return the default pipeline's engine, or spaCy's, which would serve if the pipeline could not be compiled."""
    if request.param == english.engine_name:
        return english.engine
    loaded = load(ENGLISH)
    return SpacyEngine(loaded.nlp, loaded.plan)


@pytest.fixture(scope="module")
def real_texts(corpora: Path) -> list[str]:
    """Draw a fixed sample of 360 texts: tweets, sentences of film reviews, and whole film reviews."""
    texts = [
        line.partition("\t")[2]
        for name in ("semeval.train.tsv", "sst3.sent.train.tsv", "imdb.train.tsv")
        for line in random.Random(7).sample((corpora / "sentiment" / name).read_text("utf-8").splitlines(), 120)
    ]
    assert len(texts) == 360
    return texts


def spans(found: Annotations) -> list[tuple[int, int, str]]:
    """Return entities as (start, end, label), without their confidence."""
    return [(entity.start, entity.end, entity.label) for entity in found.entities]


def spacy_spans(nlp: Language, texts: Sequence[str]) -> list[list[tuple[int, int, str]]]:
    """Return the entities that spaCy itself finds in each text, as (start, end, label)."""
    return [[(e.start_char, e.end_char, e.label_) for e in doc.ents] for doc in nlp.pipe(texts, batch_size=128)]


@pytest.mark.smoke
def test_entities_are_spacys_on_the_built_in_texts(engine: Engine, reference: Language) -> None:
    """Each built-in text gets the spans and labels that spaCy itself finds."""
    found = engine.annotate(BUILT_IN, [EVERYTHING] * len(BUILT_IN))
    assert [spans(one) for one in found] == spacy_spans(reference, BUILT_IN)


def test_entities_are_spacys_on_real_texts(engine: Engine, reference: Language, real_texts: list[str]) -> None:
    """Real texts get spaCy's entities, in a batch with sentences and alone without them."""
    expected = spacy_spans(reference, real_texts)
    together = engine.annotate(real_texts, [EVERYTHING] * len(real_texts))
    assert [spans(one) for one in together] == expected
    alone = [engine.annotate([text], [ENTITIES_ONLY])[0] for text in real_texts[::4]]
    assert [spans(one) for one in alone] == expected[::4]


def test_sentences_are_spacys_without_their_white_space(
    engine: Engine, senter: Language, real_texts: list[str]
) -> None:
    """Sentences are those of the pipeline's own senter, without white space at their ends and without empty ones."""
    texts = BUILT_IN + real_texts
    found = engine.annotate(texts, [EVERYTHING] * len(texts))
    for text, one, doc in zip(texts, found, senter.pipe(texts), strict=True):
        expected = [sentence.text.strip() for sentence in doc.sents if sentence.text.strip()]
        assert [text[s.start : s.end] for s in one.sentences] == expected


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=60) | st.text("aB🎉 \n.,-'\u0301é", max_size=60))
def test_any_text_gets_spacys_entities_and_whole_sentences(engine: Engine, reference: Language, text: str) -> None:
    """Any text gets spaCy's entities, and all of it but white space lies in exactly one sentence."""
    found = engine.annotate([text], [EVERYTHING])[0]
    assert [spans(found)] == spacy_spans(reference, [text])
    covered = "".join(text[s.start : s.end] for s in found.sentences)
    assert "".join(covered.split()) == "".join(text.split())
    assert all(a.end <= b.start for a, b in pairwise(found.sentences))


def test_only_what_is_wanted_is_computed(engine: Engine) -> None:
    """Each text of a batch gets only the layers that were asked for it."""
    wanted = [ENTITIES, SENTENCES]
    first, second = engine.annotate(["Tim Cook left. He ran.", "Tim Cook left. He ran."], wanted)
    assert first.entities
    assert not first.sentences
    assert not second.entities
    assert len(second.sentences) == 2


def test_new_words_do_not_stay_in_spacys_memory() -> None:
    """New words live in a memory zone and are gone from spaCy's string store when the zone ends."""
    loaded = load(ENGLISH)
    spacy_engine = SpacyEngine(loaded.nlp, loaded.plan)
    before = len(loaded.nlp.vocab.strings)
    for number in range(5):
        words = " ".join(f"Qwx{number}z{i}" for i in range(300))
        spacy_engine.annotate([words], [EVERYTHING])
    assert len(loaded.nlp.vocab.strings) == before
    assert "Qwx0z0" not in loaded.nlp.vocab.strings
