"""The kernels of the sentiment model agree with its reference and with `tokens.py`; broken folders are refused."""

import json
import threading
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spanwise.pipelines import PipelineBroken
from spanwise.pipelines.annotations import Scores, TextScores
from spanwise.pipelines.kernels import SentimentKernels
from spanwise.pipelines.sentiment.artefact import Artefact
from spanwise.pipelines.sentiment.model import Span, Target
from spanwise.pipelines.sentiment.model_choice import SentimentMismatch, compare, load_sentiment_model
from spanwise.pipelines.sentiment.reference_model import ReferenceModel, fnv1a, ngram_buckets
from spanwise.pipelines.sentiment.tokens import EMOTICONS, tokenize, unstretched
from tests.support.artefacts import WORDS, write_random_model

PIECES = [
    *WORDS, *EMOTICONS, "GOOD", "Paris", "O'Brien's", "sooooo", "BAAAD", "nooottt", "baaaadd", "#great",
    "@some_body", "@", "#", "http://x.org/a?b",
    "WWW.x.org", "2", "1984", "...", "!!!", "naïve", "東京", "👍🏽", "❤️", "\u200d", "e\u0301", "ﬁ", "İ", "'", "’s", "_",
    "x" * 60,
    "com\u00adfort", "weren\u02bct", "Ｌｏｖｅ", "lоvе", "★★☆", "⭐⭐️☆", "\x1b[31mbad\x1b[0m",
    "%20", "%0a", "<b>", "</I>",
    "<br/>", "5\ufe0f\u20e3",
    "The Very Best Ever", "“", "—", "\U000e0001", "\U00020000", "\x1f", "\u2003", "\n",
]  # fmt: skip
texts = st.lists(st.sampled_from(PIECES) | st.text(max_size=8), max_size=40).flatmap(
    lambda pieces: st.sampled_from(["", " "]).map(lambda space: space.join(pieces))
).filter(lambda text: not any(0xD800 <= ord(c) < 0xE000 for c in text))  # fmt: skip
needs_kernels = pytest.mark.skipif(
    SentimentKernels is None, reason="the kernels were not built: there is no C compiler"
)


@pytest.fixture(scope="module")
def artefact(tmp_path_factory: pytest.TempPathFactory) -> Artefact:
    """Load a model of random weights."""
    return Artefact.load(write_random_model(tmp_path_factory.mktemp("model")))


def closeness(ones: list[Scores], others: list[Scores]) -> float:
    """Return the largest difference between the scores of two lists."""
    assert len(ones) == len(others)
    return float(np.abs(np.array(ones) - np.array(others)).max()) if ones else 0.0


def of_text(scores: TextScores) -> list[Scores]:
    """Return all scores of a text: those of the whole text, then those of each sentence."""
    return [scores.whole, *scores.sentences]


def cut(text: str, places: list[int]) -> list[Span]:
    """Cut a text into sentences that begin at these places."""
    bounds = sorted({0, len(text), *(p % (len(text) + 1) for p in places)})
    return list(pairwise(bounds))


@needs_kernels
@pytest.mark.parametrize("instructions", ["baseline", "avx2", "avx512"])
@pytest.mark.parametrize(("width", "layers", "heads"), [(16, 1, 1), (33, 3, 4), (80, 2, 2)])
def test_every_size_and_instruction_set_agrees(
    tmp_path: Path, instructions: str, width: int, layers: int, heads: int
) -> None:
    """Kernels of every size and instruction set agree with the reference on the built-in sample.

    The sample has a text of more words than the kernels compute at a time.
    """
    from spanwise.pipelines.sentiment.compiled_model import CompiledModel  # noqa: PLC0415

    artefact = Artefact.load(write_random_model(tmp_path, width=width, layers=layers, heads=heads))
    try:
        compiled = CompiledModel(artefact, instructions)
    except ValueError:
        pytest.skip(f"this processor has no {instructions}")
    compare(compiled, ReferenceModel(artefact))


@needs_kernels
@settings(max_examples=150, deadline=None)
@given(text=texts)
def test_words_are_those_of_the_reference(artefact: Artefact, text: str) -> None:
    """The kernels cut a text into the same tokens as the reference: equal places, keys and flags."""
    from spanwise.pipelines.sentiment.compiled_model import CompiledModel  # noqa: PLC0415

    assert CompiledModel(artefact).tokenize(text) == [tuple(token) for token in tokenize(text)]


@needs_kernels
@settings(max_examples=100, deadline=None)
@given(batch=st.lists(st.tuples(texts, st.lists(st.integers(0, 500), max_size=4)), min_size=1, max_size=6))
def test_scores_are_those_of_the_reference(artefact: Artefact, batch: list[tuple[str, list[int]]]) -> None:
    """The kernels score texts, sentences and targets as the reference does, to within 0.0001.

    A text's scores alone equal its scores in a batch to the last bit.
    """
    from spanwise.pipelines.sentiment.compiled_model import CompiledModel  # noqa: PLC0415

    compiled, reference = CompiledModel(artefact), ReferenceModel(artefact)
    strings = [text for text, _ in batch]
    sentences = [cut(text, places) if places else [] for text, places in batch]
    found = compiled.score(strings, sentences)
    for one, other in zip(found, reference.score(strings, sentences), strict=True):
        assert closeness(of_text(one), of_text(other)) < 1e-4
    assert found == [compiled.score([t], [s])[0] for t, s in zip(strings, sentences, strict=True)]
    targets = [
        [Target(p % (len(t) + 1), min(len(t), p % (len(t) + 1) + 3), *span) for span in spans for p in places]
        for (t, places), spans in zip(batch, sentences, strict=True)
    ]
    towards = compiled.score_targets(strings, targets)
    for those, others in zip(towards, reference.score_targets(strings, targets), strict=True):
        assert closeness(those, others) < 1e-4
    assert towards == [compiled.score_targets([t], [wanted])[0] for t, wanted in zip(strings, targets, strict=True)]


@needs_kernels
def test_any_number_of_threads_may_score(artefact: Artefact) -> None:
    """Eight threads that score random texts at the same time get the scores that one thread gets alone."""
    from spanwise.pipelines.sentiment.compiled_model import CompiledModel  # noqa: PLC0415

    compiled, random = CompiledModel(artefact), Random(1)
    strings = [" ".join(random.choices(PIECES, k=random.randint(1, 300))) for _ in range(60)]
    expected = [compiled.score([text], [[]])[0] for text in strings]
    wrong: list[str] = []

    def work(seed: int) -> None:
        chance = Random(seed)
        for _ in range(40):
            chosen = chance.choices(range(len(strings)), k=7)
            if compiled.score([strings[i] for i in chosen], [[]] * 7) != [expected[i] for i in chosen]:
                wrong.append("a thread got another answer")

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@needs_kernels
def test_long_texts_take_linear_time(artefact: Artefact) -> None:
    """Texts of about 100,000 characters, one of them with 7,000 targets, are scored in linear time.

    A quadratic step would run into the test's time limit.
    """
    from spanwise.pipelines.sentiment.compiled_model import CompiledModel  # noqa: PLC0415

    compiled = CompiledModel(artefact)
    text = "Paris is good " * 7000
    spans = [(i, i + 5) for i in range(0, len(text), 14)]
    (scores,) = compiled.score_targets([text], [[Target(start, end, 0, len(text)) for start, end in spans]])
    assert len(scores) == len(spans)
    assert len(compiled.score(["x" * 100_000, "😀" * 100_000, "good:)" * 16_000], [[], [], []])) == 3


@needs_kernels
def test_targets_beyond_the_bound_have_the_scores_of_their_sentences(artefact: Artefact) -> None:
    """A text has room for 300 targets amid 128 words; those behind them get what `score` says of their sentences."""
    from spanwise.pipelines.sentiment.compiled_model import CompiledModel  # noqa: PLC0415

    text = "Paris " * 400 + ". I love Rome"
    end = len(text) - len(" I love Rome")
    targets = [Target(start, start + 5, 0, end) for start in range(0, 2400, 6)]
    targets.append(Target(len(text) - 4, len(text), end, len(text)))
    own = 300 + 16  # the first 64 have fewer words before them: 38,700 rows are enough for 16 more
    for model in (CompiledModel(artefact), ReferenceModel(artefact)):
        [found], [scored] = model.score_targets([text], [targets]), model.score([text], [[(0, end), (end, len(text))]])
        assert len(found) == len(targets)
        assert scored.sentences[0] not in found[:own]
        assert found[own:] == [scored.sentences[0]] * (400 - own) + [scored.sentences[1]]
        small, of_small = "I love Paris", [Target(7, 12, 0, 12)]
        together = model.score_targets([text, small], [targets, of_small])
        assert together == [found, *model.score_targets([small], [of_small])]


def test_probabilities_add_up_to_one(artefact: Artefact) -> None:
    """The probabilities of a text and of each of its sentences add up to 1, also where the text is empty."""
    scores = ReferenceModel(artefact).score(["good bad", ""], [[(0, 4), (5, 8)], []])
    for each in (*of_text(scores[0]), *of_text(scores[1])):
        assert sum(each) == pytest.approx(1)


def test_n_grams_are_hashed_as_is_written_down() -> None:
    """The hash agrees with two test vectors of the FNV reference, and a short word's n-grams are hashed by it."""
    assert fnv1a(b"") == 0x811C9DC5
    assert fnv1a(b"foobar") == 0xBF9CF968
    words = [b"<ab", b"ab>", b"<ab>"]
    assert ngram_buckets("ab", 1000) == [fnv1a(word) % 1000 for word in words]


def test_a_stretched_word_is_what_it_was() -> None:
    """The candidates for a stretched word lack the second of its last doubled letters, of its first, or of all."""
    assert unstretched("happyy") == ("happy", "hapyy", "hapy")
    assert unstretched("haate") == ("hate",) * 3
    assert unstretched("!!") == unstretched("hate") == unstretched("éé") == ()


def test_a_stretched_word_that_nobody_knows_scores_as_the_word(artefact: Artefact) -> None:
    """Unknown stretched forms of a known word all score the same.

    Their score differs from the plain word's, since being stretched is a flag of its own.
    """
    model = ReferenceModel(artefact)
    stretched = model.score(["baaaaad", "baddddd", "baddd"], [[]] * 3)
    assert stretched[0] == stretched[1] == stretched[2] != model.score(["bad"], [[]])[0]


def test_a_model_that_disagrees_with_its_reference_is_refused(artefact: Artefact) -> None:
    """The comparison at every start refuses a model that is off by a thousandth on one text of the sample."""

    class Another(ReferenceModel):
        def score(self, texts: Sequence[str], sentences: Sequence[Sequence[Span]]) -> list[TextScores]:
            *others, last = super().score(texts, sentences)
            negative, neutral, positive = last.whole
            return [*others, last._replace(whole=Scores(negative + 1e-3, neutral - 1e-3, positive))]

    compare(ReferenceModel(artefact), ReferenceModel(artefact))
    with pytest.raises(SentimentMismatch):
        compare(Another(artefact), ReferenceModel(artefact))


@pytest.mark.parametrize("why", ["they disagree", "they were not built"])
def test_the_reference_serves_where_the_kernels_cannot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    """Where the kernels disagree or were not built, the reference model serves, and its name says so."""

    def disagree(*_: object) -> None:
        raise SentimentMismatch

    if why == "they disagree":
        monkeypatch.setattr("spanwise.pipelines.sentiment.model_choice.compare", disagree)
    else:
        monkeypatch.setattr("spanwise.pipelines.sentiment.model_choice.SentimentKernels", None)
    model = load_sentiment_model(write_random_model(tmp_path))
    assert model.name == "reference"
    assert len(model.score(["good"], [[(0, 4)]])) == 1


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("vocabulary.txt", None),
        ("vocabulary.txt", b"a\na\n"),
        ("embeddings.npy", b"no array"),
        ("model.npz", b"no archive"),
        ("metadata.json", b"[]"),
        ("metadata.json", b'{"format": 0}'),
        ("metadata.json", b"no JSON"),
    ],
)
def test_a_folder_that_is_broken_is_refused(tmp_path: Path, file: str, content: bytes | None) -> None:
    """A folder with a file that is missing or broken raises `PipelineBroken`, whichever file it is."""
    folder = write_random_model(tmp_path)
    (folder / file).unlink()
    if content is not None:
        (folder / file).write_bytes(content)
    with pytest.raises(PipelineBroken, match="The sentiment model cannot be used"):
        load_sentiment_model(folder)


def test_arrays_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    """An array that is missing, of another size or type, or not finite is refused by its name."""
    with np.load(write_random_model(tmp_path) / "model.npz") as file:
        arrays = {name: file[name] for name in file.files}
    for name, wrong in (
        ("target.mask", arrays["target.mask"][:-1]),
        ("flags", arrays["flags"].astype(np.float64)),
        ("sentence.output.bias", arrays["target.output.bias"]),
        ("text.bias", np.full(3, np.nan, np.float32)),
        ("target.attention", arrays["target.attention"][:1]),
    ):
        np.savez(tmp_path / "model.npz", **{**arrays, name: wrong})
        with pytest.raises(PipelineBroken, match=name.replace("target.attention", "target.hidden.weights")):
            Artefact.load(tmp_path)
    np.savez(tmp_path / "model.npz", **{k: v for k, v in arrays.items() if k != "flags"})
    with pytest.raises(PipelineBroken, match="no array 'flags'"):
        Artefact.load(tmp_path)


def test_metadata_tells_how_the_model_was_made(artefact: Artefact) -> None:
    """A loaded model keeps its metadata, which says how it was made, as the file has it."""
    assert artefact.metadata == json.loads('{"format": 1}')
