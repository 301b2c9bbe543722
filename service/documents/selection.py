"""From a valid request to a pipeline: the checks that depend on the loaded pipelines rather than on the schema."""

from collections.abc import Iterable

from spanwise.pipelines import Analyzer, Registry
from spanwise.schemas import BatchDocument, BatchRequest, FieldError, given
from spanwise.service.documents.options import Options
from spanwise.service.errors import ValidationFailed


def choose_analyzer(registry: Registry, language: str | None, options: Options) -> Analyzer | FieldError:
    """Return the pipeline for a language (None: the default one) if it has what the options ask; else what is wrong."""
    analyzer = registry.default if language is None else registry.get(language)
    if analyzer is None:
        languages = ", ".join(one.language for one in registry)
        detail = f"No pipeline serves this language. There are: {languages}."
        return FieldError(pointer="/language", code="unsupported_language", detail=detail)
    return options.unsupported(analyzer) or analyzer


def require_analyzer(registry: Registry, language: str | None, options: Options) -> Analyzer:
    """Choose the pipeline for a whole request. Raise `ValidationFailed` where none serves it."""
    chosen = choose_analyzer(registry, language, options)
    if isinstance(chosen, Analyzer):
        return chosen
    raise ValidationFailed([chosen])


def check_labels(labels: frozenset[str] | None, analyzers: Iterable[Analyzer]) -> None:
    """Raise `ValidationFailed` when one of the labels belongs to none of these pipelines."""
    if labels is not None and not labels <= frozenset[str]().union(*(analyzer.labels for analyzer in analyzers)):
        detail = "Not all of these are labels of the pipeline; see /v1/pipelines."
        raise ValidationFailed([FieldError(pointer="/labels", code="unknown_label", detail=detail)])


def batch_analyzers(registry: Registry, request: BatchRequest) -> list[Analyzer]:
    """Return the pipelines that the documents of a batch name by language; the default one if they name none."""
    languages = {given(d.language) for d in request.documents if isinstance(d, BatchDocument)}
    chosen = [registry.default if language is None else registry.get(language) for language in languages]
    return [analyzer for analyzer in chosen if analyzer] or [registry.default]


def check_options(registry: Registry, language: str | None, options: Options) -> None:
    """Raise `ValidationFailed` when these options would refuse every line of a stream."""
    if language or all(options.unsupported(analyzer) for analyzer in registry):
        require_analyzer(registry, language, options)
    check_labels(options.labels, registry)
