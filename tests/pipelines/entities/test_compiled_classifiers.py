"""Compiled text classifiers: spaCy's scores for every architecture; one that is not known is left to spaCy alone."""

import random
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from spanwise.pipelines import Analyzer
from spanwise.pipelines.annotations import CATEGORIES, ENGINE_LAYERS, ENTITIES, Layers
from spanwise.pipelines.entities import classifier_choice
from spanwise.pipelines.entities.compiled.classifiers import read_classifier
from spanwise.pipelines.entities.compiled.comparison import SAMPLE
from spanwise.pipelines.entities.compiled.compiled_engine import CompiledEngine, compile_pipeline
from spanwise.pipelines.entities.compiled.unsupported import Unsupported
from spanwise.pipelines.entities.grammar_engine import GrammarEngine
from spanwise.pipelines.entities.mixed_engine import MixedEngine
from tests.support.classifiers import CLASSIFIERS, ensemble, ngrams, other, reduced, with_loud_ngrams
from tests.support.models import LISTENER, SENTENCES, pipeline, recognizer, tok2vec

TEXTS = [*filter(None, SAMPLE), *SENTENCES, " ".join(SENTENCES * 40)]
"""The last is cut into several chunks. An empty text has a test of its own."""

MISH = {"@architectures": "spacy.MishWindowEncoder.v2", "width": 32, "window_size": 1, "depth": 1}
KINDS = ("textcat", "textcat_multilabel")
CORPUS = Path(__file__).parents[4] / "shared" / "data" / "sentiment" / "sst3.sent.train.tsv"


@Language.component("spanwise_test_rank")
def rank(doc: Doc) -> Doc:
    """Read and write categories, as a component of a user's own may."""
    doc.cats["best"] = max(doc.cats.values(), default=0.0)
    return doc


def classifiers(model: dict[str, Any], kind: str = "textcat", seed: int = 0, **options: Any) -> Language:
    """Return a pipeline of one classifier."""
    return with_loud_ngrams(pipeline({kind: {"model": model}}, seed, **options))


def compiled(nlp: Language, entities: str | None = None, **options: Any) -> CompiledEngine:
    """Compile all classifiers of a pipeline, and its recognizer where one is named."""
    found = {name: read_classifier(nlp, name) for name in nlp.pipe_names if name.startswith("textcat")}
    return compile_pipeline(nlp, entities, None, found, **options)


def scores(engine: CompiledEngine, texts: Sequence[str]) -> list[dict[str, float]]:
    """Score texts as one batch."""
    return [one.categories or {} for one in engine.annotate(texts, [CATEGORIES] * len(texts))]


def assert_near(found: Sequence[Mapping[str, float]], docs: Sequence[Doc]) -> None:
    """Assert that labels, their order and their scores are those of Docs."""
    for one, doc in zip(found, docs, strict=True):
        assert list(one) == list(doc.cats)
        assert list(one.values()) == pytest.approx(list(doc.cats.values()), abs=1e-4)


def saved(nlp: Language, folder: Path) -> str:
    """Write a pipeline to disk and return where."""
    nlp.to_disk(folder)
    return str(folder)


def components(analyzer: Analyzer) -> dict[str, tuple[str, str | None]]:
    """Return what `/v1/pipelines` says of each component: its engine, and why it is not the compiled one."""
    return {one["name"]: (one["engine"], one.get("reason")) for one in analyzer.contents.components}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_every_known_architecture_gets_spacys_scores(name: str, kind: str) -> None:
    """Every known architecture gets spaCy's scores, in a batch, and the same to the last bit for each text alone."""
    seen: set[float] = set()
    for seed in range(2):
        nlp = classifiers(CLASSIFIERS[name], kind, seed)
        engine = compiled(nlp)
        found = scores(engine, TEXTS)
        assert_near(found, list(nlp.pipe(TEXTS)))
        assert found == [scores(engine, [text])[0] for text in TEXTS]
        seen.update(round(score, 2) for one in found for score in one.values())
    assert len(seen) > 3  # the weights do count


@pytest.mark.parametrize("instructions", ["baseline", "avx2", "avx512"])
def test_every_instruction_set_gets_spacys_scores(instructions: str) -> None:
    """The kernels give spaCy's scores with every instruction set that the processor has."""
    for name in ("all poolings", "attention", "ensemble"):
        nlp = classifiers(CLASSIFIERS[name])
        try:
            engine = compiled(nlp, instructions=instructions)
        except ValueError:
            pytest.skip(f"this processor has no {instructions}")
        assert_near(scores(engine, TEXTS), list(nlp.pipe(TEXTS)))


def test_static_vectors_and_shared_vectors_are_read() -> None:
    """A classifier may have static vectors, and may listen to a tok2vec that a recognizer and another one share."""
    nlp = classifiers(other("TextCatCNN.v2", tok2vec=tok2vec(static_vectors=True)), vectors=20)
    assert_near(scores(compiled(nlp), TEXTS), list(nlp.pipe(TEXTS)))
    listening = reduced("mean max", tok2vec=LISTENER)
    several = {
        "tok2vec": {"model": tok2vec()},
        "ner": recognizer(LISTENER),
        "textcat": {"model": ensemble(LISTENER)},
        "textcat_multilabel": {"model": {**listening, "exclusive_classes": False}},
    }
    for entities in ("ner", None):
        nlp = with_loud_ngrams(pipeline(several))
        engine = compiled(nlp, entities)
        assert_near(scores(engine, TEXTS), list(nlp.pipe(TEXTS)))
        found = engine.annotate(TEXTS, [ENGINE_LAYERS] * len(TEXTS))
        if entities:
            assert [[span[:2] for span in one.entities] for one in found] == [
                [(span.start_char, span.end_char) for span in doc.ents] for doc in nlp.pipe(TEXTS)
            ]


@pytest.mark.parametrize("name", ["trigrams", "first", "ensemble"])
def test_a_text_without_tokens_scores_nothing(name: str) -> None:
    """An empty text scores 0 in every category, as spaCy's classifiers score it by itself, whatever is beside it."""
    nlp = classifiers(CLASSIFIERS[name])
    found = scores(compiled(nlp), ["", SENTENCES[0], ""])
    assert found[0] == found[2] == nlp("").cats
    assert set(found[0].values()) == {0.0}
    assert_near(found[1:2], [nlp(SENTENCES[0])])


@pytest.fixture(scope="module")
def mixture() -> tuple[Language, CompiledEngine]:
    """Return a pipeline of two classifiers, and its compiled engine, whose lexicon is small."""
    components = {"textcat": {"model": ensemble(ngram_size=3)}, "textcat_multilabel": {"model": ngrams(1)}}
    nlp = with_loud_ngrams(pipeline(components))
    return nlp, compiled(nlp, lexicon_bytes=1 << 14)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(text=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60))
def test_any_text_gets_spacys_scores(mixture: tuple[Language, CompiledEngine], text: str) -> None:
    """Texts of any characters get spaCy's scores."""
    nlp, engine = mixture
    assert_near(scores(engine, [text]), [nlp(text)])


def test_threads_share_a_classifier(mixture: tuple[Language, CompiledEngine]) -> None:
    """Four threads that score at the same time, with a lexicon that drops words, get the scores of one."""
    _, engine = mixture
    chance = random.Random(1)
    texts = [" ".join(f"w{chance.randrange(900)}" for _ in range(30)) for _ in range(80)]
    expected = scores(engine, texts)
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: scores(engine, texts), range(12)):
            assert found == expected


def test_categories_are_computed_only_where_they_are_wanted() -> None:
    """A text that does not want categories has none, beside one that does."""
    engine = compiled(classifiers(ngrams()))
    wanting, not_wanting = engine.annotate([SENTENCES[0]] * 2, [CATEGORIES, frozenset({"sentences"})])
    assert wanting.categories
    assert not_wanting.categories is None


# ---- beside other components ----


def test_a_pipeline_of_compiled_classifiers_needs_nothing_of_spacys(tmp_path: Path) -> None:
    """Classifiers with a sentencizer answer whatever is asked by default without spaCy's components in memory."""
    nlp = with_loud_ngrams(pipeline({"sentencizer": {}, "textcat": {"model": CLASSIFIERS["attention"]}}))
    analyzer = Analyzer.load(saved(nlp, tmp_path))
    whole: Any = analyzer.engine
    engine = whole.engine  # the one beside the compiled grammar
    assert components(analyzer) == {"sentencizer": ("compiled", None), "textcat": ("compiled", None)}
    assert not engine._spacy_engine.is_loaded
    for text in TEXTS:
        answer = analyzer.analyze(text, {"categories", "sentences"})
        assert {one["label"]: one["score"] for one in answer["categories"]} == pytest.approx(nlp(text).cats, abs=1e-4)
    assert "tokens" in analyzer.analyze(TEXTS[0], {"tokens"})
    assert not engine._spacy_engine.is_loaded


@pytest.mark.parametrize("first", KINDS)
def test_a_classifier_that_is_not_known_is_left_to_spacy_alone(tmp_path: Path, first: str) -> None:
    """Beside a classifier that the kernels do not know, another one stays compiled, and the labels keep their order."""
    unknown = {"model": ngrams(ngram_size=40)}
    second = next(kind for kind in KINDS if kind != first)
    for order, config in enumerate(({first: unknown, second: {"model": ngrams()}}, {second: {}, first: unknown})):
        nlp = with_loud_ngrams(pipeline({**config, "ner": recognizer()}))
        source = saved(nlp, tmp_path / str(order))
        analyzer = Analyzer.load(source)
        said = components(analyzer)
        assert said[first] == ("spacy", "n-grams of 40 tokens")
        assert said[second] == said["ner"] == ("compiled", None)
        assert analyzer.fallback is None
        loaded = spacy.load(source)
        asked: tuple[Layers, ...] = (CATEGORIES, CATEGORIES | ENTITIES)
        for layers in asked:
            found = analyzer.engine.annotate(TEXTS, [layers] * len(TEXTS))
            assert_near([one.categories or {} for one in found], list(loaded.pipe(TEXTS)))


def test_classifiers_stay_compiled_where_entities_are_spacys(tmp_path: Path) -> None:
    """Where an entity_ruler that is not understood makes spaCy find the entities, categories are the kernels'."""
    nlp = with_loud_ngrams(pipeline({"ner": recognizer(), "textcat": {"model": ngrams()}}))
    ruler: Any = nlp.add_pipe("entity_ruler", before="ner")
    ruler.add_patterns([{"label": "FIRM", "pattern": [{"TEXT": {"REGEX": "^Acme"}}]}])
    analyzer = Analyzer.load(saved(nlp, tmp_path))
    assert components(analyzer)["textcat"] == ("compiled", None)
    assert components(analyzer)["entity_ruler"] == ("spacy", "entity_ruler: a pattern with REGEX")
    assert components(analyzer)["ner"] == ("compiled", None)  # a stage in the middle of spaCy's
    assert (analyzer.engine_name, analyzer.has_confidence) == ("spacy", False)
    answer = analyzer.analyze(SENTENCES[0], {"entities", "categories"})
    assert ("FIRM", "Acme") in {(entity["label"], entity["text"]) for entity in answer["entities"]}
    assert {one["label"]: one["score"] for one in answer["categories"]} == pytest.approx(
        nlp(SENTENCES[0]).cats, abs=1e-4
    )


def test_a_classifier_beside_a_component_of_ones_own_is_spacys(tmp_path: Path) -> None:
    """A component that may read categories gets them from spaCy's classifier, and the reason is told."""
    nlp = pipeline({"textcat": {"model": ngrams()}})
    nlp.add_pipe("spanwise_test_rank")
    analyzer = Analyzer.load(saved(nlp, tmp_path))
    engine, reason = components(analyzer)["textcat"]
    assert (engine, reason) == ("spacy", "a component that is not spaCy's may read and write categories")
    answer = analyzer.analyze(SENTENCES[0], {"categories"})
    assert {one["label"]: one["score"] for one in answer["categories"]} == pytest.approx(nlp(SENTENCES[0]).cats)


def test_a_classifier_that_differs_at_the_start_is_left_to_spacy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A compiled classifier whose scores differ from spaCy's does not serve, which is a defect; the others do."""
    nlp = with_loud_ngrams(pipeline({"textcat": {"model": ngrams()}, "textcat_multilabel": {}, "ner": recognizer()}))
    second: Any = nlp.get_pipe("textcat_multilabel")
    second.cfg["labels"] = ("MINE", "YOURS", "OURS")
    source = saved(nlp, tmp_path)
    good = classifier_choice.compilable_classifiers

    def bad(*arguments: Any) -> Any:
        found, reasons = good(*arguments)
        ours = found["textcat"].ngrams
        assert ours
        found["textcat"] = replace(found["textcat"], ngrams=replace(ours, bias=ours.bias * ours.bias.dtype.type(9)))
        return found, reasons

    monkeypatch.setattr("spanwise.pipelines.entities.engine_choice.compilable_classifiers", bad)
    analyzer = Analyzer.load(source)
    engine, reason = components(analyzer)["textcat"]
    assert engine == "spacy"
    assert "built-in texts were scored differently" in str(reason)
    assert components(analyzer)["textcat_multilabel"][0] == components(analyzer)["ner"][0] == "compiled"
    assert analyzer.fallback
    assert analyzer.fallback.is_defect
    assert isinstance(analyzer.engine, GrammarEngine)
    assert isinstance(analyzer.engine.engine, MixedEngine)


@pytest.mark.parametrize(
    ("model", "damage", "reason"),
    [
        (ngrams(), lambda nlp: None, None),
        (reduced("mean"), lambda nlp: _layer(nlp, "softmax").attrs.update(softmax_normalize=False), "not normalized"),
        (ngrams(1), lambda nlp: _layer(nlp, "sparse_linear").set_param("W", np.zeros(9, "f")), "weights of n-grams"),
        (ngrams(), lambda nlp: _component(nlp).cfg.update(labels=("ONE",)), "another number of scores"),
        (other("TextCatCNN.v2", tok2vec={**tok2vec(), "encode": MISH}), lambda nlp: None, "'mish'"),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_refused(model: dict[str, Any], damage: Any, reason: str | None) -> None:
    """A model with a layer, or with sizes, that the kernels do not know raises `Unsupported` with the reason."""
    nlp = classifiers(model, vectors=20)
    damage(nlp)
    if reason is None:
        assert read_classifier(nlp, "textcat").labels
    else:
        with pytest.raises(Unsupported, match=reason):
            read_classifier(nlp, "textcat")


def _layer(nlp: Language, name: str) -> Any:
    return next(layer for layer in _component(nlp).model.walk() if layer.name == name)


def _component(nlp: Language) -> Any:
    return nlp.get_pipe("textcat")


@pytest.mark.skipif(not CORPUS.exists(), reason=f"{CORPUS.name} is not there")
@pytest.mark.parametrize("name", ["trigrams", "ensemble"])
def test_a_trained_classifier_ranks_as_spacy_does(name: str) -> None:
    """A classifier that was trained on reviews for some steps ranks labels as spaCy does, and gets spaCy's scores."""
    rows = [line.split("\t", 1) for line in random.Random(1).sample(CORPUS.read_text("utf-8").splitlines(), 700)]
    labels = sorted({label for label, _ in rows})
    nlp = spacy.blank("en")
    nlp.add_pipe("textcat", config={"model": CLASSIFIERS[name]})
    examples = [
        Example.from_dict(nlp.make_doc(text), {"cats": {label: float(label == right) for label in labels}})
        for right, text in rows[:400]
    ]
    optimizer = nlp.initialize(lambda: examples)
    for first in [*range(0, len(examples), 20)] * 3:
        nlp.update(examples[first : first + 20], sgd=optimizer)
    texts = [text for _, text in rows[400:]]
    found, docs = scores(compiled(nlp), texts), list(nlp.pipe(texts))
    assert_near(found, docs)
    ranked = [max(one, key=one.__getitem__) for one in found]
    assert ranked == [max(doc.cats, key=doc.cats.__getitem__) for doc in docs]
    assert len(set(ranked)) > 1
