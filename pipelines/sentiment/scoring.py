"""Add the layers that a sentiment model computes to annotations that have entities and sentences."""

from collections.abc import Sequence

from spanwise.pipelines.annotations import Annotations, Layer, Layers
from spanwise.pipelines.sentiment.model import SentimentModel
from spanwise.pipelines.sentiment.targets import targets_of


def add_sentiment(
    model: SentimentModel, texts: Sequence[str], wanted: Sequence[Layers], annotations: Sequence[Annotations]
) -> None:
    """Fill in `sentiment` and `target_sentiment` where they are wanted, with one call of the model for each layer."""
    if scored := _wanting("sentiment", wanted):
        sentences = [annotations[i].sentences for i in scored]
        for i, scores in zip(scored, model.score([texts[i] for i in scored], sentences), strict=True):
            annotations[i].sentiment = scores
    if targeted := _wanting("target_sentiment", wanted):
        targets = [targets_of(len(texts[i]), annotations[i].entities, annotations[i].sentences) for i in targeted]
        found = model.score_targets([texts[i] for i in targeted], targets)
        for i, target_scores in zip(targeted, found, strict=True):
            annotations[i].target_sentiment = target_scores


def _wanting(layer: Layer, wanted: Sequence[Layers]) -> list[int]:
    return [i for i, layers in enumerate(wanted) if layer in layers]
