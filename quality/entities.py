"""The default pipeline's entities beside spaCy's own, on the corpora: equal in every span, and so in every score."""

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import spacy

from quality.corpora import read_corpus
from quality.judgements import PIPELINE, entities
from quality.scores import Scores, score
from spanwise.pipelines.analyzer import Analyzer
from spanwise.pipelines.annotations import EntitySpan

_CORPORA = ("conll2003.dev", "wikigold", "wnut17.dev", "gum.train", "btc")
_PROCESSES = 2
_LEFT_OUT = ["tok2vec", "tagger", "parser", "senter", "attribute_ruler", "lemmatizer"]
_NOTES = """\
PERSON counts as PER; GPE, LOC and FAC as LOC; person, place, organization, location as what they say; corporation and
group as ORG; everything else is left aside. gum annotates every mention, pronouns and common nouns too, and in wider
spans: its recall says little. P, R, F1 in percent."""


def spacy_entities(texts: Sequence[str]) -> list[list[EntitySpan]]:
    """What the installed spaCy finds, with the recognizer alone."""
    nlp = spacy.load(PIPELINE, exclude=_LEFT_OUT)
    docs = nlp.pipe(texts, batch_size=128, n_process=_PROCESSES)
    return [[EntitySpan(e.start_char, e.end_char, e.label_, None) for e in doc.ents] for doc in docs]


def entity_report(data: Path) -> tuple[str, bool]:
    """A table, and whether the pipeline finds the very entities that spaCy finds."""
    analyzer = Analyzer.load(PIPELINE)
    lines = [
        f"Entities of {PIPELINE} {analyzer.version}, engine {analyzer.engine_name}, beside spaCy {version('spacy')}",
        "",
        "| corpus | label | annotated | Spanwise: P | R | F1 | spaCy: P | R | F1 |",
        "| --- | --- |" + " ---: |" * 7,
    ]
    texts = differing = 0
    for name in _CORPORA:
        sentences = read_corpus(data, name)
        annotated = [sentence.entities for sentence in sentences]
        ours = entities(analyzer.engine, sentences)
        theirs = spacy_entities([sentence.text for sentence in sentences])
        texts += len(sentences)
        differing += sum(
            [s[:3] for s in one] != [s[:3] for s in other] for one, other in zip(ours, theirs, strict=True)
        )
        by_theirs = score(annotated, theirs)
        for label, scores in score(annotated, ours).items():
            figures = " | ".join((*_percent(scores), *_percent(by_theirs[label])))
            lines.append(f"| {name} | {label} | {scores.annotated:,} | {figures} |")
    lines += ["", f"{differing} of {texts:,} texts have other entities than spaCy's.", _NOTES]
    return "\n".join(lines), not differing


def _percent(scores: Scores) -> tuple[str, str, str]:
    return f"{100 * scores.precision:.2f}", f"{100 * scores.recall:.2f}", f"{100 * scores.f1:.2f}"
