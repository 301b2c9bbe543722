"""The compiled engine reads other architectures than the default from the model and gives exactly spaCy's answers."""

from collections.abc import Sequence
from typing import Any

import pytest
from spacy.attrs import IS_PUNCT, IS_SPACE
from spacy.language import Language

from spanwise.pipelines.annotations import ENTITIES_AND_SENTENCES
from spanwise.pipelines.annotations import SENTENCES as SENTENCE_LAYER
from spanwise.pipelines.entities.compiled.comparison import SAMPLE, differing, same
from spanwise.pipelines.entities.compiled.compiled_engine import compile_pipeline
from spanwise.pipelines.entities.compiled.unsupported import Unsupported
from spanwise.pipelines.entities.component_plan import plan_of
from spanwise.pipelines.entities.engine import Engine
from spanwise.pipelines.entities.spacy_engine import SpacyEngine
from tests.support.models import LISTENER, SENTENCES, pipeline, recognizer, tok2vec

BOTH = ENTITIES_AND_SENTENCES
TEXTS = [*SAMPLE, *SENTENCES, " ".join(SENTENCES * 40)]
V1 = "spacy.TransitionBasedParser.v1"
HASH_EMBED_CNN = {
    "@architectures": "spacy.HashEmbedCNN.v2",
    "pretrained_vectors": None,
    "width": 32,
    "depth": 3,
    "embed_size": 500,
    "window_size": 1,
    "maxout_pieces": 2,
    "subword_features": True,
}

ARCHITECTURES: dict[str, dict[str, Any]] = {
    "like-the-default": recognizer(),
    "version-1": recognizer(None, **{"@architectures": V1}),
    "hash-embed-cnn": recognizer(HASH_EMBED_CNN),
    "hash-embed-cnn-of-one-attribute": recognizer({**HASH_EMBED_CNN, "subword_features": False}),
    "six-tokens-a-state": recognizer(extra_state_tokens=True),
    "no-upper-layer": recognizer(use_upper=False),
    "six-tokens-and-no-upper-layer": recognizer(extra_state_tokens=True, use_upper=False),
    "one-piece": recognizer(tok2vec(pieces=1), maxout_pieces=1),
    "four-pieces": recognizer(tok2vec(pieces=4), maxout_pieces=5),
    "no-upper-layer-one-piece": recognizer(use_upper=False, maxout_pieces=1),
    "odd-width": recognizer(tok2vec(width=37), hidden_width=19),
    "wide": recognizer(tok2vec(width=300, depth=1)),
    "deep": recognizer(tok2vec(depth=8)),
    "shallow": recognizer(tok2vec(depth=1)),
    "wide-window": recognizer(tok2vec(window=3, depth=4)),
    "one-attribute": recognizer(tok2vec(attributes=["LOWER"])),
    "every-kind-of-attribute": recognizer(
        tok2vec(attributes=["ORTH", "NORM", "LENGTH", "LANG", "SPACY", "IS_SPACE", "IS_TITLE", "LIKE_NUM", "SHAPE"])
    ),
}


def engines(nlp: Language, entities: str = "ner", sentences: str = "senter", **options: Any) -> tuple[Any, SpacyEngine]:
    """Return the pipeline's compiled engine and spaCy's own engine."""
    own = SpacyEngine(nlp, plan_of(nlp))
    return compile_pipeline(nlp, entities, sentences, **options), own


def assert_same(compiled: Engine, own: SpacyEngine, texts: Sequence[str] = TEXTS) -> set[str]:
    """Assert that both engines give the same answers and find at least one entity. Return the labels found."""
    found = compiled.annotate(texts, [BOTH] * len(texts))
    expected = own.annotate(texts, [BOTH] * len(texts))
    for text, one, other in zip(texts, found, expected, strict=True):
        assert same(one, other), text[:100]
    labels = {span.label for one in found for span in one.entities}
    assert labels
    return labels


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_known_architecture_gets_spacys_answers(name: str) -> None:
    """Every known architecture gets spaCy's entities, and spaCy's sentences from a second network of another shape."""
    labels = set()
    for seed in range(4):
        nlp = pipeline({"ner": ARCHITECTURES[name], "senter": {}}, seed)
        labels |= assert_same(*engines(nlp))
    assert len(labels) > 1


@pytest.mark.parametrize("instructions", ["baseline", "avx2", "avx512", "neon"])
def test_every_instruction_set_gets_spacys_answers(instructions: str) -> None:
    """The kernels give spaCy's answers with every instruction set that the processor has."""
    nlp = pipeline({"ner": recognizer(tok2vec(width=40, pieces=2)), "senter": {}})
    try:
        compiled, own = engines(nlp, instructions=instructions)
    except ValueError:
        pytest.skip(f"this processor has no {instructions}")
    assert compiled.instructions == instructions
    assert_same(compiled, own)


def test_static_vectors_are_looked_up_and_projected() -> None:
    """Static vectors are looked up and projected as in spaCy; words without a vector get zeros."""
    nlp = pipeline({"ner": recognizer(tok2vec(static_vectors=True)), "senter": {}}, vectors=20)
    assert_same(*engines(nlp))


def test_shared_vectors_are_listened_to() -> None:
    """Two components that both listen to one shared tok2vec get spaCy's answers."""
    shared = {"model": tok2vec()}
    listening = {"model": {"@architectures": "spacy.Tagger.v2", "nO": None, "normalize": False, "tok2vec": LISTENER}}
    nlp = pipeline({"tok2vec": shared, "ner": recognizer(LISTENER), "senter": listening})
    assert_same(*engines(nlp))


@pytest.mark.parametrize("language", ["fr", "de", "it", "ru", "tr", "ar", "hi"])
def test_other_languages_rules_and_norms_are_honoured(language: str) -> None:
    """The tokenizer rules and norms of other languages are applied as in spaCy.

    Italian is among them because its affix rules do not fit a window.
    """
    nlp = pipeline({"ner": recognizer(), "sentencizer": {}}, language=language)
    assert_same(*engines(nlp, sentences="sentencizer"))


def test_a_sentencizers_rules_are_compiled() -> None:
    """A sentencizer is compiled and gives spaCy's sentences, also with punctuation that its user chose."""
    nlp = pipeline({"ner": recognizer(), "sentencizer": {"punct_chars": [";", "!", "🎉"]}})
    compiled, own = engines(nlp, sentences="sentencizer")
    assert_same(compiled, own)
    texts = ["One; two (three;) four! ! ) five 🎉 six.  ; seven", "; a", "a ;", ";;;"]
    assert_same(compiled, own, texts + TEXTS)


def test_attributes_and_exceptions_that_somebody_changed_are_honoured() -> None:
    """Norms and tokenizer exceptions that a user changed are applied as in spaCy.

    One exception has white space in it, and affix rules tear another apart.
    """
    nlp = pipeline({"ner": recognizer(), "senter": {}})
    nlp.vocab["Google"].norm_ = "search-engine"
    tokenizer: Any = nlp.tokenizer
    tokenizer.add_special_case("New England", [{"ORTH": "New England"}])
    tokenizer.add_special_case("(CEO).", [{"ORTH": "(CEO)."}])
    tokenizer.add_special_case("n't ?!", [{"ORTH": "n't ", "NORM": "not"}, {"ORTH": "?!"}])
    compiled, own = engines(nlp)
    torn = ["of New England .", "(New England)", "New  England", "New\nEngland", "( CEO ).", "do n't ?! no"]
    assert_same(compiled, own, [*TEXTS, *torn])


@pytest.mark.parametrize(
    ("components", "reason"),
    [
        ({"ner": recognizer({**tok2vec(), "encode": {"@architectures": "spacy.MishWindowEncoder.v2", "width": 32,
                                                    "depth": 2, "window_size": 1}})}, "mish"),
        ({"ner": recognizer(tok2vec(attributes=["NORM", "TAG"]))}, "TAG"),
        ({"beam_ner": recognizer()}, "beam"),
    ],
)  # fmt: skip
def test_what_is_not_known_is_refused_with_its_reason(components: dict[str, Any], reason: str) -> None:
    """An architecture that the compiler does not know is refused with the reason, never guessed."""
    nlp = pipeline({**components, "sentencizer": {}})
    with pytest.raises(Unsupported, match=reason):
        engines(nlp, entities=next(iter(components)), sentences="sentencizer")


def test_a_pipeline_without_a_recognizer_still_gets_its_sentences() -> None:
    """A pipeline without an entity recognizer gets spaCy's sentences, computed by rules without any network."""
    nlp = pipeline({"sentencizer": {}})
    own = SpacyEngine(nlp, plan_of(nlp))
    compiled = compile_pipeline(nlp, None, "sentencizer")
    assert differing(compiled, own, TEXTS, SENTENCE_LAYER) == []


def test_several_shared_tok2vecs_are_refused() -> None:
    """A pipeline with two shared tok2vecs is refused.

    Which vectors a component gets then depends on where it stands between them.
    """
    nlp = pipeline({"tok2vec1": {"model": tok2vec()}, "ner": recognizer(LISTENER), "tok2vec2": {"model": tok2vec()}})
    nlp.add_pipe("sentencizer")
    with pytest.raises(Unsupported, match="2 components"):
        engines(nlp, sentences="sentencizer")


def test_flags_that_somebody_set_by_hand_are_honoured() -> None:
    """Lexeme flags that a user set by hand change the answers as they do in spaCy.

    Flags decide which actions are valid and where rules end a sentence.
    """
    nlp = pipeline({"ner": recognizer(), "sentencizer": {}})
    plain, _ = engines(nlp, sentences="sentencizer")
    text = "Google ! Google bought New England . Acme bought Google ."
    nlp.vocab["Google"].set_flag(IS_PUNCT, True)
    nlp.vocab["Acme"].set_flag(IS_SPACE, True)
    compiled, own = engines(nlp, sentences="sentencizer")
    assert_same(compiled, own, [*TEXTS, text])
    assert plain.annotate([text], [BOTH]) != compiled.annotate([text], [BOTH])
