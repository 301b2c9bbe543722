"""The pipelines that a process has loaded, by name and by language."""

import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from spanwise.pipelines.analyzer import Analyzer
from spanwise.pipelines.annotations import DetectedLanguage
from spanwise.pipelines.entities.extensions import registered
from spanwise.pipelines.entities.word_tables import WORD_TABLE_MB
from spanwise.pipelines.extension_specs import Extensions
from spanwise.pipelines.language import DETECTOR, LanguageDetector, detect_among
from spanwise.pipelines.language_tags import from_whole_to_first_part, normal_tag
from spanwise.pipelines.load_errors import PipelineSpecError, first_line
from spanwise.pipelines.pipeline_entries import parse_specs
from spanwise.pipelines.specs import PipelineSpec


@dataclass(frozen=True, slots=True)
class LoadWarning:
    """What spaCy had to say about a pipeline that it loaded, such as that another version of spaCy wrote it."""

    pipeline: str
    """Its name."""
    message: str
    """One line, which begins with spaCy's number of the warning: `[W095] …`."""


class Registry:
    """Loaded pipelines; the first one is the default, and the first one of a language serves that language."""

    def __init__(
        self, analyzers: Iterable[Analyzer] | Mapping[str, Analyzer], load_warnings: Iterable[LoadWarning] = ()
    ) -> None:
        """Hold these pipelines, in this order; a mapping gives each the language of its key.

        Raises `PipelineSpecError` if two have the same name.
        """
        if isinstance(analyzers, Mapping):
            analyzers = [
                analyzer if analyzer.language == language else replace(analyzer, language=language)
                for language, analyzer in analyzers.items()
            ]
        self.analyzers = tuple(analyzers)
        self.load_warnings = tuple(load_warnings)
        """What spaCy had to say about the pipelines, for the log."""
        self._by_name = {analyzer.name: analyzer for analyzer in self.analyzers}
        if len(self._by_name) < len(self.analyzers):
            raise PipelineSpecError("Two pipelines have the same name.")
        self._by_language: dict[str, Analyzer] = {}
        for analyzer in self.analyzers:
            self._by_language.setdefault(normal_tag(analyzer.language), analyzer)
        self.languages = tuple(dict.fromkeys(analyzer.language for analyzer in self.analyzers))
        """The languages that are served, each once, in the order of the pipelines."""

    @classmethod
    def load(
        cls,
        specs: str | Sequence[PipelineSpec],
        calibrations: Sequence[Path] = (),
        *,
        extensions: Extensions | None = None,
        detector: LanguageDetector | None = DETECTOR,
        preload: bool = False,
        word_table_mb: int = WORD_TABLE_MB,
    ) -> "Registry":
        """Load each pipeline, warmed up and self-tested; `specs` may be the setting itself. Raises `PipelineError`.

        What spaCy warns of meanwhile is kept in `load_warnings`, under the name of its pipeline. `extensions` are the
        custom attributes to serve; `calibrations`, `preload` and `word_table_mb` are explained by `Analyzer.load`.
        `detector`: None switches the detection of languages off.
        """
        if isinstance(specs, str):
            specs = parse_specs(specs)
        analyzers, told = [], []
        for spec in specs:
            with warnings.catch_warnings(record=True) as caught:
                warnings.filterwarnings("always", r"\[W\d+\]", UserWarning)
                analyzer = Analyzer.of_spec(
                    spec,
                    extensions=extensions,
                    calibrations=calibrations,
                    detector=detector,
                    preload=preload,
                    word_table_mb=word_table_mb,
                )
            analyzers.append(analyzer)
            lines = dict.fromkeys(first_line(warning.message) for warning in caught if _is_spacys(warning))
            told += [LoadWarning(spec.name, line) for line in lines]
            for warning in caught:
                if not _is_spacys(warning):
                    warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
        if extensions and (unknown := sorted(set(extensions.declared).difference(registered()))):
            raise PipelineSpecError(f"No loaded component registers the custom attribute {', '.join(unknown)}.")
        return cls(analyzers, told)

    @property
    def default(self) -> Analyzer:
        """The pipeline that serves texts which name neither a pipeline nor a language."""
        return self.analyzers[0]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the pipelines, in their order."""
        return tuple(self._by_name)

    def get(self, language: str) -> Analyzer | None:
        """Return the first pipeline of that language, if there is one.

        Neither case nor `_` instead of `-` matters. Where no pipeline has the very tag, the tag's last parts are left
        out one by one: `en-US` is served by a pipeline of `en`, while `en` is not served by one of `en-US`.
        """
        if (found := self._by_language.get(language)) is not None:
            return found
        return next(filter(None, map(self._by_language.get, from_whole_to_first_part(language))), None)

    def named(self, name: str) -> Analyzer | None:
        """Return the pipeline of that name, if there is one. Names are compared as they are, case included."""
        return self._by_name.get(name)

    @property
    def detector(self) -> LanguageDetector | None:
        """What detects the languages of texts; None where that is switched off."""
        return self.default.detector

    def detect(self, text: str) -> DetectedLanguage:
        """Return the language of a text as `get` takes it; `und` where that is not sure or no pipeline serves it.

        Raises `ValueError` where detection is switched off.
        """
        if self.detector is None:
            raise ValueError("the registry was loaded without a detector of languages")
        return detect_among(self.detector, text, self.languages)

    def __iter__(self) -> Iterator[Analyzer]:
        return iter(self.analyzers)


def _is_spacys(warning: warnings.WarningMessage) -> bool:
    return warning.category is UserWarning and str(warning.message).startswith("[W")
