"""Configurations of span categorizers of many architectures, for pipelines with random weights."""

import random
from typing import Any

from spacy.language import Language

from tests.support.models import tok2vec


def spancat(
    vectors: dict[str, Any] | None = None, hidden: int = 24, lengths: object = (1, 2, 3), **options: Any
) -> dict[str, Any]:
    """Return the configuration of a `spancat`; options are those of the component."""
    return {"model": _model(vectors, hidden, {"@layers": "spacy.LinearLogistic.v1"}), **_suggester(lengths), **options}


def singlelabel(
    vectors: dict[str, Any] | None = None, hidden: int = 24, lengths: object = (1, 2, 3), **options: Any
) -> dict[str, Any]:
    """Return the configuration of a `spancat_singlelabel` likewise."""
    return {"model": _model(vectors, hidden, {"@layers": "Softmax.v2"}), **_suggester(lengths), **options}


def _model(vectors: dict[str, Any] | None, hidden: int, scorer: dict[str, Any]) -> dict[str, Any]:
    return {
        "@architectures": "spacy.SpanCategorizer.v1",
        "tok2vec": vectors or tok2vec(),
        "reducer": {"@layers": "spacy.mean_max_reducer.v1", "hidden_size": hidden},
        "scorer": scorer,
    }


def _suggester(lengths: object) -> dict[str, Any]:
    """Return a suggester of a range, given as (min, max) in a list, or of the lengths in a tuple."""
    if isinstance(lengths, list):
        shortest, longest = lengths
        return {"suggester": {"@misc": "spacy.ngram_range_suggester.v1", "min_size": shortest, "max_size": longest}}
    return {"suggester": {"@misc": "spacy.ngram_suggester.v1", "sizes": [*lengths]}}  # type: ignore[misc]


def random_categorizer(seed: int) -> tuple[str, dict[str, Any]]:
    """Draw the factory and the configuration of a categorizer: widths, depths, lengths and options of all kinds."""
    chance = random.Random(seed)
    vectors = tok2vec(
        width=chance.choice((8, 19, 32, 37, 64)),
        depth=chance.choice((1, 2, 4)),
        window=chance.choice((1, 1, 2)),
        pieces=chance.choice((2, 3, 4)),
    )
    lengths: object = tuple(chance.sample(range(1, 9), chance.randint(1, 4)))
    if chance.random() < 0.4:
        lengths = [first := chance.randint(1, 3), first + chance.randint(0, 5)]
    hidden = chance.choice((5, 16, 24, 48, 129))
    if seed % 2:
        return "spancat_singlelabel", singlelabel(vectors, hidden, lengths, allow_overlap=chance.random() < 0.5)
    options = {"threshold": chance.choice((0.0, 0.3, 0.5, 0.8)), "max_positive": chance.choice((None, None, 1, 2))}
    return "spancat", spancat(vectors, hidden, lengths, **options)


ARCHITECTURES = range(16)
"""Seeds of `random_categorizer`."""


def with_quiet_outputs(nlp: Language) -> Language:
    """Make the outputs of span categorizers small, and no class likelier than others: scores are then of all sizes."""
    for name in nlp.pipe_names:
        if nlp.get_pipe_meta(name).factory.startswith("spancat"):
            component: Any = nlp.get_pipe(name)
            shifts = [
                layer.get_param("b") for layer in component.model.get_ref("reducer").walk() if layer.name == "layernorm"
            ]
            for layer in component.model.get_ref("scorer").walk():
                if layer.has_param("W"):
                    weights = layer.get_param("W") * 0.3
                    layer.set_param("W", weights)
                    layer.set_param("b", -weights @ shifts[0] if shifts else layer.get_param("b"))
    return nlp
