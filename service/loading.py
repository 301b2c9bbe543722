"""Load the pipelines of a service, measure what they cost, and say in the log what was loaded."""

from collections.abc import Mapping
from dataclasses import dataclass

import structlog

from spanwise.pipelines import Analyzer, PipelineError, Registry
from spanwise.pipelines.component_imports import import_components
from spanwise.pipelines.extension_specs import Extensions
from spanwise.service.queue import cost_seed
from spanwise.service.queue.cost_model import PipelineCosts
from spanwise.service.settings import Settings

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Loaded:
    """Pipelines that are ready to serve."""

    registry: Registry
    costs: Mapping[str, PipelineCosts]
    """What each pipeline costs, by its name."""


def load(settings: Settings) -> Loaded:
    """Load, warm up and self-test all pipelines, then measure what they cost. Raises `PipelineError`."""
    registry = load_registry(settings)
    return Loaded(registry, {analyzer.name: cost_seed.measure(analyzer) for analyzer in registry})


def load_registry(settings: Settings) -> Registry:
    """Import the operator's own components, then load all pipelines. Raises `PipelineError`."""
    import_components(settings.components)
    extensions = Extensions.parse(settings.extensions)
    return Registry.load(
        settings.pipeline_specs,
        settings.calibration_files,
        extensions=extensions,
        detector=settings.detector,
        preload=settings.preload,
        word_table_mb=settings.word_table_mb,
    )


def log_failure(error: Exception) -> None:
    """Log why the pipelines could not be loaded."""
    if isinstance(error, PipelineError):
        log.error("start_failed", reason=str(error))  # safe to log: no caller has sent a text yet
    else:
        log.error("start_failed", exc_info=error)


def log_pipelines(settings: Settings, registry: Registry) -> None:
    """Log each pipeline, what spaCy had to say about it, and each file of calibrations that no pipeline uses."""
    for analyzer in registry:
        _log_ready(analyzer)
    for warning in registry.load_warnings:
        log.warning("pipeline_warning", pipeline=warning.pipeline, warning=warning.message)
    used = {analyzer.calibrations.file for analyzer in registry if analyzer.calibrations}
    for file in settings.calibration_files:
        if file not in used:
            log.warning("calibration_ignored", file=str(file), reason="no pipeline has the weights it was fitted on")


def _log_ready(analyzer: Analyzer) -> None:
    """Log a pipeline. Where spaCy's own engine serves it, say why: as a warning, or as an error if that is a defect."""
    fields: dict[str, object] = {
        "pipeline": analyzer.title,
        "language": analyzer.language,
        "engine": analyzer.engine_name,
        "features": sorted(analyzer.features),
        "weights": analyzer.weights,
    }
    if not_served := analyzer.contents.not_served:
        fields["not_served"] = [one["what"] for one in not_served]
    if analyzer.calibrated:
        fields["calibrated_texts"] = analyzer.calibrated["texts"]
        fields["calibration_error"] = analyzer.calibrated["error"]
    if analyzer.sentiment_model:
        fields["sentiment"] = analyzer.sentiment_model.name
    if analyzer.sentiment_model and analyzer.sentiment_model.name == "reference":
        log.warning("sentiment_without_kernels", pipeline=analyzer.title)
    if (fallback := analyzer.fallback) is None:
        log.info("pipeline_ready", **fields)
    else:
        log_fallback = log.error if fallback.is_defect else log.warning
        log_fallback("pipeline_ready", **fields, fallback=fallback.reason)
    if file := analyzer.ignored_calibration:
        reason = "it was fitted on other weights" if analyzer.calibrations else "spaCy's engine has no probabilities"
        log.warning("calibration_ignored", pipeline=analyzer.title, file=str(file), reason=reason)
