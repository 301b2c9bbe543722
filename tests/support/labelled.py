"""French sentences with names, and annotators that agree with a pipeline as often as a test wants."""

import math
import random

from spanwise.pipelines import Analyzer
from spanwise.pipelines.calibration.labelled_texts import LabelledSpan, LabelledText

_FIRST = [
    "Emmanuel",
    "Marie",
    "Jean",
    "Angela",
    "Olaf",
    "Nadia",
    "Karim",
    "Chloé",
    "Luc",
    "Inès",
    "Théo",
    "Fatima",
    "Hugo",
    "Léa",
    "Paul",
    "Zoé",
]
_LAST = [
    "Macron",
    "Dupont",
    "Scholz",
    "Benali",
    "Lefèvre",
    "Moreau",
    "N'Diaye",
    "Petit",
    "Garnier",
    "Nguyen",
    "Rossi",
    "O'Connor",
    "Roux",
]
_PLACES = [
    "Paris",
    "Berlin",
    "Lyon",
    "Marseille",
    "Genève",
    "Montréal",
    "Dakar",
    "Bruxelles",
    "Nice",
    "Brest",
    "Rome",
    "Alger",
    "Tours",
]
_GROUPS = (
    "la Banque de France",
    "Renault",
    "l'Assemblée nationale",
    "Air France",
    "le Parti vert",
    "Total",
    "Acme SA",
    "l'ONU",
    "Orange",
)
_PATTERNS = (
    "{p} a rencontré {q} à {v}.",
    "{g} annonce un accord avec {h} près de {v}",
    "Selon {p}, {g} quitte {v} lundi.",
    "à {v}, {g} : « non », dit {q}",
    "{q} ({g}) gagne le Tour de {v} !",
    "Le maire de {v}, {p}, critique {h}.",
    "{v} - {w} 3-1 : {q} marque deux fois",
)


def french_sentences(count: int, seed: int) -> list[str]:
    """Make sentences of these names."""
    rng = random.Random(seed)

    def person() -> str:
        return f"{rng.choice(_FIRST)} {rng.choice(_LAST)}" if rng.random() < 0.7 else rng.choice(_LAST)

    return [
        rng.choice(_PATTERNS).format(
            p=person(),
            q=person(),
            g=rng.choice(_GROUPS),
            h=rng.choice(_GROUPS),
            v=rng.choice(_PLACES),
            w=rng.choice(_PLACES),
        )
        for _ in range(count)
    ]


def agreement(probability: float, label: str) -> float:
    """Return how often annotators agree with an entity: the log-odds are 0.4 of the model's, less a label's share."""
    less = {"PER": 0.4, "LOC": 0.6, "ORG": 1.2}.get(label, 0.9)
    return 1 / (1 + math.exp(less) * math.pow(max(1 - probability, 1e-9) / probability, 0.4))


def labelled_by_chance(analyzer: Analyzer, texts: list[str], seed: int) -> list[LabelledText]:
    """Return the texts as annotators leave them who keep each entity of the pipeline, or give it another label."""
    rng = random.Random(seed)
    names = sorted(analyzer.labels)
    labelled = []
    for number, (text, spans) in enumerate(zip(texts, analyzer.entities(texts), strict=True), 1):
        kept = [
            span.label
            if rng.random() < agreement(span.raw_score or 0, span.label)
            else names[names.index(span.label) - 1]
            for span in spans
        ]
        entities = tuple(LabelledSpan(span.start, span.end, label) for span, label in zip(spans, kept, strict=True))
        labelled.append(LabelledText(f"line {number}", text, entities))
    return labelled
