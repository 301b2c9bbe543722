"""The compiled engine as a whole: any text, many threads, bounded memory, and spaCy's engine where it fails."""

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st

from spanwise.pipelines import Analyzer
from spanwise.pipelines.annotations import ENTITIES_AND_SENTENCES, Annotations
from spanwise.pipelines.entities.compiled import comparison
from spanwise.pipelines.entities.compiled.comparison import SAMPLE, differing, same
from spanwise.pipelines.entities.compiled.compiled_engine import CompiledEngine, compile_pipeline
from spanwise.pipelines.entities.engine_choice import choose_engine
from spanwise.pipelines.entities.spacy_engine import SpacyEngine
from spanwise.pipelines.entities.spacy_pipeline import LoadedPipeline, load
from tests.conftest import ENGLISH, FRENCH

BOTH = ENTITIES_AND_SENTENCES
SMALL = 1 << 17  # a lexicon of some hundred words

PIECES = [
    *"ab.-'(:)/@ \n\t!?,;\"#$%&*+=_0123456789°é中😀\u00a0\u3000",
    *(
        "Apple ",
        "New ",
        "York",
        " Mr. ",
        "Tim Cook",
        "$3.5m",
        " on Monday",
        "n't",
        ":)",
        " : ",
        ")",
        "U.S.",
        "  ",
        "\r\n",
    ),
]


@pytest.fixture(scope="module", params=[ENGLISH, FRENCH])
def loaded(request: pytest.FixtureRequest) -> LoadedPipeline:
    """Load a real pipeline: the English one, then the French one."""
    return load(request.param)


@pytest.fixture(scope="module")
def own(loaded: LoadedPipeline) -> SpacyEngine:
    """Return spaCy's own engine, whose answers the compiled engine must give."""
    return SpacyEngine(loaded.nlp, loaded.plan)


def compiled(loaded: LoadedPipeline, lexicon_bytes: int = 1 << 22) -> CompiledEngine:
    """Compile the pipeline into a fresh engine."""
    return compile_pipeline(
        loaded.nlp, loaded.plan.recognizer, loaded.plan.boundaries.name, lexicon_bytes=lexicon_bytes
    )


@pytest.fixture(scope="module")
def engine(loaded: LoadedPipeline) -> CompiledEngine:
    """Compile the pipeline with a lexicon so small that it drops words again and again."""
    return compiled(loaded, SMALL)


@settings(max_examples=150, deadline=None)
@given(
    texts=st.lists(
        st.lists(st.sampled_from(PIECES) | st.characters(exclude_categories=["Cs"])).map("".join), max_size=4
    )
)
def test_any_batch_gets_spacys_answers(engine: CompiledEngine, own: SpacyEngine, texts: list[str]) -> None:
    """Any batch gets spaCy's answers: emoji, white space of every kind, empty texts, pieces of exceptions."""
    assert differing(engine, own, texts) == []


LONG = {
    "words": "Tim Cook of Apple met 12 people in New York on Monday . " * 1_700,
    "no-spaces": "Apple's" * 14_000,
    "emoji": "😀" * 33_000,
    "white-space": " \n\t" * 33_000,
    "a-word-a-line": "Paris\n" * 16_000,
    "mixture": "".join(random.Random(3).choices(PIECES, k=60_000)),
}


@pytest.mark.parametrize("name", LONG)
def test_a_text_of_a_hundred_thousand_characters_gets_spacys_answers(
    engine: CompiledEngine, own: SpacyEngine, name: str
) -> None:
    """Texts of up to 100,000 characters get spaCy's answers.

    The kernels compute them in slices with a halo as wide as the receptive field.
    """
    text = LONG[name][:100_000]
    assert differing(engine, own, [text]) == []


def test_an_answer_does_not_depend_on_the_batch_to_the_last_bit(engine: CompiledEngine) -> None:
    """Entities and their confidence are the same to the last bit alone, in a batch and in a shuffled batch."""
    texts = [*SAMPLE, *(LONG["words"][i : i + 900] for i in range(0, 9_000, 450))]
    together = engine.annotate(texts, [BOTH] * len(texts))
    assert [engine.annotate([text], [BOTH])[0] for text in texts] == together
    shuffled = random.Random(1).sample(range(len(texts)), len(texts))
    assert engine.annotate([texts[i] for i in shuffled], [BOTH] * len(texts)) == [together[i] for i in shuffled]


@pytest.mark.parametrize("name", LONG)
def test_a_long_text_gets_the_answers_of_spacy_itself(
    loaded: LoadedPipeline, engine: CompiledEngine, name: str
) -> None:
    """A long text gets the entities of an untouched spaCy pipeline with spaCy's own tokenizer.

    That tokenizer takes quadratic time, so texts other than plain words are cut to 2,500 characters.
    """
    nlp = spacy.load(loaded.nlp.path or ENGLISH)
    nlp.select_pipes(enable=["ner"])
    text = LONG[name][: 100_000 if name in ("words", "a-word-a-line") else 2_500]
    assert len(text) >= 2_500
    found = engine.annotate([text], [BOTH])[0]
    expected = [(span.start_char, span.end_char, span.label_) for span in nlp(text).ents]
    assert [(span.start, span.end, span.label) for span in found.entities] == expected


def test_slices_of_a_long_text_leave_no_trace(engine: CompiledEngine) -> None:
    """A text that repeats itself 300 times has the same entities in every repetition, wherever the slices are cut.

    The first and last three may differ, since the ends of the text lie in their context. Repetitions have an odd number
    of tokens, and tokens are computed in pairs: every other repetition is paired alike, and has the same scores to the
    last bit.
    """
    part = LONG["words"][:56]
    (long,) = engine.annotate([part * 300], [BOTH])
    repetitions: dict[int, list[tuple[int, int, str]]] = {}
    scores: dict[int, list[float]] = {}
    for start, end, label, _, raw_score, *_ in long.entities:
        repetition = start // 56
        assert raw_score is not None
        repetitions.setdefault(repetition, []).append((start % 56, end - repetition * 56, label))
        scores.setdefault(repetition, []).append(raw_score)
    assert len(repetitions) == 300
    assert all(repetitions[i] == repetitions[150] for i in range(3, 297))
    assert all(scores[i] == scores[150 + i % 2] for i in range(3, 297))
    assert scores[150] == pytest.approx(scores[151], rel=1e-5)


def test_eight_threads_get_the_answers_of_one(loaded: LoadedPipeline, corpora: Path) -> None:
    """Eight threads with random batches get one thread's answers while the lexicon drops words and meets them again."""
    lines = (corpora / "sentiment" / "tweeteval.val.tsv").read_text("utf-8").splitlines()
    texts = [line.partition("\t")[2] for line in lines[:700]] + [*SAMPLE]
    expected = compiled(loaded).annotate(texts, [BOTH] * len(texts))
    shared = compiled(loaded, SMALL)
    started = threading.Barrier(8)

    def work(seed: int) -> list[int]:
        chance = random.Random(seed)
        started.wait()
        wrong = []
        for _ in range(25):
            chosen = chance.sample(range(len(texts)), chance.choice([1, 2, 8, 40]))
            found = shared.annotate([texts[i] for i in chosen], [BOTH] * len(chosen))
            wrong += [i for i, one in zip(chosen, found, strict=True) if one != expected[i]]
        return wrong

    with ThreadPoolExecutor(8) as pool:
        assert [wrong for wrongs in pool.map(work, range(8)) for wrong in wrongs] == []
    assert shared.turnovers > 5


def watch_questions(engine: CompiledEngine, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list to which every word is added that the kernels ask Python about from now on."""
    asked: list[str] = []
    describe = engine._lexemes.__call__

    def spy(words: list[str]) -> object:
        asked.extend(words)
        return describe(words)

    monkeypatch.setattr(engine, "_lexemes", spy)
    return asked


def test_what_is_frequent_stays_in_the_lexicon(loaded: LoadedPipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    """A frequent word stays in the lexicon and is described once, while words that occur once pass through."""
    engine = compiled(loaded, 1 << 20)
    asked = watch_questions(engine, monkeypatch)
    for number in range(300):
        words = " ".join(f"once{number}x{i}" for i in range(30))
        engine.annotate([f"the same sentence as always {words}"], [BOTH])
    assert engine.turnovers > 2
    assert asked.count("always") == 1
    assert len(asked) > 9_000


def test_equal_words_of_a_batch_are_one_question(loaded: LoadedPipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    """A word that a batch brings many times is described once, whatever follows it."""
    engine = compiled(loaded)
    asked = watch_questions(engine, monkeypatch)
    texts = ["Zzyzx and Zzyzx and Zzyzx", "Zzyzx and", "and (Zzyzx"]
    found = engine.annotate(texts, [ENTITIES_AND_SENTENCES] * len(texts))
    assert sorted(asked) == ["(", "Zzyzx", "and"]
    assert found == [engine.annotate([text], [ENTITIES_AND_SENTENCES])[0] for text in texts]


def test_python_is_not_asked_again_for_what_the_lexicon_dropped(
    loaded: LoadedPipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A word that the lexicon dropped gets the same answer again without another question to Python.

    Its description is kept longer than its embedding.
    """
    engine = compiled(loaded, 1 << 18)
    texts = [" ".join(f"Anna,{number}x{i}!" for i in range(30)) for number in range(25)]
    asked = watch_questions(engine, monkeypatch)
    first = [engine.annotate([text], [BOTH]) for text in texts]
    assert engine.turnovers > 1
    described = len(asked)
    assert described >= 30 * 25
    assert [engine.annotate([text], [BOTH]) for text in texts] == first
    assert len(asked) == described
    assert engine.turnovers > 3


def test_a_text_that_is_no_unicode_is_refused_and_leaves_the_engine_whole(engine: CompiledEngine) -> None:
    """A lone surrogate, which no JSON text can hold, raises UnicodeEncodeError; the next batch is answered."""
    with pytest.raises(UnicodeEncodeError):
        engine.annotate(["fine", "\ud800"], [BOTH] * 2)
    assert engine.annotate(["Paris"], [BOTH])[0].sentences


def test_an_error_while_a_word_is_described_reaches_the_caller(
    loaded: LoadedPipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error while Python describes a word reaches the caller, and a later batch is answered."""
    engine = compiled(loaded)
    good = engine._lexemes

    def bad(words: object) -> object:
        raise RuntimeError("cannot describe")

    monkeypatch.setattr(engine, "_lexemes", bad)
    with pytest.raises(RuntimeError, match="cannot describe"):
        engine.annotate(["Paris is far"], [BOTH])
    monkeypatch.setattr(engine, "_lexemes", lambda words: (b"", b""))
    with pytest.raises(ValueError, match="does not fit"):
        engine.annotate(["Paris is far"], [BOTH])
    monkeypatch.setattr(engine, "_lexemes", good)
    assert engine.annotate(["Paris is far"], [BOTH])[0].sentences


def test_a_mismatch_at_start_falls_back_to_spacy(loaded: LoadedPipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that differs from spaCy at start is replaced by spaCy's, and the fallback is reported as a defect."""
    # Compare raw scores too: spaCy's engine gives none, so the answers differ.
    monkeypatch.setattr(comparison, "same", lambda one, other: one == other and same(one, other))
    engine, fallback, _ = choose_engine(loaded)
    assert engine.name == "spacy"
    assert fallback
    assert fallback.is_defect
    assert "answered differently" in fallback.reason


def test_a_model_that_nobody_has_thought_of_falls_back(loaded: LoadedPipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unexpected error while compiling makes spaCy's engine serve and is reported as a defect.

    It must not keep the service from starting.
    """
    layers: dict[str, CompiledEngine] = {}
    monkeypatch.setattr("spanwise.pipelines.entities.engine_choice.compile_pipeline", lambda *_: layers["unheard-of"])
    engine, fallback, _ = choose_engine(loaded)
    assert engine.name == "spacy"
    assert fallback
    assert fallback.is_defect


def test_without_kernels_spacy_serves(loaded: LoadedPipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the project was installed without a C compiler, spaCy's engine serves, and the fallback is no defect."""
    monkeypatch.setattr("spanwise.pipelines.entities.compiled.compiled_engine.SpanKernels", None)
    engine, fallback, _ = choose_engine(loaded)
    assert engine.name == "spacy"
    assert fallback
    assert not fallback.is_defect
    assert "compiler" in fallback.reason


def test_the_default_pipelines_are_compiled(english: Analyzer, french: Analyzer) -> None:
    """The English and the French pipeline are both compiled, without a fallback."""
    assert [english.engine_name, french.engine_name] == ["compiled", "compiled"]
    assert [english.fallback, french.fallback] == [None, None]


def test_confidence_is_a_probability_and_no_constant(english: Analyzer) -> None:
    """Every entity has a confidence between 0 and 1, and more than half of the confidences are different numbers."""
    texts = SAMPLE[:-1]
    found: list[Annotations] = english.engine.annotate(texts, [BOTH] * len(texts))
    confidences = [span.confidence for one in found for span in one.entities]
    assert len(set(confidences)) > len(confidences) // 2
    assert all(confidence is not None and 0 < confidence < 1 for confidence in confidences)


def test_exceptions_that_reach_over_runs_are_spacys(engine: CompiledEngine, own: SpacyEngine) -> None:
    """Exceptions that join words across white space are applied as in spaCy.

    One case is an emoticon put together in one run, beside a word that would belong to a longer emoticon.
    """
    chance = random.Random(1)
    pieces = ["Google", ":", ")", "(", "-", "Paris", "x"]
    words = ["".join(chance.choices(pieces, k=chance.randint(1, 5))) for _ in range(1200)]
    texts = ["RT Google:) ) and Monday Paris", "b:( (", *(" ".join(words[i : i + 6]) for i in range(0, 1200, 6))]
    assert differing(engine, own, texts) == []
