"""Compiled span categorizers: spaCy's spans and scores for every architecture; what is not known is left to spaCy."""

import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from spacy.language import Language
from spacy.pipeline.spancat import ngram_suggester
from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.util import registry

from spanwise.pipelines import Analyzer
from spanwise.pipelines.annotations import ENTITIES, SPANS, LabelledSpan
from spanwise.pipelines.check import check
from spanwise.pipelines.entities import span_choice
from spanwise.pipelines.entities.compiled.comparison import SAMPLE
from spanwise.pipelines.entities.compiled.compiled_engine import CompiledEngine, compile_pipeline
from spanwise.pipelines.entities.compiled.span_categorizers import SpanRules, read_span_categorizer
from spanwise.pipelines.entities.compiled.span_comparison import same_spans
from spanwise.pipelines.entities.compiled.unsupported import Unsupported
from spanwise.pipelines.entities.spacy_layers import spans_of
from spanwise.pipelines.extension_specs import Extensions
from spanwise.pipelines.kernels import SpanKernels
from tests.support.models import LISTENER, SENTENCES, pipeline, recognizer, tok2vec
from tests.support.span_categorizers import ARCHITECTURES, random_categorizer, singlelabel, spancat, with_quiet_outputs

pytestmark = pytest.mark.skipif(SpanKernels is None, reason="the kernels were not built: there is no C compiler")

TEXTS = [*SAMPLE, *SENTENCES, " ".join(SENTENCES * 14)]
"""One text is empty, one of a single token; the last is cut into several chunks."""


@Language.component("spanwise_test_groups")
def count_groups(doc: Doc) -> Doc:
    """Read and write groups of spans, as a component of a user's own may."""
    doc.spans["first"] = [span for group in [*doc.spans.values()] for span in group][:1]
    return doc


def build_suggester() -> Any:
    """Return a suggester of a user's own: as spaCy's, of single tokens."""

    def suggest(docs: Any, *, ops: Any = None) -> Any:
        return ngram_suggester(docs, [1], ops=ops)

    return suggest


registry.misc.register("spanwise_test_suggester.v1", func=build_suggester)


def categorizers(config: dict[str, Any], kind: str = "spancat", seed: int = 0, **options: Any) -> Language:
    """Return a pipeline of one span categorizer."""
    return with_quiet_outputs(pipeline({kind: config}, seed, **options))


def compiled(nlp: Language, entities: str | None = None, **options: Any) -> CompiledEngine:
    """Compile all span categorizers of a pipeline, and its recognizer where one is named."""
    names = [name for name in nlp.pipe_names if name.startswith("spancat")]
    found = {name: read_span_categorizer(nlp, name) for name in names}
    return compile_pipeline(nlp, entities, None, found, **options)


def spans(engine: CompiledEngine, texts: Sequence[str]) -> list[list[LabelledSpan]]:
    """Label the spans of texts as one batch."""
    return [one.spans for one in engine.annotate(texts, [SPANS] * len(texts))]


def rules_of(engine: CompiledEngine) -> SpanRules:
    """Return the rules of the only categorizer."""
    (rules,) = engine.categorizers.values()
    return rules


def places(found: Sequence[LabelledSpan]) -> list[tuple[str, int, int, str]]:
    """Return spans without their scores."""
    return [(span.key, span.start, span.end, span.label) for span in found]


def assert_same(found: Sequence[Sequence[LabelledSpan]], docs: Sequence[Doc], rules: SpanRules) -> None:
    """Assert that spans and scores are those of Docs, and in most texts even where the last digits could decide."""
    exact = 0
    for one, doc in zip(found, docs, strict=True):
        expected = spans_of(doc)
        assert same_spans(one, expected, rules)
        exact += places(one) == places(expected)
    assert exact >= len(docs) - 2


def saved(nlp: Language, folder: Path) -> str:
    """Write a pipeline to disk and return where."""
    nlp.to_disk(folder)
    return str(folder)


def components(analyzer: Analyzer) -> dict[str, tuple[str, str | None]]:
    """Return what `/v1/pipelines` says of each component: its engine, and why it is not the compiled one."""
    return {one["name"]: (one["engine"], one.get("reason")) for one in analyzer.contents.components}


def assert_answers(analyzer: Analyzer, nlp: Language, texts: Sequence[str] = SENTENCES) -> None:
    """Assert that the spans of answers, groups and their order included, are those of `nlp(text)`."""
    for text in texts:
        expected = spans_of(nlp(text))
        answer = analyzer.analyze(text, {"spans"})["spans"]
        assert [(one["key"], one["start"], one["end"], one["label"]) for one in answer] == places(expected)
        for one, span in zip(answer, expected, strict=True):
            assert one["text"] == text[one["start"] : one["end"]]
            assert one.get("score") == (span.score if span.score is None else pytest.approx(span.score, abs=1e-4))


# ---- the same as spaCy ----


@pytest.mark.parametrize("seed", ARCHITECTURES)
def test_every_known_architecture_gets_spacys_spans(seed: int) -> None:
    """Any architecture gets spaCy's spans and scores, in a batch, and the same to the last bit for each text alone."""
    kind, config = random_categorizer(seed)
    nlp = categorizers(config, kind, seed)
    engine = compiled(nlp)
    found = spans(engine, TEXTS)
    assert_same(found, list(nlp.pipe(TEXTS)), rules_of(engine))
    assert found == [spans(engine, [text])[0] for text in TEXTS]
    assert len({round(span.score or 0, 2) for one in found for span in one}) > 3  # the weights do count


def test_all_scores_of_all_spans_are_spacys() -> None:
    """With a threshold of 0 every label of every span is there, with spaCy's score within 1e-4, in spaCy's order."""
    nlp = categorizers(spancat(hidden=40, lengths=(4, 1, 2), threshold=0.0))
    for one, doc in zip(spans(compiled(nlp), TEXTS), nlp.pipe(TEXTS), strict=True):
        expected = spans_of(doc)
        assert places(one) == places(expected)
        assert [span.score for span in one] == pytest.approx([span.score for span in expected], abs=1e-4)
        assert len(one) == 2 * sum(max(0, len(doc) + 1 - length) for length in (4, 1, 2))


@pytest.mark.parametrize("instructions", ["baseline", "avx2", "avx512"])
def test_every_instruction_set_gets_spacys_spans(instructions: str) -> None:
    """The kernels label spans as spaCy does with every instruction set that the processor has."""
    nlp = categorizers(spancat(tok2vec(width=37), hidden=21, threshold=0.4))
    try:
        engine = compiled(nlp, instructions=instructions)
    except ValueError:
        pytest.skip(f"this processor has no {instructions}")
    assert_same(spans(engine, TEXTS), list(nlp.pipe(TEXTS)), rules_of(engine))


MULTILABEL: dict[str, dict[str, Any]] = {
    "one label": {"max_positive": 1},
    "one label above a threshold": {"max_positive": 1, "threshold": 0.7},
    "two labels": {"max_positive": 2, "threshold": 0.3},
    "no labels": {"max_positive": 0},
    "a high threshold": {"threshold": 0.7},
    "everything": {"threshold": 0.0},
    "a threshold next to 0": {"threshold": 1e-9},
    "a threshold of 1": {"threshold": 1.0},
    "a threshold below 0": {"threshold": -1.0, "max_positive": 1},
}


@pytest.mark.parametrize("name", MULTILABEL)
def test_options_of_several_labels_hold(name: str) -> None:
    """Threshold and `max_positive` choose the labels that spaCy chooses."""
    nlp = categorizers(spancat(**MULTILABEL[name]), seed=1)
    engine = compiled(nlp)
    found = spans(engine, TEXTS)
    assert_same(found, list(nlp.pipe(TEXTS)), rules_of(engine))
    assert any(found) == (name not in {"no labels", "a threshold of 1"})


SINGLELABEL: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "overlapping": ({"allow_overlap": True}, {}),
    "not overlapping": ({"allow_overlap": False}, {}),
    "with another weight of negative spans": ({"negative_weight": 0.2}, {}),
    "above a threshold": ({"allow_overlap": True}, {"threshold": 0.5}),
    "not overlapping, above a threshold": ({"allow_overlap": False}, {"threshold": 0.6}),
    "several labels beside the negative one": ({}, {"max_positive": 2, "threshold": 0.2}),
    "any number beside the negative one": ({}, {"max_positive": None, "threshold": 0.1}),
}


@pytest.mark.parametrize("name", SINGLELABEL)
def test_options_of_a_single_label_hold(name: str) -> None:
    """Overlaps, a threshold and the class of spans without a label work as in spaCy."""
    options, changed = SINGLELABEL[name]
    nlp = categorizers(singlelabel(**options), "spancat_singlelabel", seed=2)
    component: Any = nlp.get_pipe("spancat_singlelabel")
    component.cfg.update(changed)
    engine = compiled(nlp)
    found = spans(engine, TEXTS)
    assert_same(found, list(nlp.pipe(TEXTS)), rules_of(engine))
    assert any(found)
    if not rules_of(engine).may_overlap:
        for one in found:
            taken = [at for span in one for at in range(span.start, span.end)]
            assert len(taken) == len(set(taken))


def test_a_softmax_of_several_labels_and_its_temperature_are_read() -> None:
    """A `spancat` may have a softmax, of any temperature, for a scorer."""
    config = spancat(threshold=0.4)
    config["model"]["scorer"] = {"@layers": "Softmax.v2", "temperature": 2.5}
    nlp = categorizers(config)
    engine = compiled(nlp)
    assert_same(spans(engine, TEXTS), list(nlp.pipe(TEXTS)), rules_of(engine))


def test_long_spans_reach_over_chunks() -> None:
    """Spans of many tokens are found in texts that are computed in several pieces."""
    nlp = categorizers(spancat(lengths=(70, 256, 3), threshold=0.6, max_positive=1))
    engine = compiled(nlp)
    found = spans(engine, TEXTS)
    assert_same(found, list(nlp.pipe(TEXTS)), rules_of(engine))
    assert max(span.end - span.start for span in found[-1]) > 500


def test_static_vectors_and_shared_vectors_are_read() -> None:
    """A categorizer may have static vectors, and may listen to a tok2vec that a recognizer and another one share."""
    nlp = categorizers(spancat(tok2vec(static_vectors=True)), vectors=20)
    engine = compiled(nlp)
    assert_same(spans(engine, TEXTS), list(nlp.pipe(TEXTS)), rules_of(engine))
    several = {
        "tok2vec": {"model": tok2vec()},
        "ner": recognizer(LISTENER),
        "textcat": {"model": {"@architectures": "spacy.TextCatCNN.v2", "exclusive_classes": True, "tok2vec": LISTENER}},
        "spancat": spancat(LISTENER, spans_key="one"),
        "spancat_singlelabel": singlelabel(LISTENER, hidden=16, spans_key="two"),
        "spancat2": spancat(spans_key="three"),
    }
    for entities in ("ner", None):
        nlp = with_quiet_outputs(pipeline(several))
        engine = compiled(nlp, entities)
        found = engine.annotate(TEXTS, [SPANS | ENTITIES] * len(TEXTS))
        for one, doc in zip(found, nlp.pipe(TEXTS), strict=True):
            expected = spans_of(doc)
            for rules in engine.categorizers.values():
                mine, theirs = ([span for span in of if span.key == rules.key] for of in (one.spans, expected))
                assert same_spans(mine, theirs, rules)
            assert [*dict.fromkeys(span.key for span in one.spans)] == [*dict.fromkeys(span.key for span in expected)]
            if entities:
                assert [span[:2] for span in one.entities] == [(span.start_char, span.end_char) for span in doc.ents]


@pytest.fixture(scope="module")
def mixture() -> tuple[Language, CompiledEngine]:
    """Return a pipeline of a categorizer, and its compiled engine, whose lexicon is small."""
    nlp = categorizers(singlelabel(lengths=[1, 5], allow_overlap=False), "spancat_singlelabel", seed=3)
    return nlp, compiled(nlp, lexicon_bytes=1 << 14)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(text=st.text(st.characters(exclude_categories=["Cs"]), min_size=0, max_size=60))
def test_any_text_gets_spacys_spans(mixture: tuple[Language, CompiledEngine], text: str) -> None:
    """Texts of any characters get spaCy's spans."""
    nlp, engine = mixture
    assert same_spans(spans(engine, [text])[0], spans_of(nlp(text)), rules_of(engine))


def test_threads_share_a_categorizer(mixture: tuple[Language, CompiledEngine]) -> None:
    """Four threads that label spans at the same time, with a lexicon that drops words, get the spans of one."""
    _, engine = mixture
    chance = random.Random(1)
    texts = [" ".join(f"w{chance.randrange(900)}" for _ in range(30)) for _ in range(80)]
    expected = spans(engine, texts)
    assert sum(map(len, expected)) > 80
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: spans(engine, texts), range(12)):
            assert found == expected


def test_spans_are_computed_only_where_they_are_wanted() -> None:
    """A text that does not want spans has none, beside one that does, and an empty text has none either."""
    engine = compiled(categorizers(spancat(threshold=0.0)))
    wanted = [SPANS, frozenset[Any]({"sentences"}), SPANS, SPANS]
    wanting, not_wanting, empty, again = engine.annotate([SENTENCES[0], SENTENCES[0], "", SENTENCES[0]], wanted)
    assert wanting.spans == again.spans != []
    assert not_wanting.spans == empty.spans == []


# ---- what is compared ----


RULES = SpanRules("sc", ("A", "B"), (1, 2), 0.5, None, has_negative=False, may_overlap=True)
APART = replace(RULES, most_labels=1, may_overlap=False)


def labelled(*items: tuple[int, int, str, float]) -> list[LabelledSpan]:
    """Return spans of one group."""
    return [LabelledSpan("sc", start, end, label, score, None) for start, end, label, score in items]


@pytest.mark.parametrize(
    ("one", "other", "rules", "is_same"),
    [
        (labelled((0, 4, "A", 0.8)), labelled((0, 4, "A", 0.80005)), RULES, True),
        (labelled((0, 4, "A", 0.8)), labelled((0, 4, "A", 0.8003)), RULES, False),
        (labelled((0, 4, "A", 0.8)), labelled((0, 4, "B", 0.8)), RULES, False),
        (labelled((0, 4, "A", 0.50005)), [], RULES, True),
        (labelled((0, 4, "A", 0.5003)), [], RULES, False),
        (labelled((0, 4, "A", 0.8), (5, 6, "A", 0.9)), labelled((5, 6, "A", 0.9), (0, 4, "A", 0.8)), RULES, False),
        (labelled((0, 4, "A", 0.8)), labelled((0, 4, "B", 0.80005)), replace(RULES, most_labels=1), True),
        (labelled((0, 4, "A", 0.8)), labelled((3, 6, "A", 0.80005)), APART, True),
        (labelled((0, 4, "A", 0.8)), labelled((3, 6, "A", 0.9)), APART, False),
        (labelled((0, 4, "A", 0.8)), labelled((5, 6, "A", 0.8)), APART, False),
        (labelled((0, 4, "A", 0.9), (5, 9, "A", 0.7)), labelled((3, 6, "A", 0.9)), APART, True),
        (labelled((0, 4, "A", 0.7), (5, 9, "A", 0.9)), labelled((5, 9, "A", 0.9), (0, 4, "A", 0.7)), APART, False),
        (labelled((0, 4, "A", 0.9), (5, 9, "A", 0.9)), labelled((5, 9, "A", 0.9), (0, 4, "A", 0.9)), APART, True),
    ],
)
def test_only_what_the_last_digits_decide_may_differ(
    one: list[LabelledSpan], other: list[LabelledSpan], rules: SpanRules, is_same: bool
) -> None:
    """Spans next to the threshold or next to a better one may differ, and nothing else; whichever list is the first."""
    assert same_spans(one, other, rules) is is_same
    assert same_spans(other, one, rules) is is_same


# ---- beside other components ----


def test_a_pipeline_of_compiled_categorizers_needs_nothing_of_spacys(tmp_path: Path) -> None:
    """A categorizer beside a recognizer answers without spaCy's components in memory, and says that it is compiled."""
    several = {
        "tok2vec": {"model": tok2vec()},
        "ner": recognizer(LISTENER),
        "spancat": spancat(LISTENER, threshold=0.6),
        "sentencizer": {},
    }
    nlp = with_quiet_outputs(pipeline(several))
    analyzer = Analyzer.load(saved(nlp, tmp_path))
    whole: Any = analyzer.engine
    engine = getattr(whole, "engine", whole)  # the one beside the compiled grammar
    assert components(analyzer)["spancat"] == components(analyzer)["ner"] == ("compiled", None)
    assert analyzer.fallback is None
    assert analyzer.computes_in_kernels(frozenset({"spans", "entities"}))
    assert analyzer.contents.span_keys == ["sc"]
    assert not engine._spacy_engine.is_loaded
    assert_answers(analyzer, nlp)
    answer = analyzer.analyze(SENTENCES[0], {"spans", "entities", "sentences"})
    assert answer["spans"] == analyzer.analyze(SENTENCES[0], {"spans"})["spans"] != []
    assert not engine._spacy_engine.is_loaded
    (checked,) = [one for one in check(str(tmp_path)).components if one.name == "spancat"]
    assert (checked.engine, checked.served_as, checked.reason) == ("compiled", ("spans",), "")
    assert checked.texts_per_second > 0


def test_spans_of_a_ruler_are_put_beside_the_kernels(tmp_path: Path) -> None:
    """With a span_ruler of another group, groups come in the pipeline's order, and the categorizer stays compiled."""
    for place in ("first", "last"):
        nlp = categorizers(spancat(threshold=0.6, spans_key="one"))
        first = "spancat" if place == "first" else None
        ruler: Any = nlp.add_pipe("span_ruler", config={"spans_key": "rules"}, before=first)
        ruler.add_patterns([{"label": "FIRM", "pattern": "Acme", "id": "acme"}, {"label": "LAND", "pattern": "Bank"}])
        analyzer = Analyzer.load(saved(nlp, tmp_path / place))
        assert components(analyzer)["spancat"] == ("compiled", None)
        assert components(analyzer)["span_ruler"] == ("spacy", "spancat writes groups of spans too")
        assert_answers(analyzer, nlp)
        keys = [one["key"] for one in analyzer.analyze(SENTENCES[0], {"spans"})["spans"]]
        assert [*dict.fromkeys(keys)] == (["rules", "one"] if place == "first" else ["one", "rules"])


def test_a_ruler_that_sets_entities_leaves_spans_compiled(tmp_path: Path) -> None:
    """Where a span_ruler writes entities, which is compiled with the recognizer, so are the spans of a categorizer."""
    nlp = with_quiet_outputs(pipeline({"ner": recognizer(), "spancat": spancat(spans_key="one")}))
    ruler: Any = nlp.add_pipe("span_ruler", config={"spans_key": "rules", "annotate_ents": True})
    ruler.add_patterns([{"label": "FIRM", "pattern": "Acme"}])
    analyzer = Analyzer.load(saved(nlp, tmp_path))
    assert components(analyzer)["spancat"] == ("compiled", None)
    assert components(analyzer)["ner"][0] == "compiled"
    assert_answers(analyzer, nlp)


PRESET = {"@misc": "spacy.preset_spans_suggester.v1", "spans_key": "sc"}
OWN_SUGGESTER = {"@misc": "spanwise_test_suggester.v1"}


@pytest.mark.parametrize(
    ("suggester", "rest", "reason"),
    [
        (None, "span_ruler", "spaCy's span_ruler may read its group of spans"),
        (PRESET, None, "spaCy's spancat2 may read its group of spans"),
        (OWN_SUGGESTER, None, "spaCy's spancat2 may read its group of spans"),
        (None, "spanwise_test_groups", "a component that is not spaCy's may read and write spans"),
    ],
)
def test_a_categorizer_whose_spans_others_read_is_spacys(
    tmp_path: Path, suggester: dict[str, Any] | None, rest: str | None, reason: str
) -> None:
    """Where a component that spaCy runs may read the group, spaCy computes it, and the reason is told."""
    several = {"spancat": spancat(threshold=0.6)}
    if suggester:
        several["spancat2"] = {**spancat(spans_key="two"), "suggester": suggester}
    nlp = with_quiet_outputs(pipeline(several))
    if rest:
        added: Any = nlp.add_pipe(rest, config={"spans_key": "sc"} if rest == "span_ruler" else {})
        if rest == "span_ruler":
            added.add_patterns([{"label": "FIRM", "pattern": "Acme"}])
    analyzer = Analyzer.load(saved(nlp, tmp_path))
    assert components(analyzer)["spancat"] == ("spacy", reason)
    assert_answers(analyzer, nlp)


def test_custom_attributes_leave_spans_to_spacy(tmp_path: Path) -> None:
    """Where custom attributes are declared, what computes them may read spans: spaCy finds these."""
    Doc.set_extension("spanwise_test_spans", getter=lambda doc: sum(map(len, doc.spans.values())))
    try:
        nlp = categorizers(spancat())
        nlp.add_pipe("spanwise_test_groups")
        extensions = Extensions.parse("doc.spanwise_test_spans=integer")
        analyzer = Analyzer.load(saved(nlp, tmp_path), extensions=extensions)
        assert components(analyzer)["spancat"][0] == "spacy"
        text = SENTENCES[0]
        assert analyzer.analyze(text, {"extensions"})["extensions"] == {
            "spanwise_test_spans": nlp(text)._.spanwise_test_spans
        }
    finally:
        Doc.remove_extension("spanwise_test_spans")


@pytest.mark.parametrize(
    ("keys", "unknown"),
    [
        (("one", "two"), None),
        (("two", "one"), 0),
        (("one", "two"), 1),
        (("one", "one"), None),
        (("one", "one"), 0),
        (("one", "one"), 1),
    ],
)
def test_two_categorizers_are_merged_as_spacy_merges_them(
    tmp_path: Path, keys: tuple[str, str], unknown: int | None
) -> None:
    """Of two categorizers one may be spaCy's; of two that write one group the later one's spans stay."""
    configs = [spancat(threshold=0.6), singlelabel(hidden=12, lengths=(2, 1))]
    if unknown is not None:
        configs[unknown]["model"]["reducer"] = {"@layers": "reduce_mean.v1"}
    names = ("spancat", "spancat_singlelabel")
    made = {name: {**config, "spans_key": key} for name, config, key in zip(names, configs, keys, strict=True)}
    nlp = with_quiet_outputs(pipeline(made, seed=4))
    analyzer = Analyzer.load(saved(nlp, tmp_path))
    said = [components(analyzer)[name] for name in names]
    refused = ("spacy", "'reduce_mean' where concatenate was expected in a classifier")
    assert said == [refused if number == unknown else ("compiled", None) for number in range(2)]
    assert_answers(analyzer, nlp)
    assert analyzer.analyze(SENTENCES[0], {"spans"})["spans"]


def test_a_categorizer_that_differs_at_the_start_is_left_to_spacy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A compiled categorizer whose spans differ from spaCy's does not serve, which is a defect; the others do."""
    made = {"spancat": spancat(spans_key="one"), "spancat_singlelabel": singlelabel(), "ner": recognizer()}
    source = saved(with_quiet_outputs(pipeline(made)), tmp_path)
    good = span_choice.compilable_categorizers

    def bad(*arguments: Any) -> Any:
        found, reasons = good(*arguments)
        output = found["spancat"].output
        found["spancat"] = replace(found["spancat"], output=replace(output, bias=output.bias + np.float32(0.05)))
        return found, reasons

    monkeypatch.setattr("spanwise.pipelines.entities.engine_choice.compilable_categorizers", bad)
    analyzer = Analyzer.load(source)
    engine, reason = components(analyzer)["spancat"]
    assert engine == "spacy"
    assert "built-in texts were labelled differently" in str(reason)
    assert components(analyzer)["spancat_singlelabel"][0] == components(analyzer)["ner"][0] == "compiled"
    assert analyzer.fallback
    assert analyzer.fallback.is_defect
    assert_answers(analyzer, spacy.load(source))


# ---- what is refused ----


def _component(nlp: Language) -> Any:
    return nlp.get_pipe("spancat")


def _suggested(function: Any) -> Any:
    return lambda nlp: setattr(_component(nlp), "suggester", function)


def _configured(**changed: Any) -> Any:
    return lambda nlp: _component(nlp).cfg.update(changed)


def _reduced(layer: str) -> dict[str, Any]:
    config = spancat()
    config["model"]["reducer"] = {"@layers": layer}
    return config


@pytest.mark.parametrize(
    ("config", "damage", "reason"),
    [
        (spancat(), lambda nlp: None, None),
        (spancat(), _suggested(partial(ngram_suggester, sizes=[0, 1])), "spans of 0 to 1 tokens"),
        (spancat(), _suggested(partial(ngram_suggester, sizes=[1, 300])), "spans of 1 to 300 tokens"),
        (spancat(), _suggested(partial(ngram_suggester, sizes=[1, 2, 1])), "no different whole numbers"),
        (spancat(), _suggested(partial(ngram_suggester, sizes=[])), "no different whole numbers"),
        (spancat(), _suggested(partial(len)), "suggested by 'len'"),
        (spancat(), _suggested(len), "another function than one of spaCy's"),
        (spancat(), _configured(threshold=None), "without a threshold"),
        (spancat(), _configured(max_positive=-1), "spans of -1 labels"),
        (spancat(), _configured(labels=["A"]), "another number of scores"),
        (_reduced("reduce_mean.v1"), lambda nlp: None, "'reduce_mean' where concatenate was expected"),
            ],
)  # fmt: skip
def test_what_is_not_understood_is_refused(config: dict[str, Any], damage: Any, reason: str | None) -> None:
    """A suggester, option or layer that the kernels do not know raises `Unsupported` with the reason."""
    nlp = categorizers(config)
    damage(nlp)
    if reason is None:
        assert read_span_categorizer(nlp, "spancat").rules.labels == ("A", "B")
    else:
        with pytest.raises(Unsupported, match=reason):
            read_span_categorizer(nlp, "spancat")


# ---- trained ----

FIRMS = ("Acme", "Globex", "Initech", "Umbrella Group", "Stark Industries")
PLACES = ("Berlin", "New York", "Rio de Janeiro", "Oslo", "San Marino")
FRAMES = (
    "{firm} opened an office in {place} .",
    "Nobody in {place} has heard of {firm} yet .",
    "The price rose after {firm} left .",
    "She moved from {place} to the coast in 2021 .",
    "Nothing happened at all .",
)


def _example(nlp: Language, chance: random.Random) -> Example:
    words = {"firm": chance.choice(FIRMS), "place": chance.choice(PLACES)}
    text = chance.choice(FRAMES).format(**words)
    known = nlp.make_doc(text)
    found: list[Span] = []
    for label, word in zip(("FIRM", "PLACE"), words.values(), strict=True):
        at = text.find(word)
        span = known.char_span(at, at + len(word), label=label) if at >= 0 else None
        found += [span] if span else []
    known.spans["sc"] = found
    return Example(nlp.make_doc(text), known)


@pytest.mark.parametrize(("kind", "make"), [("spancat", spancat), ("spancat_singlelabel", singlelabel)])
def test_a_trained_categorizer_finds_what_spacy_finds(kind: str, make: Any) -> None:
    """A categorizer over a shared tok2vec that was trained for some steps finds spaCy's spans, and the right ones."""
    nlp = spacy.blank("en")
    nlp.add_pipe("tok2vec", config={"model": tok2vec()})
    options = {} if kind == "spancat" else {"allow_overlap": False}
    nlp.add_pipe(kind, config=make(LISTENER, **options))
    chance = random.Random(5)
    examples = [_example(nlp, chance) for _ in range(150)]
    optimizer = nlp.initialize(lambda: examples)
    optimizer.learn_rate = 0.01
    for first in [*range(0, len(examples), 15)] * 5:
        nlp.update(examples[first : first + 15], sgd=optimizer)
    fresh = [_example(nlp, chance).reference for _ in range(200)]
    texts = [doc.text for doc in fresh]
    engine = compiled(nlp)
    found = spans(engine, texts)
    assert_same(found, list(nlp.pipe(texts)), rules_of(engine))
    right = sum(
        {(span.start_char, span.end_char, span.label_) for span in doc.spans["sc"]}
        == {(span.start, span.end, span.label) for span in one}
        for doc, one in zip(fresh, found, strict=True)
    )
    assert right > 150
    assert all(span.score and 0 < span.score <= 1 for one in found for span in one)
