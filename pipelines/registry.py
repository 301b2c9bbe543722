"""The pipelines that a process has loaded, by language."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from spanwise.pipelines.analyzer import Analyzer
from spanwise.pipelines.specs import PipelineSpec, parse_specs


@dataclass(frozen=True)
class Registry:
    """Loaded pipelines; the first one is the default."""

    analyzers: dict[str, Analyzer]

    @classmethod
    def load(cls, specs: str | Sequence[PipelineSpec], calibrations: Sequence[Path] = ()) -> "Registry":
        """Load each pipeline, warmed up and self-tested; `specs` may be the setting itself. Raises `PipelineError`.

        `calibrations`: see `Analyzer.load`.
        """
        if isinstance(specs, str):
            specs = parse_specs(specs)
        return cls(
            {spec.language: Analyzer.load(spec.source, spec.language, calibrations=calibrations) for spec in specs}
        )

    @property
    def default(self) -> Analyzer:
        """The pipeline that serves texts which name no language."""
        return next(iter(self.analyzers.values()))

    def get(self, language: str) -> Analyzer | None:
        """Return the pipeline of that language, if there is one."""
        return self.analyzers.get(language)

    def __iter__(self) -> Iterator[Analyzer]:
        return iter(self.analyzers.values())
