"""The page of a report: one HTML file from what was counted, without scripts and without a network."""

from collections import Counter
from datetime import datetime
from importlib.metadata import version
from importlib.resources import files

from jinja2 import Environment

from spanwise.bulk.report import plots
from spanwise.bulk.report.day_column import Periods, periods_of
from spanwise.bulk.report.frequent_entities import SENTIMENT_LABELS, EntityCount
from spanwise.bulk.report.page_parts import (
    Column,
    ExampleGroup,
    Fact,
    Plot,
    Section,
    ShownExample,
    Table,
    count_table,
    number,
    sentiment_table,
    share,
)
from spanwise.bulk.report.run_summary import RunSummary
from spanwise.bulk.report.tally import Tally
from spanwise.bulk.report.text_examples import TextExamples
from spanwise.pipelines.features.feature_table import FEATURES

_MOST_LABELS = 25
_MOST_ENTITIES = 25
_MOST_TARGETS = 15
_AMOUNTS = frozenset({"CARDINAL", "DATE", "MONEY", "ORDINAL", "PERCENT", "QUANTITY", "TIME"})
"""Labels of numbers, dates and amounts, as OntoNotes has them: the most frequent of these say nothing of a corpus."""
_TOWARDS = (
    "What the documents say about each of the most frequent entities, mention by mention. Where they say nothing good "
    "or bad, a mention is neutral. The further a bar reaches to the right of the line, the better is what is said."
)
_CLEAREST = (
    "The documents that show each sentiment most clearly, by the score of the model; of mixed ones, by the score of "
    "their weaker side."
)
_ORDER = {label: place for place, label in enumerate(SENTIMENT_LABELS)}


def page(  # noqa: PLR0917 (what the page says, in order)
    title: str,
    counted: Tally,
    run: RunSummary,
    written: datetime,
    day_column: str | None,
    examples: TextExamples | None,
) -> str:
    """Return the page of what was counted, as HTML."""
    sections = [
        section
        for section in (
            _sentiment(counted),
            _over_time(counted, day_column),
            _entities(counted),
            _targets(counted),
            _labels(counted.categories, "categories", "Categories", "documents", "category with the highest score"),
            _labels(counted.spans, "spans", "Spans", "spans", "label"),
            _languages(counted),
            _errors(counted),
            _examples(examples),
            _run(counted, run),
        )
        if section is not None
    ]
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    source = files("spanwise.bulk.report").joinpath("report.html.j2").read_text("utf-8")
    return environment.from_string(source).render(
        title=title,
        lead=_lead(counted, run),
        warning=run.warning(counted.rows),
        facts=_facts(counted, run),
        sections=sections,
        privacy=_privacy(counted, examples),
        written=f"{written:%Y-%m-%d %H:%M} UTC",
        version=version("spanwise"),
    )


def _lead(counted: Tally, run: RunSummary) -> str:
    features = [row.name for row in FEATURES if row.name in counted.sections - {"language"}]
    what = f": {', '.join(name.replace('_', ' ') for name in features)}" if features else ""
    when = f" Analysed on {run.finished}." if run.finished else ""
    return f"{number(counted.rows)} documents were analysed{what}.{when}"


def _facts(counted: Tally, run: RunSummary) -> list[Fact]:
    facts = [
        Fact("Documents", number(counted.rows)),
        Fact(
            "Failed", number(counted.failed), f"{share(counted.failed, counted.rows)} of all" if counted.failed else ""
        ),
    ]
    if counted.sentiments:
        label, times = max(counted.sentiments.items(), key=lambda item: (item[1], -_ORDER[item[0]]))
        facts.append(Fact("Sentiment", f"mostly {label}", f"{share(times, counted.sentiments.total())} of documents"))
    if "entities" in counted.sections:
        per_document = counted.entity_labels.total() / counted.analysed
        facts.append(Fact("Entities", number(counted.entity_labels.total()), f"{per_document:.1f} a document"))
    if run.texts_per_second:
        facts.append(Fact("Speed", f"{run.texts_per_second:,.0f}", "documents per second"))
    return facts


def _sentiment(counted: Tally) -> Section | None:
    if not counted.sentiments:
        return None
    counts = sorted(counted.sentiments.items(), key=lambda item: _ORDER[item[0]])
    whole = counted.sentiments.total()
    heading = "Documents by sentiment"
    return Section(
        "sentiment",
        "Sentiment",
        ["The sentiment of each document as a whole. A document whose sentences plainly disagree is mixed."],
        [Plot(plots.bars(heading, counts, "documents"), count_table(heading, "sentiment", "documents", counts, whole))],
    )


def _over_time(counted: Tally, day_column: str | None) -> Section | None:
    if day_column is None:
        return None
    told = (
        [f"{number(counted.undated)} documents have no date in the column {day_column} and are not shown."]
        if counted.undated
        else []
    )
    if not counted.days:
        return Section(
            "time",
            "Sentiment over time",
            [*told, f"No document has both a date in the column {day_column} and a sentiment."],
        )
    periods = periods_of(counted.days)
    if periods.left_out:
        told.append(f"{number(periods.left_out)} documents are dated outside of these years and are not shown.")
    return Section("time", "Sentiment over time", [_time_lead(periods, day_column), *told], [_time_plot(periods)])


def _time_lead(periods: Periods, day_column: str) -> str:
    begins = " (it begins on the Monday that is named)" if periods.unit == "week" else ""
    return (
        f"The shares of each {periods.unit}{begins} by the column {day_column}, and below them how many documents it "
        f"has: a share of few documents says little."
    )


def _time_plot(periods: Periods) -> Plot:
    heading = f"Sentiment by {periods.unit}"
    table = sentiment_table(
        f"Documents by {periods.unit} and sentiment", periods.unit, periods.counts, SENTIMENT_LABELS
    )
    return Plot(plots.over_time(heading, periods.counts, "documents"), table)


def _entities(counted: Tally) -> Section | None:
    if "entities" not in counted.sections:
        return None
    section = Section("entities", "Entities")
    if not counted.entity_labels:
        section.paragraphs.append("No entity was found.")
        return section
    whole = counted.entity_labels.total()
    section.paragraphs.append("Every mention counts, so that a document that names somebody twice counts twice.")
    labels = counted.entity_labels.most_common(_MOST_LABELS)
    heading = "Entities by label"
    section.plots.append(
        Plot(plots.bars(heading, labels, "mentions"), count_table(heading, "label", "mentions", labels, whole), heading)
    )
    if frequent := counted.entities.most_frequent(_MOST_ENTITIES, _AMOUNTS):
        section.plots.append(_frequent(frequent, whole))
        if _AMOUNTS & counted.entity_labels.keys():
            section.paragraphs.append("Numbers, dates and amounts are not among the most frequent entities below.")
    if counted.entities.dropped_below:
        section.paragraphs.append(
            f"There were more different entities than are counted one by one: the count of a single entity may be too "
            f"low by up to {number(counted.entities.dropped_below)}. Counts by label are exact."
        )
    return section


def _frequent(found: list[EntityCount], whole: int) -> Plot:
    heading = "Most frequent entities"
    table = Table(
        heading,
        (
            Column("entity"),
            Column("label"),
            Column("mentions", number=True),
            Column("share of all mentions", number=True),
        ),
        [(one.text, one.label, number(one.times), share(one.times, whole)) for one in found],
    )
    return Plot(plots.bars(heading, [(_named(one), one.times) for one in found], "mentions"), table, heading)


def _targets(counted: Tally) -> Section | None:
    if "entity_sentiment" not in counted.sections:
        return None
    found = [one for one in counted.entities.most_frequent(_MOST_TARGETS, _AMOUNTS) if one.sentiments]
    rows = [(_named(one), one.sentiments) for one in found]
    heading = "Sentiment towards the most frequent entities"
    return Section(
        "targets",
        "Sentiment towards entities",
        [_TOWARDS],
        [
            Plot(
                plots.shares(heading, rows),
                sentiment_table(f"{heading}, in mentions", "entity", rows, SENTIMENT_LABELS),
            )
        ]
        if rows
        else [],
    )


def _labels(counts: Counter[str], anchor: str, heading: str, unit: str, name: str) -> Section | None:
    if not counts:
        return None
    title = f"{heading} by label" if unit == "spans" else f"Documents by {name}"
    shown = counts.most_common(_MOST_LABELS)
    told = (
        [f"The {_MOST_LABELS} most frequent of {number(len(counts))} are shown."] if len(counts) > _MOST_LABELS else []
    )
    return Section(
        anchor,
        heading,
        told,
        [Plot(plots.bars(title, shown, unit), count_table(title, name, unit, shown, counts.total()))],
    )


def _languages(counted: Tally) -> Section | None:
    mismatched = counted.warnings["language_mismatch"]
    if len(counted.languages) < 2 and not mismatched:  # noqa: PLR2004
        return None
    told = (
        f"{number(mismatched)} documents ({share(mismatched, counted.analysed)}) are plainly in another language than "
        f"the one that was assumed: name a column of languages, or have them detected."
    )
    shown = counted.languages.most_common(_MOST_LABELS)
    table = count_table("Documents by language", "language", "documents", shown, counted.analysed)
    return Section("languages", "Languages", [told] if mismatched else [], tables=[table])


def _errors(counted: Tally) -> Section:
    if not counted.failed:
        return Section("errors", "Errors", ["Every document was analysed."])
    rows = [
        (code, detail, number(times), share(times, counted.rows))
        for (code, detail), times in sorted(counted.errors.items(), key=lambda item: (-item[1], item[0]))
    ]
    told = (
        f"{number(counted.failed)} of {number(counted.rows)} documents have no analysis. They count among all "
        f"documents and nowhere else."
    )
    columns = (
        Column("code"),
        Column("what is wrong"),
        Column("documents", number=True),
        Column("share of all", number=True),
    )
    return Section(
        "errors",
        "Errors",
        [told],
        tables=[Table("Documents without an analysis, by error; N stands for a number", columns, rows)],
    )


def _examples(examples: TextExamples | None) -> Section | None:
    if examples is None:
        return None
    groups = [
        ExampleGroup(label, [*map(ShownExample.of, examples.kept[label])])
        for label in SENTIMENT_LABELS
        if label in examples.kept
    ]
    return Section("examples", "Examples", [_CLEAREST], examples=groups)


def _run(counted: Tally, run: RunSummary) -> Section:
    columns = (
        Column("pipeline"),
        Column("engine"),
        Column("digest of its weights"),
        Column("documents", number=True),
    )
    rows = []
    for name, times in counted.pipelines.most_common():
        known = run.pipelines.get(name, {})
        rows.append((name, str(known.get("engine", "unknown")), str(known.get("weights", "unknown")), number(times)))
    facts = Table("What was done", (Column("fact"), Column("value")), run.facts())
    return Section("run", "How it was made", tables=[Table("Pipelines", columns, rows), facts])


def _privacy(counted: Tally, examples: TextExamples | None) -> str:
    if examples is not None:
        return "This page quotes documents."
    return (
        "This page quotes no document, but names its most frequent entities."
        if counted.entity_labels
        else "This page quotes no document."
    )


def _named(entity: EntityCount) -> str:
    return f"{entity.text} ({entity.label})"
