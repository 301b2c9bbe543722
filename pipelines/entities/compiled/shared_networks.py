"""Describe classifiers of texts and of spans for the kernels, so that those with one tok2vec share its embeddings."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from spanwise.pipelines.entities.compiled.classifiers import Classifier
from spanwise.pipelines.entities.compiled.layers import Tok2Vec
from spanwise.pipelines.entities.compiled.span_categorizers import SpanCategorizer
from spanwise.pipelines.kernels import constants

Specs = tuple[tuple[Any, ...], ...]
AnyClassifier = Classifier | SpanCategorizer


def specs_of(
    classifiers: Mapping[str, Classifier],
    categorizers: Sequence[SpanCategorizer],
    attributes: Sequence[str],
    entities: Tok2Vec | None,
) -> tuple[Specs, Specs]:
    """Describe text classifiers and span categorizers.

    Those that listen to one tok2vec, or to the recognizer's, share it.
    """
    owners: list[tuple[Tok2Vec, int]] = [(entities, constants.NETWORK_OF_ENTITIES)] if entities else []

    def network_of(number: int) -> Callable[[Tok2Vec], Any]:
        """Return what describes the network of classifier `number`; categorizers are counted after the classifiers."""

        def describe(tok2vec: Tok2Vec) -> Any:
            for other, owner in owners:
                if other.mix.weights is tok2vec.mix.weights:
                    return owner
            owners.append((tok2vec, number))
            return tok2vec.spec(attributes)

        return describe

    categories = tuple(one.spec(attributes, network_of(number)) for number, one in enumerate(classifiers.values()))
    spans = tuple(
        one.spec(network_of(number)(one.tok2vec)) for number, one in enumerate(categorizers, start=len(classifiers))
    )
    return categories, spans
