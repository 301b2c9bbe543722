"""The report on entities: the default pipeline's beside spaCy's own, which should be equal in every span and score."""

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from benchmarks.ner_alone import PIPELINE, load_ner
from benchmarks.offline import BATCH_SIZE
from quality.corpora import read_corpus
from quality.judgements import entities
from quality.scores import Scores, score
from spanwise.pipelines.analyzer import Analyzer
from spanwise.pipelines.annotations import EntitySpan

_CORPORA = ("conll2003.dev", "wikigold", "wnut17.dev", "gum.train", "btc")
_PROCESSES = 2
_NOTES = """\
PERSON counts as PER; GPE, LOC, FAC, place and location as LOC; organization, corporation and group as ORG; other
entities are left out. gum annotates every mention, pronouns and common nouns too, and in wider spans, so that recall on
it means little. P, R, F1 in percent."""


def spacy_entities(texts: Sequence[str]) -> list[list[EntitySpan]]:
    """Return the entities that the installed spaCy finds with the recognizer alone."""
    docs = load_ner().pipe(texts, batch_size=BATCH_SIZE, n_process=_PROCESSES)
    return [[EntitySpan(e.start_char, e.end_char, e.label_, None) for e in doc.ents] for doc in docs]


def entity_report(data: Path) -> tuple[str, bool]:
    """Return a table, and whether the pipeline finds exactly the entities that spaCy finds."""
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
