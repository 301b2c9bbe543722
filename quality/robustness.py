"""The report on robustness: sentences that a sentiment model must get right for the right reason, by category.

The method is CheckList (Ribeiro et al. 2020). A category's pass rate is the share of its cases that pass. The cases of
categories called unseen (`unseen_texts.tsv`, `unseen_targets.tsv`) were written by someone who saw neither the other
cases nor the training data.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from quality import robustness_cases as cases
from spanwise.pipelines.annotations import Scores
from spanwise.pipelines.sentiment import SentimentModel, Target
from training.corpora import LABELS, NEGATIVE, POSITIVE

NAME_TOLERANCE = 0.1  # the largest change of a probability that passes when a name is swapped
_SLACK = 0.02  # how much less probable the label of the stronger of two texts may be


class Case(NamedTuple):
    """A text, and a function that tells whether a model gets it right."""

    text: str
    passes: Callable[[SentimentModel], bool]


def categories() -> dict[str, list[Case]]:
    """Return the cases of every category."""
    return {
        "negation": _labelled(cases.NEGATION),
        "contrast": list(_contrasts()),
        "intensifiers": _stronger(cases.INTENSIFIERS),
        "emoji": _labelled(cases.EMOJI),
        "emoticons": _labelled(cases.EMOTICONS),
        "capitals": _stronger(cases.CAPITALS),
        "elongation": _stronger(cases.ELONGATION),
        "questions": _labelled(cases.QUESTIONS),
        "plain facts": _labelled(cases.FACTS),
        "names that sound good or bad": list(_names()),
        "targets swapped": list(_swapped()),
        **_unseen(),
    }


def robustness_report(model: SentimentModel) -> tuple[str, dict[str, float]]:
    """Return a table that names some failed cases, and the pass rate of every category."""
    lines = ["| robustness | cases | passed | for instance, failed |", "| --- | ---: | ---: | --- |"]
    rates = {}
    for name, tried in categories().items():
        failed = [case.text for case in tried if not case.passes(model)]
        rates[name] = 1 - len(failed) / len(tried)
        shown = "; ".join(text.replace("|", "/") for text in failed[:3])
        lines.append(f"| {name} | {len(tried)} | {100 * rates[name]:.0f} % | {shown} |")
    return "\n".join(lines), rates


def whole(model: SentimentModel, text: str) -> Scores:
    """Score one text, taken as one sentence."""
    (scores,) = model.score([text], [[(0, len(text))]])
    return scores.whole


def toward(model: SentimentModel, text: str, target: str) -> Scores:
    """Score a text towards the first occurrence of a target in it."""
    start = text.index(target)
    return _toward(model, text, start, start + len(target))


def _toward(model: SentimentModel, text: str, start: int, end: int) -> Scores:
    (scores,) = model.score_targets([text], [[Target(start, end, 0, len(text))]])
    return scores[0]


def most(scores: Scores) -> int:
    """Return the most probable class."""
    return scores.index(max(scores))


def _unseen() -> dict[str, list[Case]]:
    found: dict[str, list[Case]] = {}
    for category, label, text in _rows("unseen_texts.tsv"):
        found.setdefault(f"unseen: {category}", []).append(_is(LABELS.index(label), text))
    for category, label, start, end, text in _rows("unseen_targets.tsv"):
        case = _towards(text, int(start), int(end), LABELS.index(label))
        found.setdefault(f"unseen: {category}", []).append(case)
    return found


def _rows(name: str) -> Iterator[list[str]]:
    for line in (Path(__file__).parent / name).read_text("utf-8").splitlines():
        yield line.split("\t")


def _parts(lines: str) -> list[str]:
    return [part.strip() for part in lines.replace("\n", "|").split("|") if part.strip()]


def _labelled(lines: str) -> list[Case]:
    parts = _parts(lines)
    return [_is(LABELS.index(label), text) for label, text in zip(parts[::2], parts[1::2], strict=True)]


def _is(label: int, text: str) -> Case:
    return Case(text, lambda model: most(whole(model, text)) == label)


def _stronger(lines: str) -> list[Case]:
    parts = _parts(lines)
    groups = zip(parts[::3], parts[1::3], parts[2::3], strict=True)
    return [_no_weaker(LABELS.index(label), weak, strong) for label, weak, strong in groups]


def _no_weaker(label: int, weak: str, strong: str) -> Case:
    def passes(model: SentimentModel) -> bool:
        one, other = whole(model, weak), whole(model, strong)
        return most(other) == label and other[label] >= one[label] - _SLACK

    return Case(strong, passes)


def _contrasts() -> Iterator[Case]:
    for line in _parts(cases.CONTRAST):
        text, targets = "", []
        for part in line.replace("]", "[").split("["):
            if part and part[-1] in "+-":
                targets.append((part[:-1], POSITIVE if part[-1] == "+" else NEGATIVE))
            else:
                text += part
        text = text.strip()
        for target, label in targets:
            start = text.index(target)
            yield _towards(text, start, start + len(target), label)


def _towards(text: str, start: int, end: int, label: int) -> Case:
    return Case(f"{text} ({text[start:end]})", lambda model: most(_toward(model, text, start, end)) == label)


def _swapped() -> Iterator[Case]:
    for frame in _parts(cases.SWAPPED):
        for one, other in cases.PAIRS:
            for first, second in ((one, other), (other, one)):
                text = frame.format(first, second)
                yield _opposite(text, first, second)


def _opposite(text: str, good: str, bad: str) -> Case:
    return Case(text, lambda m: most(toward(m, text, good)) == POSITIVE and most(toward(m, text, bad)) == NEGATIVE)


def _names() -> Iterator[Case]:
    for frame in _parts(cases.FRAMES):
        for plain, loaded in cases.NAMES.values():
            for name in loaded:
                yield _unmoved(frame, plain, name)


def _unmoved(frame: str, plain: Sequence[str], name: str) -> Case:
    def passes(model: SentimentModel) -> bool:
        found = whole(model, frame.format(name))
        others = [whole(model, frame.format(each)) for each in plain]
        return all(abs(a - b) <= NAME_TOLERANCE for other in others for a, b in zip(found, other, strict=True))

    return Case(frame.format(name), passes)
