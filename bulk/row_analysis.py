"""Analyse the texts of many rows: choose each row's pipeline, batch by characters, keep the errors of rows apart.

A row comes to its pipeline as a document of `/v1/batch` does, and its errors have the same codes. A batch that raises
is halved until the rows that make it raise are alone.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, Final, NamedTuple

from spanwise.bulk.row_errors import EMPTY, MISSING, NO_LANGUAGE, WRONG_TYPE, RowError, UnreadableRow
from spanwise.bulk.row_options import RowOptions
from spanwise.pipelines import Analyzer, DetectedLanguage, Document, Registry
from spanwise.pipelines.language import UNDETERMINED, is_auto, why_undetermined
from spanwise.pipelines.language_tags import contradict
from spanwise.pipelines.library_arguments import check_options, label_set
from spanwise.schemas import AnalyzeResponse, Feature

BATCH_CHARACTERS: Final = 16_000
"""Characters of one call of the kernels; more makes it no faster."""
ROW_CHARACTERS: Final = 100
"""What a row costs a batch beyond its characters, so that a batch of very short texts stays small."""


Outcome = AnalyzeResponse | RowError


class _Choice(NamedTuple):
    """What a row's language and pipeline come to."""

    analyzer: Analyzer
    features: frozenset[Feature]
    assumed: bool


class RowAnalysis:
    """Analyses rows with the same options by the same pipelines. Any number of threads may use it."""

    def __init__(self, options: RowOptions, registry: Registry) -> None:
        """Check the options against the pipelines. Raises `ValueError` for what every row would be refused for."""
        self.options, self.registry = options, registry
        self._check()
        self._choices: dict[str | None, _Choice | RowError] = {}

    def outcomes(self, texts: Sequence[Any], languages: Sequence[Any] | None = None) -> list[Outcome]:
        """Return the analysis or the error of each row, in their order.

        A text may be anything: None is a row without one, an `UnreadableRow` brings its error.
        """
        found: list[Outcome | None] = [None] * len(texts)
        documents: dict[str, list[tuple[int, Document]]] = {}
        analyzers: dict[str, Analyzer] = {}
        for row, text in enumerate(texts):
            prepared = self._prepare(text, None if languages is None else languages[row])
            if isinstance(prepared, RowError):
                found[row] = prepared
            else:
                analyzer, document = prepared
                analyzers[analyzer.name] = analyzer
                documents.setdefault(analyzer.name, []).append((row, document))
        work = [(analyzers[name], batch) for name, rows in documents.items() for batch in _batches(rows)]
        for row, outcome in chain.from_iterable(map(_analyze, work)):
            found[row] = outcome
        return [outcome for outcome in found if outcome is not None]

    def _prepare(self, text: Any, language: Any) -> tuple[Analyzer, Document] | RowError:
        options = self.options
        if error := self._refused(text, language):
            return error
        detected: DetectedLanguage | None = None
        language = options.language if language is None else language
        if is_auto(language):
            found = self._detect(text)
            if isinstance(found, RowError):
                return found
            detected, language = found, found.language
        if (choice := self._choices.get(language)) is None:
            choice = self._choices[language] = self._choose(language)
        if isinstance(choice, RowError):
            return choice
        return choice.analyzer, Document(
            text,
            choice.features,
            options.offset_encoding,
            options.labels,
            options.min_confidence,
            options.min_score,
            options.top,
            options.raw_scores,
            detected,
            choice.assumed,
        )

    def _refused(self, text: Any, language: Any) -> RowError | None:
        """Return what is wrong with a row, whatever pipelines there are."""
        if not isinstance(text, str):
            return MISSING if text is None else text.error if isinstance(text, UnreadableRow) else WRONG_TYPE
        if not text:
            return EMPTY
        if len(text) > (limit := self.options.max_text_characters):
            detail = f"The text has {len(text)} characters (code points); the limit is {limit}."
            return RowError("text_too_long", detail)
        return None if language is None or isinstance(language, str) else NO_LANGUAGE

    def _detect(self, text: str) -> DetectedLanguage | RowError:
        if self.registry.detector is None:
            return RowError("unsupported_language", "The detection of languages is switched off.")
        detected = self.registry.detect(text)
        if detected.language == UNDETERMINED:
            return RowError("unsupported_language", why_undetermined(detected, self.registry.languages))
        return detected

    def _choose(self, language: str | None) -> _Choice | RowError:
        """Return the pipeline of rows of this language with the features that they get of it, or what is wrong."""
        options, registry = self.options, self.registry
        if options.pipeline is not None:
            analyzer = registry.named(options.pipeline)
            if analyzer is not None and language is not None and contradict(language, analyzer.language):
                serves = f"The pipeline {analyzer.title} serves {analyzer.language}, and not the language of the row."
                return RowError("conflicting_language", serves)
        else:
            analyzer = registry.default if language is None else registry.get(language)
        if analyzer is None:
            there_are = ", ".join(registry.languages)
            return RowError("unsupported_language", f"No pipeline serves this language. There are: {there_are}.")
        if error := self._unsupported(analyzer):
            return error
        features = analyzer.default_features if options.features is None else options.features
        return _Choice(analyzer, features, assumed=language is None and options.pipeline is None)

    def _unsupported(self, analyzer: Analyzer) -> RowError | None:
        """Return what is wrong where a pipeline lacks a feature, or what an option applies to."""
        features = analyzer.default_features if self.options.features is None else self.options.features
        offers = f"It offers: {', '.join(sorted(analyzer.features))}."
        if not features:
            reason = f"The pipeline {analyzer.title} offers neither entities nor sentiment: name features. {offers}"
            return RowError("unsupported_feature", reason)
        if lacking := features - analyzer.features:
            names = ", ".join(sorted(lacking))
            return RowError("unsupported_feature", f"The pipeline {analyzer.title} does not offer {names}. {offers}")
        options = self.options
        sample = Document(
            "",
            features,
            min_confidence=options.min_confidence,
            min_score=options.min_score,
            top=options.top,
            raw_scores=options.raw_scores,
        )
        try:
            check_options(sample, analyzer)
        except ValueError as error:
            return RowError("unsupported_option", str(error))
        return None

    def _check(self) -> None:
        options, registry = self.options, self.registry
        if options.pipeline is not None and registry.named(options.pipeline) is None:
            raise ValueError(f"There is no pipeline {options.pipeline!r}. There are: {', '.join(registry.names)}.")
        if is_auto(options.language) and registry.detector is None:
            raise ValueError("The detection of languages is switched off.")
        candidates = list(registry)
        if options.pipeline is not None:
            candidates = [one for one in registry if one.name == options.pipeline]
        elif options.language_column is None and not is_auto(options.language):
            chosen = self._choose(options.language)
            if isinstance(chosen, RowError):
                raise ValueError(chosen.detail)
            candidates = [chosen.analyzer]
        reasons = [self._unsupported(analyzer) for analyzer in candidates]
        if all(reasons) and reasons[0]:
            raise ValueError(reasons[0].detail)
        known = frozenset[str]().union(*(analyzer.labels for analyzer in candidates))
        if len(candidates) == 1:
            label_set(options.labels, candidates[0])
        elif options.labels and (unknown := options.labels - known):
            raise ValueError(
                f"No entities are labelled {', '.join(sorted(unknown))}: there are {', '.join(sorted(known))}."
            )


_Rows = Sequence[tuple[int, Document]]


def _batches(rows: _Rows) -> Iterator[_Rows]:
    """Group rows as they come, up to a number of characters."""
    batch: list[tuple[int, Document]] = []
    characters = 0
    for row in rows:
        batch.append(row)
        characters += len(row[1].text) + ROW_CHARACTERS
        if characters >= BATCH_CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


def _analyze(work: tuple[Analyzer, _Rows]) -> Iterable[tuple[int, Outcome]]:
    """Analyse rows of one pipeline. Those that fail together are halved, so that a bad one fails alone."""
    analyzer, rows = work
    try:
        answers = analyzer.analyze_documents([document for _, document in rows])
    except Exception as error:  # noqa: BLE001 - a pipeline may raise anything
        if len(rows) == 1:
            reason = f"The analysis failed ({type(error).__name__})."  # a message could hold a part of the text
            return [(rows[0][0], RowError("internal_error", reason))]
        half = len(rows) // 2
        return [*_analyze((analyzer, rows[:half])), *_analyze((analyzer, rows[half:]))]
    return zip((row for row, _ in rows), answers, strict=True)
