"""The table of features: one row for each section or addition that a caller may ask of an answer.

Everything that depends on which features there are derives from it: which layers a text needs computed, which features
a loaded pipeline offers, how an answer is written, which tables the command line prints, what the docs list. The names
themselves belong to the contract (`Feature` in `schemas/answers.py`); the import fails when the two differ. How to add
a feature: docs/contribute/adding-a-feature.md.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, get_args

from spanwise.pipelines.annotations import Annotations, Layers
from spanwise.pipelines.document import Document
from spanwise.pipelines.features import (
    category_section,
    entity_section,
    extension_section,
    language_section,
    sentence_section,
    span_section,
    token_section,
)
from spanwise.pipelines.features.console_table import ConsoleTable
from spanwise.schemas import AnalyzeResponse, Feature

Write = Callable[[AnalyzeResponse, Document, Annotations], None]
Tabulate = Callable[[AnalyzeResponse], ConsoleTable | None]


@dataclass(frozen=True, slots=True)
class FeatureRow:
    """One feature: its name, the layers it needs, how it is written into an answer and shown on the command line.

    A pipeline offers the feature when something of it computes every layer that is needed.
    """

    name: Feature
    description: str
    needs: Layers
    write: Write
    tabulate: Tabulate


FEATURES: tuple[FeatureRow, ...] = (  # answers have their sections in this order
    FeatureRow(
        "entities",
        "named entities, with calibrated confidence where the pipeline gives one",
        frozenset({"entities"}),
        entity_section.write_entities,
        entity_section.tabulate_entities,
    ),
    FeatureRow(
        "entity_sentiment",
        "the entities, each with what the text says about it",
        frozenset({"entities", "sentences", "target_sentiment"}),
        entity_section.write_entity_sentiment,
        lambda _: None,  # the table of entities shows it
    ),
    FeatureRow(
        "sentiment",
        "the sentiment of the whole text",
        frozenset({"sentences", "sentiment"}),
        sentence_section.write_sentiment,
        sentence_section.tabulate_sentiment,
    ),
    FeatureRow(
        "sentences",
        "the sentences, each with its sentiment where `sentiment` is asked for too",
        frozenset({"sentences"}),
        sentence_section.write_sentences,
        sentence_section.tabulate_sentences,
    ),
    FeatureRow(
        "categories",
        "the categories of the whole text, from the pipeline's text classifiers, highest score first",
        frozenset({"categories"}),
        category_section.write_categories,
        category_section.tabulate_categories,
    ),
    FeatureRow(
        "spans",
        "the groups of spans of span categorizers and rulers, which may overlap",
        frozenset({"spans"}),
        span_section.write_spans,
        span_section.tabulate_spans,
    ),
    FeatureRow(
        "tokens",
        "the tokens, each with part of speech, morphology, lemma and syntax as far as the pipeline gives them",
        frozenset({"tokens"}),
        token_section.write_tokens,
        token_section.tabulate_tokens,
    ),
    FeatureRow(
        "noun_chunks",
        "the base noun phrases",
        frozenset({"noun_chunks"}),
        token_section.write_noun_chunks,
        token_section.tabulate_noun_chunks,
    ),
    FeatureRow(
        "extensions",
        "the values of declared custom attributes",
        frozenset({"extensions"}),
        extension_section.write_extensions,
        extension_section.tabulate_extensions,
    ),
    FeatureRow(
        "language",
        "the language that the text is in, `und` where that is unsure, and `language_confidence`",
        frozenset({"language"}),
        language_section.write_language,
        language_section.tabulate_language,
    ),
)

if differing := {row.name for row in FEATURES} ^ set(get_args(Feature.__value__)):
    raise ImportError(
        f"`Feature` in schemas/answers.py and FEATURES in pipelines/features/feature_table.py differ in "
        f"{', '.join(sorted(differing))}: name the feature in both."
    )


class Recipe(NamedTuple):
    """The layers to compute and the writers to call, in order, for a set of features."""

    layers: Layers
    writers: tuple[Write, ...]


@lru_cache(maxsize=1 << 10)
def recipe_of(features: frozenset[Feature]) -> Recipe:
    """Return what these features take. Cached, because a service meets the same few sets over and over."""
    rows = [row for row in FEATURES if row.name in features]
    return Recipe(Layers().union(*(row.needs for row in rows)), tuple(row.write for row in rows))


def features_offered(layers: Layers) -> frozenset[Feature]:
    """Return the features that a pipeline offers which computes these layers."""
    return frozenset(row.name for row in FEATURES if row.needs <= layers)


def console_tables(answer: AnalyzeResponse) -> Iterable[ConsoleTable]:
    """Yield the tables that show an answer to a person."""
    return (table for row in FEATURES if (table := row.tabulate(answer)) is not None)
