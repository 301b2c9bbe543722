"""The compiled grammar describes tokens as spaCy's own components do, and says why where it does not know one."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.lang.es.lemmatizer import SpanishLemmatizer
from spacy.lang.ru.lemmatizer import RussianLemmatizer
from spacy.language import Language
from spacy.lookups import Lookups
from spacy.pipeline import Lemmatizer
from spacy.training import Example

from spanwise.pipelines import Analyzer
from spanwise.pipelines.annotations import ENTITIES, NOUN_CHUNKS, TOKENS, Tokens
from spanwise.pipelines.annotations import SENTENCES as SENTENCES_LAYER
from spanwise.pipelines.entities.compiled.comparison import SAMPLE
from spanwise.pipelines.entities.compiled.compiled_grammar import CompiledGrammar, compile_grammar
from spanwise.pipelines.entities.compiled.grammar_trees import GrammarTrees
from spanwise.pipelines.entities.compiled.unsupported import Unsupported
from spanwise.pipelines.entities.component_plan import plan_of
from spanwise.pipelines.entities.grammar_choice import differing_tokens
from spanwise.pipelines.entities.grammar_engine import GrammarEngine
from spanwise.pipelines.entities.spacy_engine import SpacyEngine
from spanwise.pipelines.entities.spacy_pipeline import load
from spanwise.pipelines.kernels import SpanKernels
from tests.conftest import ENGLISH, FRENCH
from tests.support.models import LISTENER, SENTENCES, pipeline, recognizer, tok2vec
from tests.support.parsers import parser

pytestmark = pytest.mark.skipif(SpanKernels is None, reason="the kernels were not built: there is no C compiler")

TEXTS = (
    *SAMPLE,
    *SENTENCES,
    "I ain't gonna go: let's see, y'all got ta know nothin' of Acme's acmes.",
    "\n\n  Acme \u00a0 acme  \t",
    "word " * 900,
)

Config = dict[str, Any]
Build = Callable[[], Language]


def classes(vectors: Config | None = None, version: int = 2, **config: Any) -> Config:
    """Return the configuration of a component that chooses classes, by default over the shared vectors."""
    model = {"@architectures": f"spacy.Tagger.v{version}", "nO": None, "tok2vec": vectors or LISTENER}
    return {"model": model, **config}


SHARED = {"tok2vec": {"model": tok2vec()}}
TREES: Config = {"min_tree_freq": 1}


def trees(**model: Any) -> Config:
    """Return the configuration of a parser that keeps every action which it sees."""
    return {**parser(**model), "min_action_freq": 1}


PATTERNS: list[Config] = [
    {"patterns": [[{"TAG": "NN"}]], "attrs": {"POS": "NOUN", "MORPH": "Number=Sing"}},
    {"patterns": [[{"TAG": {"IN": ["VB", "IN"]}, "LOWER": {"NOT_IN": ["acme", "of"]}}]], "attrs": {"POS": "X"}},
    {"patterns": [[{"LOWER": {"REGEX": "^a.*e$"}}], [{"ORTH": "Rio"}]], "attrs": {"LEMMA": "ACME", "MORPH": "_"}},
    {"patterns": [[{"IS_SPACE": True, "DEP": {"NOT_IN": ["dep"]}}]], "attrs": {"DEP": "dep", "TAG": "_SP"}},
    {"patterns": [[{"LENGTH": 1, "IS_PUNCT": True}]], "attrs": {"POS": "PUNCT"}},
    {"patterns": [[{"LOWER": "the"}, {"IS_LOWER": True}]], "attrs": {"LEMMA": "first of two"}, "index": 0},
    {"patterns": [[{"LOWER": "the"}, {"IS_LOWER": True}, {}]], "attrs": {"LEMMA": "last of three"}, "index": -1},
    {"patterns": [[{"TAG": "NN"}, {"TAG": {"NOT_IN": ["NN"]}}]], "attrs": {"MORPH": "Number=Plur"}, "index": 1},
    {"patterns": [[{"TEXT": "Acme", "POS": ""}]], "attrs": {"TAG": "FIRM", "POS": "PROPN"}},
    {"patterns": [[{}, {"LOWER": "acme"}]], "attrs": {"TAG": ""}, "index": 1},
]


def ruled(components: Mapping[str, Config], *patterns: Config) -> Language:
    """Return a pipeline with an attribute_ruler at its end."""
    nlp = pipeline(dict(components))
    ruler: Any = nlp.add_pipe("attribute_ruler")
    ruler.add_patterns(list(patterns))
    return nlp


def looking_up(mode: str, components: Mapping[str, Config] = {}, **config: Any) -> Language:
    """Return a pipeline with a lemmatizer of small tables at its end."""
    nlp = pipeline(dict(components))
    tables = Lookups()
    tables.add_table("lemma_lookup", {"Prices": "price", "Acme": "ACME"})
    tables.add_table("lemma_rules", {"noun": [["s", ""], ["es", "e"]], "verb": [["ed", "e"], ["s", ""]]})
    tables.add_table("lemma_exc", {"verb": {"saw": ["see"]}, "noun": {"acme": ["acmes"]}})
    tables.add_table("lemma_index", {"noun": {"price": 1}, "verb": {"rise": 1}})
    lemmatizer: Any = nlp.add_pipe("lemmatizer", config={"mode": mode, **config})
    lemmatizer.initialize(lookups=tables)
    return nlp


def with_trees(**config: Any) -> Language:
    """Return a pipeline with a trainable_lemmatizer, whose trees often do not fit a word."""
    return pipeline({**SHARED, "trainable_lemmatizer": classes(**TREES, **config)})


def two_morphologizers(*, overwrite: bool, extend: bool) -> Build:
    """Return what makes a pipeline with a morphologizer after another one."""
    second = classes(tok2vec(width=48), overwrite=overwrite, extend=extend)
    return lambda: pipeline({**SHARED, "morphologizer1": classes(), "morphologizer2": second})


MORPHOLOGIZERS: dict[str, Build] = {
    f"two morphologizers, {overwrite=}, {extend=}": two_morphologizers(overwrite=overwrite, extend=extend)
    for overwrite in (False, True)
    for extend in (False, True)
}
PIPELINES: dict[str, Build] = {
    "tokens alone": lambda: pipeline({"ner": recognizer()}),
    "a blank pipeline": lambda: spacy.blank("de"),
    "a tagger": lambda: pipeline({**SHARED, "tagger": classes()}),
    "a tagger of the first version": lambda: pipeline({**SHARED, "tagger": classes(version=1)}),
    "a tagger of its own": lambda: pipeline({"tagger": classes(tok2vec(width=64, depth=4, pieces=2))}),
    "a wide window": lambda: pipeline({"tagger": classes(tok2vec(window=3, depth=1))}),
    "spaces as attributes": lambda: pipeline({"tagger": classes(tok2vec(attributes=["NORM", "SPACY", "IS_SPACE"]))}),
    "static vectors": lambda: pipeline({"tagger": classes(tok2vec(static_vectors=True))}, vectors=20),
    "a hash embedding": lambda: pipeline(
        {
            "tagger": classes(
                {
                    "@architectures": "spacy.HashEmbedCNN.v2",
                    "pretrained_vectors": None,
                    "width": 32,
                    "depth": 2,
                    "embed_size": 300,
                    "window_size": 1,
                    "maxout_pieces": 3,
                    "subword_features": True,
                }
            )
        }
    ),
    "two taggers": lambda: pipeline({**SHARED, "tagger1": classes(), "tagger2": classes(tok2vec(), overwrite=False)}),
    "an overwriting tagger": lambda: pipeline({**SHARED, "tagger1": classes(), "tagger2": classes(overwrite=True)}),
    "a morphologizer": lambda: pipeline({**SHARED, "morphologizer": classes()}),
    **MORPHOLOGIZERS,
    "edit trees": lambda: with_trees(top_k=1),
    "three edit trees": lambda: with_trees(top_k=3),
    "more edit trees than there are": lambda: with_trees(top_k=20),
    "edit trees without backoff": lambda: with_trees(backoff=None),
    "everything with classes": lambda: pipeline(
        {**SHARED, "tagger": classes(tok2vec()), "morphologizer": classes(), "trainable_lemmatizer": classes(**TREES)}
    ),
    "rules after a tagger": lambda: ruled({**SHARED, "tagger": classes()}, *PATTERNS),
    "rules alone": lambda: ruled({}, *PATTERNS),
    "rules after a morphologizer": lambda: ruled({**SHARED, "morphologizer": classes()}, *PATTERNS),
    "a table of lemmas": lambda: looking_up("lookup"),
    "rules for lemmas": lambda: looking_up("rule", {**SHARED, "morphologizer": classes()}),
    "lemmas that are there": lambda: looking_up("lookup", {**SHARED, "trainable_lemmatizer": classes(**TREES)}),
    "lemmas overwritten": lambda: looking_up(
        "lookup", {**SHARED, "trainable_lemmatizer": classes(**TREES)}, overwrite=True
    ),
}
PARSED: dict[str, Build] = {
    "a parser alone": lambda: pipeline({**SHARED, "parser": trees()}),
    "a parser of its own": lambda: pipeline({**SHARED, "tagger": classes(), "parser": trees(tok2vec=tok2vec())}),
    "a parser before a tagger of its own": lambda: pipeline(
        {"parser": trees(tok2vec=tok2vec(width=48)), "tagger": classes(tok2vec())}
    ),
    "a parser without an upper layer": lambda: pipeline({**SHARED, "parser": trees(use_upper=False)}),
    "a parser and parts of speech": lambda: pipeline({**SHARED, "morphologizer": classes(), "parser": trees()}),
    "rules behind a parser": lambda: ruled(
        {**SHARED, "tagger": classes(), "parser": trees()},
        *PATTERNS,
        {"patterns": [[{"DEP": "ROOT"}]], "attrs": {"POS": "VERB", "DEP": "top"}},
    ),
    "labels set and taken away behind a parser": lambda: ruled(
        {**SHARED, "tagger": classes(), "parser": trees()},
        *PATTERNS,
        {"patterns": [[{"DEP": "ROOT"}]], "attrs": {"POS": "VERB"}},
        {"patterns": [[{"DEP": {"NOT_IN": ["ROOT", ""]}, "IS_PUNCT": True}]], "attrs": {"DEP": ""}},
        {"patterns": [[{"IS_TITLE": True}]], "attrs": {"DEP": "ROOT"}},
        {
            "patterns": [[{"IS_ALPHA": True}, {"IS_ALPHA": True, "DEP": {"NOT_IN": ["ROOT"]}}]],
            "attrs": {"DEP": "x"},
            "index": 1,
        },
    ),
    "rules that read no labels behind a parser": lambda: ruled(
        {**SHARED, "tagger": classes(), "parser": trees()},
        {"patterns": [[{"IS_ALPHA": True}]], "attrs": {"POS": "NOUN"}},
        {"patterns": [[{"SHAPE": "Xxxx"}]], "attrs": {"DEP": "title"}},
    ),
    "everything behind a parser": lambda: pipeline(
        {
            **SHARED,
            "parser": trees(),
            "tagger": classes(tok2vec()),
            "morphologizer": classes(),
            "trainable_lemmatizer": classes(**TREES),
        }
    ),
    "a language without noun chunks": lambda: pipeline({**SHARED, "parser": trees()}, language="cs"),
}


def compiled(nlp: Language, **options: Any) -> tuple[CompiledGrammar, SpacyEngine]:
    """Compile the grammar of a pipeline. Return it beside spaCy's own engine."""
    plan = plan_of(nlp)
    return compile_grammar(nlp, plan, **options), SpacyEngine(nlp, plan)


def tokens_of(engine: SpacyEngine, texts: tuple[str, ...]) -> list[Tokens | None]:
    """Return the tokens that spaCy's own components describe."""
    return [found.tokens for found in engine.annotate(texts, [TOKENS] * len(texts))]


@pytest.mark.parametrize("name", PIPELINES)
@pytest.mark.filterwarnings("ignore:.*W108")
def test_tokens_equal_those_of_spacy(name: str) -> None:
    """Bounds, spaces, tags, parts of speech, features, lemmas and what is set at all are the same for every text."""
    grammar, own = compiled(PIPELINES[name]())
    assert grammar.annotate(TEXTS) == tokens_of(own, TEXTS)
    alone = [grammar.annotate([text])[0] for text in TEXTS]
    assert alone == tokens_of(own, TEXTS)


@pytest.mark.parametrize("name", PARSED)
@pytest.mark.filterwarnings("ignore:.*W108")
def test_trees_equal_those_of_spacy(name: str) -> None:
    """Heads, labels, sentences and noun chunks are the same for every text, in a batch and alone."""
    grammar, own = compiled(PARSED[name]())
    assert grammar.trees
    assert grammar.trees.has_noun_chunks == ("without" not in name or "layer" in name)
    assert_same_trees(grammar, own)


@pytest.mark.parametrize("source", [ENGLISH, FRENCH])
def test_official_parsers_are_compiled(source: str) -> None:
    """All grammar of an official pipeline is compiled with its parser, and answers as spaCy's does."""
    loaded = load(source)
    grammar = compile_grammar(loaded.nlp, loaded.plan)
    assert {"parser", "attribute_ruler", "lemmatizer"} < {*grammar.components}
    assert_same_trees(grammar, SpacyEngine(loaded.nlp, loaded.plan))


def assert_same_trees(grammar: CompiledGrammar, own: SpacyEngine) -> None:
    """Hold everything that a grammar with a parser finds against spaCy's."""
    with_chunks = grammar.trees is not None and grammar.trees.has_noun_chunks
    layers = TOKENS | SENTENCES_LAYER | (NOUN_CHUNKS if with_chunks else frozenset())
    expected = [(one.tokens, one.sentences, one.noun_chunks) for one in own.annotate(TEXTS, [layers] * len(TEXTS))]
    assert any(sentences for _, sentences, _ in expected)
    has_pos = any(tokens and any(tokens.annotated.get("pos", ())) for tokens, _, _ in expected)
    assert any(chunks for _, _, chunks in expected) == (with_chunks and has_pos)
    for found in (
        grammar.describe(TEXTS, sentences=True, noun_chunks=with_chunks),
        [grammar.describe([text], sentences=True, noun_chunks=with_chunks)[0] for text in TEXTS],
    ):
        assert [(one.tokens, [*one.sentences], [*one.noun_chunks]) for one in found] == expected


@pytest.mark.parametrize("source", [ENGLISH, FRENCH])
def test_official_pipelines_are_compiled(source: str) -> None:
    """Without the parser, every grammar component of an official pipeline is compiled, and answers as spaCy's does."""
    loaded = load(source, ["parser"])
    grammar = compile_grammar(loaded.nlp, loaded.plan)
    first = "tagger" if source == ENGLISH else "morphologizer"
    assert grammar.components == (first, "attribute_ruler", "lemmatizer")
    assert grammar.annotate(TEXTS) == tokens_of(SpacyEngine(loaded.nlp, loaded.plan), TEXTS)


def test_an_analyzer_says_what_is_compiled() -> None:
    """The components are listed as compiled, the shared tok2vec with them, and tokens come without spaCy's own."""
    analyzer = Analyzer.load(ENGLISH, disable=["parser"])
    assert isinstance(analyzer.engine, GrammarEngine)
    engines = {one["name"]: one["engine"] for one in analyzer.contents.components}
    assert engines == dict.fromkeys(("tok2vec", "tagger", "senter", "attribute_ruler", "lemmatizer", "ner"), "compiled")
    answer = analyzer.analyze("Tim Cook was gonna see us.", ["tokens", "entities"])
    assert [token["lemma"] for token in answer["tokens"]] == ["Tim", "Cook", "be", "go", "to", "see", "we", "."]
    assert [entity["text"] for entity in answer["entities"]] == ["Tim Cook"]


def test_trees_need_nothing_of_spacys() -> None:
    """With a parser, too, tokens, noun chunks and sentences of a text come without spaCy's components in memory."""
    analyzer = Analyzer.load(ENGLISH)
    whole: Any = analyzer.engine
    assert {one["engine"] for one in analyzer.contents.components} == {"compiled"}
    answer = analyzer.analyze(
        "Tim Cook saw the new office. She left.", ["tokens", "noun_chunks", "sentences", "entities"]
    )
    assert [token["head"] for token in answer["tokens"]] == [1, 2, 2, 5, 5, 2, 2, 8, 8, 8]
    assert [chunk["text"] for chunk in answer["noun_chunks"]] == ["Tim Cook", "the new office", "She"]
    assert [sentence["text"] for sentence in answer["sentences"]] == ["Tim Cook saw the new office.", "She left."]
    assert not whole.engine._spacy_engine.is_loaded


def test_a_parser_that_sets_the_sentences_is_not_spacys() -> None:
    """Without a senter the sentences are the parser's, computed by the kernels and as spaCy computes them.

    Asked for by themselves they leave the entities as they are; beside tokens they restrict them, as in spaCy.
    """
    loaded = load(ENGLISH, ["senter"])
    own = SpacyEngine(loaded.nlp, loaded.plan)
    assert loaded.plan.boundaries.factory == "parser"
    analyzer = Analyzer.load(ENGLISH, disable=["senter"])
    whole: Any = analyzer.engine
    assert analyzer.fallback is None
    assert {one["engine"] for one in analyzer.contents.components} == {"compiled"}
    assert analyzer.computes_in_kernels(frozenset({"entities", "sentences", "sentiment"}))
    texts = [*TEXTS, "We met Angela. Merkel and Tim. Cook of Apple. Inc. in New. York and Los. Angeles"]
    for layers in (SENTENCES_LAYER, ENTITIES | SENTENCES_LAYER, ENTITIES, TOKENS | SENTENCES_LAYER):
        wanted = [layers] * len(texts)
        for one, other in zip(analyzer.engine.annotate(texts, wanted), own.annotate(texts, wanted), strict=True):
            assert one.sentences == other.sentences
            assert one.tokens == other.tokens
            assert [entity[:3] for entity in one.entities] == [entity[:3] for entity in other.entities]
    assert not whole.engine._spacy_engine.is_loaded


def test_trees_that_differ_at_the_start_do_not_serve(monkeypatch: pytest.MonkeyPatch) -> None:
    """A parser whose sentences or noun chunks differ from spaCy's leaves the grammar to spaCy, which is a defect."""
    loaded = load(ENGLISH)
    grammar = compile_grammar(loaded.nlp, loaded.plan)
    own = SpacyEngine(loaded.nlp, loaded.plan)
    assert differing_tokens(grammar, own) == 0
    for method in ("sentences_of", "noun_chunks_of"):
        with monkeypatch.context() as patch:
            patch.setattr(GrammarTrees, method, lambda *_: [])
            assert differing_tokens(grammar, own) > 0


def test_what_no_kernel_knows_keeps_the_grammar_with_spacy(tmp_path: Path) -> None:
    """One component that is not compiled leaves the tokens to spaCy, and the others name it as the reason."""
    nlp = ruled({**SHARED, "tagger": classes()}, {"patterns": [[{"LOWER": "a", "OP": "+"}]], "attrs": {"POS": "X"}})
    nlp.to_disk(tmp_path)
    analyzer = Analyzer.load(tmp_path)
    reasons = {one["name"]: one.get("reason", "") for one in analyzer.contents.components}
    assert "attribute_ruler: a pattern with operators" in reasons["tagger"]
    assert "attribute_ruler: a pattern with operators" in reasons["attribute_ruler"]
    assert analyzer.fallback is None
    assert analyzer.analyze("a a b", ["tokens"])["tokens"][1]["pos"] == "X"


def test_a_grammar_that_answers_differently_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A compiled grammar that differs from spaCy's at the start does not serve, and is reported as a defect."""
    nlp = pipeline({**SHARED, "tagger": classes()})
    nlp.to_disk(tmp_path)
    another, _ = compiled(pipeline({**SHARED, "tagger": classes()}, seed=1))
    monkeypatch.setattr("spanwise.pipelines.entities.grammar_choice.compile_grammar", lambda *_, **__: another)
    analyzer = Analyzer.load(tmp_path)
    assert not isinstance(analyzer.engine, GrammarEngine)
    assert analyzer.fallback
    assert analyzer.fallback.is_defect
    assert "described differently" in analyzer.fallback.reason
    expected = [token.tag_ for token in nlp(SENTENCES[0])]
    assert [token["tag"] for token in analyzer.analyze(SENTENCES[0], ["tokens"])["tokens"]] == expected


def refused(change: Callable[[Language], None]) -> str:
    """Change a pipeline of tagger, attribute_ruler and lemmatizer. Return why it is not compiled any more."""
    nlp = looking_up("lookup", {**SHARED, "tagger": classes()})
    nlp.add_pipe("attribute_ruler", before="lemmatizer")
    change(nlp)
    with pytest.raises(Unsupported) as refusal:
        compiled(nlp)
    return str(refusal.value)


def adding(pattern: list[Config], attrs: Config | None = None, index: int = 0) -> Callable[[Language], None]:
    """Return a change that adds a rule."""

    def change(nlp: Language) -> None:
        ruler: Any = nlp.get_pipe("attribute_ruler")
        ruler.add([pattern], attrs or {"POS": "X"}, index)

    return change


def with_new_lemmas(nlp: Language) -> None:
    """Make the lemmatizer one that a later spaCy may bring, of which nobody knows what it reads."""
    lemmatizer: Any = nlp.get_pipe("lemmatizer")
    members = {"rule_lemmatize": lambda _, token: [token.nbor().text], "__module__": "spacy.lang.new"}
    lemmatizer.__class__ = type("NewLemmatizer", (Lemmatizer,), members)
    lemmatizer._mode, lemmatizer.lemmatize = "rule", lemmatizer.rule_lemmatize


def with_russian_lemmas(nlp: Language) -> None:
    """Make the lemmatizer the Russian one, which asks a library."""
    lemmatizer: Any = nlp.get_pipe("lemmatizer")
    lemmatizer.__class__ = RussianLemmatizer
    lemmatizer._mode = "pymorphy3"


def with_spanish_lemmas(nlp: Language) -> None:
    """Make the lemmatizer the Spanish one, which reads where sentences begin, without a parser that says so."""
    lemmatizer: Any = nlp.get_pipe("lemmatizer")
    lemmatizer.__class__ = SpanishLemmatizer
    for name in ("lemma_rules", "lemma_rules_groups", "lemma_index", "lemma_exc"):
        if name not in lemmatizer.lookups:
            lemmatizer.lookups.add_table(name, {})
    lemmatizer._mode, lemmatizer.lemmatize = "rule", lemmatizer.rule_lemmatize


def with_shape_by_hand(nlp: Language) -> None:
    """Set the shape of a word that a rule asks for."""
    nlp.vocab["Acme"].shape_ = "hand"
    adding([{"SHAPE": "Xxxx"}])(nlp)


def with_beam_parser(nlp: Language) -> None:
    """Add a parser that searches with a beam."""
    nlp.add_pipe("beam_parser", name="parser")


def with_parsers(*names: str) -> Callable[[Language], None]:
    """Add parsers that are ready to run, and other components without configuration."""

    def change(nlp: Language) -> None:
        for name in names:
            component: Any = nlp.add_pipe(name.rstrip("0123456789"), name=name)
            if name.startswith("parser"):
                component.add_label("det")
                component.initialize(
                    lambda: [Example.from_dict(nlp.make_doc("a b"), {"heads": [1, 1], "deps": ["det", "ROOT"]})]
                )

    return change


REFUSED: dict[str, tuple[Callable[[Language], None], str]] = {
    "an attribute of entities": (adding([{"ENT_TYPE": "ORG"}]), "a pattern over ENT_TYPE"),
    "a norm": (adding([{"NORM": "a"}]), "a pattern over NORM"),
    "parts of features": (adding([{"MORPH": {"IS_SUPERSET": ["A=B"]}}]), "takes features apart"),
    "another comparison": (adding([{"LENGTH": {">": 3}}]), "a pattern with >"),
    "a token outside": (adding([{"TAG": "NN"}], index=1), "outside of its pattern"),
    "words changed by hand": (with_shape_by_hand, "SHAPE was set by hand"),
    "lemmas that may depend on other tokens": (with_new_lemmas, "may depend on more than the word"),
    "lemmas by a library": (with_russian_lemmas, "in another mode than lookup, pos_lookup, rule"),
    "lemmas that depend on sentences": (with_spanish_lemmas, "where sentences begin, which no parser before it says"),
    "a beam": (with_beam_parser, "parser: it may read and write anything"),
    "boundaries beside a parser": (with_parsers("parser", "sentencizer"), "components beside it set sentence"),
    "two parsers": (with_parsers("parser1", "parser2"), "components beside it set sentence"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_understood_is_refused_with_a_reason(name: str) -> None:
    """A component that may read more than the kernels know is named."""
    change, reason = REFUSED[name]
    assert reason in refused(change)


def test_threads_share_a_grammar() -> None:
    """Threads that share a grammar with a small lexicon get the answers that one alone gets."""
    grammar, own = compiled(PIPELINES["everything with classes"](), lexicon_bytes=1 << 15)
    expected = tokens_of(own, TEXTS)
    with ThreadPoolExecutor(4) as threads:
        for found in threads.map(grammar.annotate, [TEXTS] * 12):
            assert found == expected


def test_new_words_are_kept_within_a_bound() -> None:
    """Words that never come again leave two generations of kinds behind at most, and a bounded number of lemmas."""
    nlp = looking_up("rule", {**SHARED, "morphologizer": classes()})
    grammar, _ = compiled(nlp)
    strings = len(nlp.vocab.strings)
    for first in range(0, 60_000, 3_000):
        grammar.annotate([" ".join(f"w{i}s" for i in range(first, first + 3_000))])
    lemmatizer: Any = nlp.get_pipe("lemmatizer")
    assert len(lemmatizer.cache) < 10_000
    assert len(grammar._young) + len(grammar._old) <= 2 * 8192
    assert len(nlp.vocab.strings) == strings
    long = "x" * 70
    grammar.annotate([long])
    assert not any(key[0] == long for key in grammar._young)
