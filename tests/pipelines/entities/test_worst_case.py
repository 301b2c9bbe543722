"""What the hardest texts cost is bounded. Work is counted instead of timed, so that a busy machine changes nothing."""

import pytest

from spanwise.pipelines.annotations import ENTITIES_AND_SENTENCES
from spanwise.pipelines.entities.compiled.compiled_engine import CompiledEngine
from spanwise.pipelines.entities.engine_choice import choose_engine
from spanwise.pipelines.entities.mixed_engine import MixedEngine
from spanwise.pipelines.entities.spacy_pipeline import load
from spanwise.pipelines.kernels import SpanKernels
from tests.conftest import ENGLISH
from tests.support.hostile import PATTERNS, mixtures, repeated

pytestmark = pytest.mark.skipif(SpanKernels is None, reason="the kernels were not built: there is no C compiler")

LENGTH = 5_000


@pytest.fixture(scope="module")
def engine() -> CompiledEngine:
    """Load the default pipeline's compiled engine, which has not met any word."""
    engine = choose_engine(load(ENGLISH)).engine
    assert isinstance(engine, MixedEngine)
    return engine.compiled


def test_there_are_sixty_hostile_patterns() -> None:
    """The list is the one that the documentation speaks of."""
    assert len(set(PATTERNS.values())) == len(PATTERNS) == 60


def test_python_describes_each_token_of_a_hostile_text_once(
    engine: CompiledEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often a pattern is repeated, Python is asked for its few different tokens, and never for whole runs."""
    asked: list[str] = []
    lexemes = engine._lexemes

    def describe(words: list[str]) -> object:
        asked.extend(words)
        return lexemes(words)

    monkeypatch.setattr(engine, "_lexemes", describe)
    for name, pattern in PATTERNS.items():
        asked.clear()
        engine.annotate([repeated(pattern, LENGTH)], [ENTITIES_AND_SENTENCES])
        assert len(asked) <= 20, name
    for name, text in mixtures(LENGTH).items():
        asked.clear()
        engine.annotate([text], [ENTITIES_AND_SENTENCES])
        assert len(asked) == len(set(asked)), name
        asked.clear()
        engine.annotate([text, text[::-1]], [ENTITIES_AND_SENTENCES] * 2)
        assert len(asked) < LENGTH / 4, name


def test_the_default_pipelines_runs_are_split_without_python(
    engine: CompiledEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rules of the default pipeline's tokenizer are programs of the kernels: Python is not asked to split."""
    assert engine.tokenizer_reason is None
    monkeypatch.setattr(engine._lexemes, "_rules", None)
    assert engine.annotate(["(((Zwölfmal-unbekanntes:)!!!"], [ENTITIES_AND_SENTENCES])[0].sentences
