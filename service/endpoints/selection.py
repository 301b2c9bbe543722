"""From a valid request to a pipeline: the checks that depend on what is loaded rather than on the schema."""

from collections.abc import Iterable

from spanwise.pipelines import Analyzer, Registry
from spanwise.schemas import BatchDocument, BatchRequest, Feature, FieldError, StreamOptions, given
from spanwise.service.errors import ValidationFailed


def choose_analyzer(registry: Registry, language: str | None, features: frozenset[Feature], pointer: str) -> Analyzer:
    """The pipeline for a language (None: the default) that has all of the features. Raises `ValidationFailed`.

    `pointer` is where the features were asked for.
    """
    analyzer = registry.default if language is None else registry.get(language)
    if analyzer is None:
        spoken = ", ".join(one.language for one in registry)
        raise _refusal("/language", "unsupported_language", f"No pipeline serves this language. There are: {spoken}.")
    lacking = sorted(features - analyzer.features)
    if lacking:
        raise _refusal(
            pointer,
            "unsupported_feature",
            f"The pipeline {analyzer.title} does not offer {', '.join(lacking)}.",
        )
    return analyzer


def check_labels(labels: frozenset[str] | None, analyzers: Iterable[Analyzer]) -> None:
    """Raises `ValidationFailed` when a label is one that none of these pipelines ever gives."""
    if labels is not None and not labels <= frozenset[str]().union(*(analyzer.labels for analyzer in analyzers)):
        raise _refusal("/labels", "unknown_label", "Not all of these are labels of the pipeline; see /v1/pipelines.")


def batch_analyzers(registry: Registry, request: BatchRequest) -> list[Analyzer]:
    """The pipelines that the languages of a batch's documents choose; the default where they choose none."""
    languages = {given(d.language) for d in request.documents if isinstance(d, BatchDocument)}
    chosen = [registry.default if language is None else registry.get(language) for language in languages]
    return [analyzer for analyzer in chosen if analyzer] or [registry.default]


def check_options(registry: Registry, options: StreamOptions) -> None:
    """Raises `ValidationFailed` when no line of a stream could be served with these options."""
    language = given(options.language)
    if language or not any(options.features <= analyzer.features for analyzer in registry):
        choose_analyzer(registry, language, options.features, "/features")
    check_labels(given(options.labels), registry)


def _refusal(pointer: str, code: str, detail: str) -> ValidationFailed:
    return ValidationFailed([FieldError(pointer=pointer, code=code, detail=detail)])
