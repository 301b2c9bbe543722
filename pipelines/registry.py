"""The pipelines that a process has loaded, by language."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from spanwise.pipelines.analyzer import Analyzer
from spanwise.pipelines.annotations import DetectedLanguage
from spanwise.pipelines.language import DETECTOR, LanguageDetector, detect_among
from spanwise.pipelines.specs import PipelineSpec, parse_specs


@dataclass(frozen=True)
class Registry:
    """Loaded pipelines; the first one is the default."""

    analyzers: dict[str, Analyzer]

    @classmethod
    def load(cls, specs: str | Sequence[PipelineSpec], *, detector: LanguageDetector | None = DETECTOR) -> "Registry":
        """Load each pipeline, warmed up and self-tested; `specs` may be the setting itself. Raises `PipelineError`.

        `detector`: None switches the detection of languages off.
        """
        if isinstance(specs, str):
            specs = parse_specs(specs)
        return cls({spec.language: Analyzer.load(spec.source, spec.language, detector=detector) for spec in specs})

    @property
    def default(self) -> Analyzer:
        """The pipeline that serves texts which name no language."""
        return next(iter(self.analyzers.values()))

    def get(self, language: str) -> Analyzer | None:
        """Return the pipeline of that language, if there is one."""
        return self.analyzers.get(language)

    @property
    def languages(self) -> list[str]:
        """The languages that are served, that of the default pipeline first."""
        return list(dict.fromkeys(analyzer.language for analyzer in self))

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
        return iter(self.analyzers.values())
