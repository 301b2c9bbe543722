"""Turn entities into targets: each with the sentence that it stands in."""

from collections.abc import Sequence

from spanwise.pipelines.offsets import Bounded
from spanwise.pipelines.sentiment.model import Span, Target


def targets_of(length: int, spans: Sequence[Bounded], sentences: Sequence[Span]) -> list[Target]:
    """Return a target for each span, in the order of the text, in time linear in both; `length` is the text's.

    A span across a boundary of sentences gets all sentences that it touches; a span that touches none gets the whole
    text.
    """
    targets, first = [], 0
    for span in spans:
        while first < len(sentences) and sentences[first][1] <= span.start:
            first += 1
        last = first
        while last + 1 < len(sentences) and sentences[last + 1][0] < span.end:
            last += 1
        if first < len(sentences) and sentences[first][0] < span.end:
            targets.append(Target(span.start, span.end, sentences[first][0], sentences[last][1]))
        else:
            targets.append(Target(span.start, span.end, 0, length))
    return targets
