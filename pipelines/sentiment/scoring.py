"""Add the layers that a sentiment model computes to annotations that have entities and sentences."""

from collections.abc import Sequence
from itertools import accumulate, chain

from spanwise.pipelines.annotations import Annotations, Layer, Layers, TextScores
from spanwise.pipelines.sentiment.lines import cut_sentences
from spanwise.pipelines.sentiment.model import SentimentModel, Span
from spanwise.pipelines.sentiment.targets import targets_of


def add_sentiment(
    model: SentimentModel, texts: Sequence[str], wanted: Sequence[Layers], annotations: Sequence[Annotations]
) -> None:
    """Fill in `sentiment` and `target_sentiment` where they are wanted, with one call of the model for each layer.

    Texts whose sentences are cut into statements take one more call for the sentences of several statements.
    """
    if scored := _wanting("sentiment", wanted):
        sentences = [annotations[i].sentences for i in scored]
        for i, scores in zip(scored, score_texts(model, [texts[i] for i in scored], sentences), strict=True):
            annotations[i].sentiment = scores
    if targeted := _wanting("target_sentiment", wanted):
        targets = [targets_of(len(texts[i]), annotations[i].entities, annotations[i].sentences) for i in targeted]
        found = model.score_targets([texts[i] for i in targeted], targets)
        for i, target_scores in zip(targeted, found, strict=True):
            annotations[i].target_sentiment = target_scores


def score_texts(model: SentimentModel, texts: Sequence[str], sentences: Sequence[Sequence[Span]]) -> list[TextScores]:
    """Score texts that were cut into sentences, whose lines, cells and clauses count as statements of their own.

    A pipeline's own classifier reads texts and sentences as they are.
    """
    if model.name == "textcat":
        return model.score(texts, sentences)
    cuts = [cut_sentences(text, spans) for text, spans in zip(texts, sentences, strict=True)]
    if not any(cuts):
        return model.score(texts, sentences)
    flat = [
        spans if cut is None else [part for parts in cut for part in parts]
        for spans, cut in zip(sentences, cuts, strict=True)
    ]
    scored = model.score(texts, flat)
    several = [(texts[t], parts) for t, cut in enumerate(cuts) for parts in cut or () if len(parts) > 1]
    together = iter(model.score(*_alone(several)))
    result = []
    for scores, cut in zip(scored, cuts, strict=True):
        if cut is None:
            result.append(scores)
            continue
        each = [(end - start, of_part) for (start, end), of_part in zip(chain(*cut), scores.sentences, strict=True)]
        firsts = accumulate((len(parts) for parts in cut), initial=0)
        of_sentences = [
            next(together).whole if len(parts) > 1 else each[first][1]
            for parts, first in zip(cut, firsts, strict=False)
        ]
        result.append(TextScores(scores.whole, of_sentences, each))
    return result


def _alone(sentences: Sequence[tuple[str, Sequence[Span]]]) -> tuple[list[str], list[list[Span]]]:
    """Return sentences of several statements as texts of their own, so that no text is read anew for each sentence."""
    bounds = [(parts[0][0], parts[-1][1]) for _, parts in sentences]
    texts = [text[first:last] for (text, _), (first, last) in zip(sentences, bounds, strict=True)]
    spans = [
        [(start - first, end - first) for start, end in parts]
        for (_, parts), (first, _) in zip(sentences, bounds, strict=True)
    ]
    return texts, spans


def _wanting(layer: Layer, wanted: Sequence[Layers]) -> list[int]:
    return [i for i, layers in enumerate(wanted) if layer in layers]
