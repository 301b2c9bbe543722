"""Two models behind a gate: each text is scored by one of them, as if it were alone there."""

import io
from pathlib import Path

import numpy as np
import pytest

from spanwise.pipelines import PipelineBroken
from spanwise.pipelines.annotations import Scores, TextScores
from spanwise.pipelines.kernels import SentimentKernels
from spanwise.pipelines.sentiment import Target, load_sentiment_model, model_choice, model_folder, sentiment_model_for
from spanwise.pipelines.sentiment.artefact import Artefact
from spanwise.pipelines.sentiment.gate import POINTS, WORDS, gate_features, gate_size, gate_sum, read_gate
from spanwise.pipelines.sentiment.reference_model import ReferenceModel
from spanwise.pipelines.sentiment.two_models import TARGET_SHARE, TwoModels
from tests.support.artefacts import write_random_model
from tests.support.hostile import found_by_chance, mixtures
from training.alike import read_alike

GENERAL = "@user LMAO #win at the 67th Oscars tonight http://t.co/x , so excited!!!"
EVERYDAY = "The update fixed all the crashes."


@pytest.fixture(scope="module")
def shipped() -> TwoModels:
    """Return the models that ship."""
    model = sentiment_model_for("en")
    assert isinstance(model, TwoModels)
    return model


def test_each_text_is_scored_by_its_own_model(shipped: TwoModels) -> None:
    """Whatever stands beside it."""
    texts = [GENERAL, EVERYDAY, GENERAL, "", EVERYDAY]
    assert shipped.is_everyday(texts) == [False, True, False, shipped.is_everyday([""])[0], True]
    spans = [[(0, len(text))] for text in texts]
    targets = [[Target(0, min(3, len(text)), 0, len(text))] for text in texts]
    for i, is_everyday in enumerate(shipped.is_everyday(texts)):
        model = shipped.everyday if is_everyday else shipped.general
        assert shipped.score(texts, spans)[i] == model.score([texts[i]], [spans[i]])[0]
        assert shipped.score_targets(texts, targets)[i] == shipped.score_targets([texts[i]], [targets[i]])[0]


def test_a_call_without_texts_is_answered(shipped: TwoModels) -> None:
    """With nothing."""
    assert shipped.score([], []) == []
    assert shipped.score_targets([], []) == []


@pytest.mark.parametrize("text", ["ｕpdate", "UPDATE", "up\u200bdate", "Update", " update\n", "update"])
def test_what_only_looks_different_is_for_the_same_model(shipped: TwoModels, text: str) -> None:
    """Invisible characters, other alphabets, capitals and spaces change no sum."""
    text = EVERYDAY.replace("update", text)
    assert shipped._gate([text]) == shipped._gate([EVERYDAY])


def test_only_the_beginning_of_a_text_is_looked_at() -> None:
    """However long it is; a text of many words is one of WORDS."""
    rows = {"good": 0, "x": 1}
    assert gate_features("good x bad", rows) == [0, 1, 2, 3 + 3]
    assert gate_features("good " * 1000, rows) == [0] * WORDS + [3 + WORDS]
    assert gate_features("xy" * (POINTS // 2) + " good", rows) == [2, 3 + 1]
    assert gate_features("", rows) == [3]
    assert gate_features("goooood", rows) == [0, 3 + 1]


@pytest.mark.skipif(SentimentKernels is None, reason="the kernels are not built")
def test_the_kernels_weigh_as_the_reference_does(tmp_path: Path) -> None:
    """To the last bit, for hostile texts too."""
    artefact = Artefact.load(model_folder("en"))
    rows = {key: row for row, key in enumerate(artefact.vocabulary)}
    weights = np.random.default_rng(1).normal(size=gate_size(len(rows))).astype(np.float32)
    texts = [
        *mixtures(900).values(),
        *(found_by_chance(700, seed)[1] for seed in range(60)),
        GENERAL,
        EVERYDAY,
        "",
        "é" * 1000,
        "😀" * 401,
        "happyyyy haaaate " * 40,
    ]
    model = load_sentiment_model(model_folder("en"))
    assert model.gate(texts, weights) == [gate_sum(text, rows, weights) for text in texts]  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match="weights"):
        model.gate(texts, weights[:-1])  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["_serving", "_gate_of_kernels"])
def test_the_reference_serves_both_where_the_kernels_do_not(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """It scores and opens the gate as they do: where they do not agree with it, or weigh otherwise."""
    general = model_folder("en")
    replacement = ReferenceModel if name == "_serving" else lambda _, __, texts: [0.0] * len(texts)
    monkeypatch.setattr(model_choice, name, replacement)
    model = model_choice.load_two_models.__wrapped__(general, model_choice.everyday_folder("en"))
    assert model.name == "reference"
    shipped = sentiment_model_for("en")
    assert shipped is not None
    for text in (GENERAL, EVERYDAY):
        (one,), (other,) = model.score([text], [[]]), shipped.score([text], [[]])
        assert one.whole == pytest.approx(other.whole, abs=1e-4)


def as_file(codes: np.ndarray) -> bytes:
    """Return an array as the bytes of a file."""
    file = io.BytesIO()
    np.save(file, codes)
    return file.getvalue()


@pytest.mark.parametrize(
    "written",
    [
        None,
        b"",
        b"PK\3\4",
        as_file(np.zeros(3, np.float16)),
        as_file(np.zeros(5, np.float32)),
        as_file(np.zeros(9))[:-3],
    ],
)
def test_a_gate_that_does_not_fit_is_refused(tmp_path: Path, written: bytes | None) -> None:
    """As a model is."""
    write_random_model(tmp_path)
    if written is not None:
        (tmp_path / "gate.npy").write_bytes(written)
    with pytest.raises(PipelineBroken, match="gate"):
        model_choice.load_two_models(tmp_path, tmp_path)


def test_an_archive_is_no_gate(tmp_path: Path) -> None:
    """A file of several arrays is refused, too."""
    write_random_model(tmp_path)
    (tmp_path / "gate.npy").write_bytes((tmp_path / "model.npz").read_bytes())
    with pytest.raises(PipelineBroken, match="gate"):
        model_choice.load_two_models(tmp_path, tmp_path)


def test_weights_must_be_finite() -> None:
    """A sum that is no number would open for nobody."""
    codes = np.zeros(gate_size(1), np.float16)
    assert not read_gate(codes, 1).any()
    codes[0] = np.inf
    with pytest.raises(ValueError, match="fit"):
        read_gate(codes, 1)


def test_neither_gate_nor_second_model_tells_groups_of_people_apart() -> None:
    """Their words weigh the same, and have the same rows, as in the first model."""
    general = model_folder("en")
    everyday = Artefact.load(model_choice.everyday_folder("en"))
    rows = {key: row for row, key in enumerate(everyday.vocabulary)}
    own = {key: row for row, key in enumerate(Artefact.load(general).vocabulary)}
    weights = np.load(model_choice.everyday_folder("en") / "gate.npy")
    groups: dict[str, list[str]] = {}
    for word, group in read_alike().items():
        groups.setdefault(group, []).append(word)
    for words in groups.values():
        assert len({float(weights[own[word]]) for word in words if word in own}) == 1
        assert len({(everyday.embeddings[rows[word]].tobytes(), everyday.scales[rows[word]]) for word in words}) == 1


def test_both_models_together_are_small() -> None:
    """They and their gate take 15 MB at most."""
    folders = [folder for folder in model_folder("en").parent.iterdir() if folder.name.startswith("english")]
    files = [file for folder in folders for file in folder.iterdir() if file.suffix != ".md"]
    assert len(files) == 9
    assert sum(file.stat().st_size for file in files) <= 15e6


class Fixed:
    """Scores everything alike."""

    name = "compiled"

    def __init__(self, scores: Scores) -> None:
        self.scores = scores

    def score(self, texts: list[str], sentences: list[object]) -> list[TextScores]:
        """Return the same for each text."""
        return [TextScores(self.scores, []) for _ in zip(texts, sentences, strict=True)]

    def score_targets(self, texts: list[str], targets: list[object]) -> list[list[Scores]]:
        """Return the same for each text."""
        return [[self.scores] for _ in zip(texts, targets, strict=True)]


def test_answers_come_in_the_order_of_texts() -> None:
    """Also where the two models' texts alternate."""
    one, other = Scores(1, 0, 0), Scores(0, 0, 1)
    model = TwoModels(Fixed(one), Fixed(other), lambda texts: [1.0 if "e" in text else -1.0 for text in texts])  # type: ignore[arg-type]
    assert [s.whole for s in model.score(list("aebe"), [[]] * 4)] == [one, other, one, other]
    assert model.score_targets(list("eab"), [[]] * 3) == [[Scores(1 - TARGET_SHARE, 0, TARGET_SHARE)], [one], [one]]
