"""From a valid request to a pipeline: the checks that depend on the loaded pipelines rather than on the schema.

A text is served by the pipeline that it names, else by the first one of the language that it names, else by the first
of all. What a batch or a stream names once holds for its documents that name nothing of the kind.
"""

from collections.abc import Iterable, Sequence

from spanwise.pipelines import Analyzer, Registry
from spanwise.pipelines.language import is_auto
from spanwise.pipelines.language_tags import contradict
from spanwise.schemas import (
    AnalyzeRequest,
    BatchDocument,
    BatchRequest,
    EntitiesRequest,
    FieldError,
    SentimentRequest,
    StreamOptions,
    given,
)
from spanwise.schemas.problems import near_and_all
from spanwise.service.documents.document_language import Choice, detection_is_off
from spanwise.service.documents.options import Options
from spanwise.service.errors import ValidationFailed

_MOST_LABELS_EXPLAINED = 10
"""Unknown labels of one request that get an error each."""


def choice_of(
    body: EntitiesRequest | SentimentRequest | AnalyzeRequest | BatchDocument | StreamOptions,
    default: BatchRequest | StreamOptions | None = None,
) -> Choice:
    """Return what a request or document names, or what its batch or stream names for it.

    A document that names a pipeline needs no language: the language that its stream names is then not meant for it.
    """
    pipeline, language = given(body.pipeline), given(body.language)
    if default is not None and pipeline is None:
        pipeline = given(default.pipeline)
        if language is None and isinstance(default, StreamOptions):
            language = given(default.language)
    return pipeline, language


def choose_analyzer(registry: Registry, choice: Choice, options: Options) -> Analyzer | FieldError:
    """Return the pipeline that is chosen if it has what the options ask; else what is wrong."""
    analyzer = _named(registry, choice)
    if not isinstance(analyzer, Analyzer):
        return analyzer
    return options.unsupported(analyzer, registry) or analyzer


def _named(registry: Registry, choice: Choice) -> Analyzer | FieldError:
    """Return the pipeline that is chosen, whatever it offers."""
    pipeline, language = choice
    if pipeline is not None:
        analyzer = registry.named(pipeline)
        if analyzer is None:
            detail = f"No pipeline has this name. There are: {', '.join(registry.names)}."
            return FieldError(pointer="/pipeline", code="unknown_pipeline", detail=detail)
        if language is not None and not is_auto(language) and contradict(language, analyzer.language):
            detail = f"The pipeline {analyzer.title} serves {analyzer.language}, and not the language named beside it."
            return FieldError(pointer="/language", code="conflicting_language", detail=detail)
        return analyzer
    if language is None:
        return registry.default
    if (found := registry.get(language)) is None:
        detail = f"No pipeline serves this language. There are: {', '.join(registry.languages)}."
        return FieldError(pointer="/language", code="unsupported_language", detail=detail)
    return found


def require_analyzer(registry: Registry, choice: Choice, options: Options) -> Analyzer:
    """Choose the pipeline for a whole request. Raise `ValidationFailed` where none serves it."""
    chosen = choose_analyzer(registry, choice, options)
    if isinstance(chosen, Analyzer):
        return chosen
    raise ValidationFailed([chosen])


def check_labels(labels: Sequence[str] | None, analyzers: Iterable[Analyzer]) -> None:
    """Raise `ValidationFailed` with the place of each label that belongs to none of these pipelines."""
    if labels is None:
        return
    known = frozenset[str]().union(*(analyzer.labels for analyzer in analyzers))
    unknown = [place for place, label in enumerate(labels) if label not in known]
    if not unknown:
        return
    errors = [_unknown_label(place, labels[place], sorted(known)) for place in unknown[:_MOST_LABELS_EXPLAINED]]
    if more := len(unknown) - len(errors):
        detail = f"{more} more of the labels are unknown."
        errors.append(FieldError(pointer="/labels", code="unknown_label", detail=detail))
    raise ValidationFailed(errors)


def _unknown_label(place: int, label: str, known: Sequence[str]) -> FieldError:
    there_are = near_and_all(label, known) if known else "There are none."
    detail = f"There is no such label. {there_are}"
    return FieldError(pointer=f"/labels/{place}", code="unknown_label", detail=detail)


def check_batch(registry: Registry, request: BatchRequest) -> None:
    """Raise `ValidationFailed` when what a batch says once for all is wrong, whatever its documents say."""
    if (name := given(request.pipeline)) is not None:
        analyzer = _named(registry, (name, None))
        if not isinstance(analyzer, Analyzer):
            raise ValidationFailed([analyzer])
    if (labels := given(request.labels)) is not None:
        check_labels(labels, _batch_analyzers(registry, request))


def _batch_analyzers(registry: Registry, request: BatchRequest) -> list[Analyzer]:
    """Return the pipelines that the documents of a batch choose; the default one if none chooses a loaded one.

    A document whose language is to be detected may be served by any.
    """
    choices = {choice_of(document, request) for document in request.documents if isinstance(document, BatchDocument)}
    if any(pipeline is None and is_auto(language) for pipeline, language in choices):
        return list(registry)
    chosen = [_named(registry, choice) for choice in choices]
    return [analyzer for analyzer in chosen if isinstance(analyzer, Analyzer)] or [registry.default]


def check_options(registry: Registry, choice: Choice, options: Options) -> None:
    """Raise `ValidationFailed` when these options would refuse every line of a stream.

    Options that name a pipeline or a language are refused where that is wrong or lacks a feature, although a line may
    name another one.
    """
    if is_auto(choice[1]):
        if registry.detector is None:
            raise ValidationFailed([detection_is_off(registry)])
        choice = (choice[0], None)
    if choice != (None, None) or all(options.unsupported(analyzer, registry) for analyzer in registry):
        require_analyzer(registry, choice, options)
    check_labels(options.labels, registry)
