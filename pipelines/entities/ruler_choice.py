"""Decide which rulers of a pipeline the kernels compute, and make texts on which these are compared with spaCy's.

Rulers that write entities are compiled together with the recognizer, or left to spaCy with it. Those that
write groups of spans alone are left to spaCy by themselves.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from spanwise.pipelines.annotations import ENTITIES, SPANS, Layers
from spanwise.pipelines.entities.compiled.comparison import SAMPLE
from spanwise.pipelines.entities.compiled.read_phrases import ReadPhrases
from spanwise.pipelines.entities.compiled.rulers import Rulers, read_rulers
from spanwise.pipelines.entities.compiled.unsupported import Unsupported
from spanwise.pipelines.entities.component_plan import Component, Plan
from spanwise.pipelines.entities.spacy_pipeline import LoadedPipeline
from spanwise.pipelines.kernels import SpanKernels

_MOST_PHRASES, _MOST_PATTERNS = 200, 200
"""So many of a ruler are put into texts to compare."""

_IN_A_TEXT = 20


@dataclass(frozen=True, slots=True)
class RulerChoice:
    """The compiled rulers, if any, and why others are left to spaCy, by name."""

    rulers: Rulers | None = None
    reasons: dict[str, str] = field(default_factory=dict)
    texts: Sequence[str] = ()
    """Texts in which the compiled rulers find something, beside the built-in sample."""


def choose_rulers(loaded: LoadedPipeline) -> RulerChoice:
    """Compile the rulers of a pipeline. Raises `Unsupported` if one that writes entities is not understood.

    Those that are not compiled hold all of their phrases afterwards, and the others those that the texts contain.
    """
    plan, files = loaded.plan, loaded.ruler_files
    rulers = plan.rulers
    reasons = reading_more(plan)
    if not rulers or SpanKernels is None:
        return RulerChoice(reasons=reasons)
    apart = [one for one in rulers if "entities" not in one.writes]
    others = [one for one in plan.components if "spans" in one.writes and one not in rulers]
    for one in apart:
        if others:
            reasons[one.name] = f"{others[0].name} writes groups of spans too"
    chosen = [one for one in rulers if one.name not in reasons]
    try:
        found = _read(loaded, chosen)
    except Unsupported:
        together = [one for one in chosen if one not in apart]
        found = _read(loaded, together) if together else None
        reasons |= {one.name: _why_not(loaded, one) for one in apart if one.name not in reasons}
        chosen = together
    files.fill(set(files.read).difference(one.name for one in chosen))
    texts = [text for one in chosen for text in sample_of(loaded.nlp.get_pipe(one.name), files.read.get(one.name))]
    files.fill_for([*SAMPLE, *texts])
    return RulerChoice(found, reasons, texts)


def reading_more(plan: Plan) -> dict[str, str]:
    """Return the rulers of groups of spans that look at what other components set, which the kernels do not know."""
    return {
        one.name: "it reads more than the text"
        for one in plan.components
        if one.is_ruler and one.reads_all and "entities" not in one.writes
    }


def _read(loaded: LoadedPipeline, chosen: Sequence[Component]) -> Rulers | None:
    plan = loaded.plan
    if not chosen:
        return None
    layers: Layers = ENTITIES if any("entities" in one.writes for one in chosen) else frozenset()
    writers = [one for one in plan.components if "spans" in one.writes]
    if writers and all(one in chosen for one in writers):
        layers |= SPANS
    names = [one.name for one in chosen]
    return read_rulers(
        loaded.nlp,
        names,
        layers,
        has_recognizer=plan.recognizer is not None,
        before=plan.before_recognizer(names),
        read=loaded.ruler_files.read,
    )


def _why_not(loaded: LoadedPipeline, one: Component) -> str:
    try:
        read_rulers(loaded.nlp, [one.name], SPANS, has_recognizer=False, read=loaded.ruler_files.read)
    except Unsupported as reason:
        return str(reason).removeprefix(f"{one.name}: ")
    return "spaCy's own code runs another ruler, which writes groups of spans too"


def sample_of(ruler: Any, read: ReadPhrases | None = None) -> list[str]:
    """Return texts in which a ruler finds something: its phrases and patterns in sentences, and side by side.

    `read`: its phrases, where it does not hold all of them.
    """
    found: list[str] = []
    if read is not None:
        found += map(read.text, _some(range(len(read)), _MOST_PHRASES))
    else:
        vocab, phrases, _, _ = ruler.phrase_matcher.__reduce__()[1]
        for key in _some(list(phrases), _MOST_PHRASES):
            phrase = next(iter(phrases[key]), ())
            if phrase and all(number in vocab.strings for number in phrase):
                found.append(" ".join(vocab.strings[number] for number in phrase))
    patterns = [each for every in ruler.matcher.__reduce__()[1][1].values() for each in every]
    found += [" ".join(map(_word, pattern)) for pattern in _some(patterns, _MOST_PATTERNS)]
    texts = [" ".join(found[first : first + _IN_A_TEXT]) for first in range(0, len(found), _IN_A_TEXT)]
    return [*texts, *(f"{text} {phrase}, {phrase}." for text, phrase in zip(SAMPLE, found, strict=False))]


def _some(items: Sequence[Any], most: int) -> Sequence[Any]:
    return items[:: max(1, len(items) // most)][:most]


def _word(described: Any) -> str:
    """Return a word that may fit the description of a token."""
    for value in described.values() if isinstance(described, dict) else ():
        given = next(iter(value.values()), None) if isinstance(value, dict) else value
        if isinstance(given, list):
            given = next(iter(given), None)
        if isinstance(given, str) and given.isalnum():
            return given
    return "Acme"
