"""Compare labelled spans with spaCy's: the same ones with the same scores, but for what the last digits decide.

The kernels add the same sums in another order than spaCy's matrix library. So a span may be there or not where its
score is next to the threshold, and where it competes with another one that has nearly the same score: another label of
the same span, or a span that it overlaps.
"""

from collections.abc import Mapping, Sequence
from itertools import chain, pairwise

from spanwise.pipelines.annotations import LabelledSpan
from spanwise.pipelines.entities.compiled.span_categorizers import SpanRules

TOLERANCE = 1e-4
"""By how much a score may differ from spaCy's; of scores that are no probabilities, by how large a part of it."""

_Place = tuple[int, int, str]
_Scores = Mapping[_Place, float]
"""The scores of spans, by start, end and label, in the order of the group."""


def same_spans(found: Sequence[LabelledSpan], expected: Sequence[LabelledSpan], rules: SpanRules) -> bool:
    """Return whether two lists of spans of one group, in their order, agree but for what the last digits decide."""
    mine, theirs = _scores(found), _scores(expected)
    if not _same_order(mine, theirs, rules) or any(
        not is_near(mine[one], theirs[one]) for one in mine if one in theirs
    ):
        return False
    only_mine = {place: score for place, score in mine.items() if place not in theirs}
    only_theirs = {place: score for place, score in theirs.items() if place not in mine}
    return all(_is_explained(*one, only_theirs, rules) for one in only_mine.items()) and all(
        _is_explained(*one, only_mine, rules) for one in only_theirs.items()
    )


def is_near(one: float, other: float) -> bool:
    """Return whether two scores are within the tolerance."""
    return abs(one - other) <= TOLERANCE * max(1.0, abs(one), abs(other))


def _scores(spans: Sequence[LabelledSpan]) -> _Scores:
    return {(span.start, span.end, span.label): span.score or 0.0 for span in spans}


def _same_order(mine: _Scores, theirs: _Scores, rules: SpanRules) -> bool:
    """Return whether two groups are in the same order; spans that do not overlap come by score, the highest first."""
    if rules.most_labels == 1 and not rules.may_overlap:
        pairs = chain(pairwise(mine.values()), pairwise(theirs.values()))
        return all(one >= other or is_near(one, other) for one, other in pairs)
    return [place for place in mine if place in theirs] == [place for place in theirs if place in mine]


def _is_explained(place: _Place, score: float, others: _Scores, rules: SpanRules) -> bool:
    """Return whether a span that only one list has is next to the threshold, or gave way in the other list.

    It gives way to a span that only the other list has, that overlaps it, and that scores as high or nearly so. Of two
    such spans the one with the higher score is explained only by nearly the same score: so a chain of them needs a tie.
    """
    if rules.threshold is not None and is_near(score, rules.threshold):
        return True
    start, end, _ = place
    return rules.most_labels is not None and any(
        left < end and start < right and (other >= score or is_near(other, score))
        for (left, right, _), other in others.items()
    )
