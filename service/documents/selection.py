"""From a valid request to a pipeline: the checks that depend on the loaded pipelines rather than on the schema."""

from collections.abc import Iterable

from spanwise.pipelines import Analyzer, Registry
from spanwise.pipelines.language import is_auto
from spanwise.schemas import BatchDocument, BatchRequest, Feature, FieldError, StreamOptions, given
from spanwise.service.documents.document_language import detection_is_off
from spanwise.service.errors import ValidationFailed


def choose_analyzer(
    registry: Registry, language: str | None, features: frozenset[Feature], pointer: str
) -> Analyzer | FieldError:
    """Return the pipeline for a language (None: the default one) if it has all of the features; else what is wrong.

    `pointer` is the JSON Pointer to where the request names the features.
    """
    analyzer = registry.default if language is None else registry.get(language)
    if analyzer is None:
        languages = ", ".join(one.language for one in registry)
        detail = f"No pipeline serves this language. There are: {languages}."
        return FieldError(pointer="/language", code="unsupported_language", detail=detail)
    if missing := sorted(features - analyzer.features):
        detail = f"The pipeline {analyzer.title} does not offer {', '.join(missing)}."
        return FieldError(pointer=pointer, code="unsupported_feature", detail=detail)
    return analyzer


def require_analyzer(
    registry: Registry, language: str | None, features: frozenset[Feature], pointer: str = "/features"
) -> Analyzer:
    """Choose the pipeline for a whole request. Raise `ValidationFailed` where none serves it."""
    chosen = choose_analyzer(registry, language, features, pointer)
    if isinstance(chosen, Analyzer):
        return chosen
    raise ValidationFailed([chosen])


def check_labels(labels: frozenset[str] | None, analyzers: Iterable[Analyzer]) -> None:
    """Raise `ValidationFailed` when one of the labels belongs to none of these pipelines."""
    if labels is not None and not labels <= frozenset[str]().union(*(analyzer.labels for analyzer in analyzers)):
        detail = "Not all of these are labels of the pipeline; see /v1/pipelines."
        raise ValidationFailed([FieldError(pointer="/labels", code="unknown_label", detail=detail)])


def batch_analyzers(registry: Registry, request: BatchRequest) -> list[Analyzer]:
    """Return the pipelines that the documents of a batch name by language; the default one if they name none.

    A document whose language is to be detected may be served by any.
    """
    languages = {given(d.language) for d in request.documents if isinstance(d, BatchDocument)}
    if any(map(is_auto, languages)):
        return list(registry)
    chosen = [registry.default if language is None else registry.get(language) for language in languages]
    return [analyzer for analyzer in chosen if analyzer] or [registry.default]


def check_options(registry: Registry, options: StreamOptions) -> None:
    """Raise `ValidationFailed` when these options would refuse every line of a stream."""
    language = given(options.language)
    if is_auto(language):
        if registry.detector is None:
            raise ValidationFailed([detection_is_off(registry)])
        language = None
    if language or not any(options.features <= analyzer.features for analyzer in registry):
        require_analyzer(registry, language, options.features)
    check_labels(given(options.labels), registry)
