"""The pipelines that a process has loaded, by language."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from spanwise.pipelines.analyzer import Analyzer
from spanwise.pipelines.entities.extensions import registered
from spanwise.pipelines.extension_specs import Extensions
from spanwise.pipelines.load_errors import PipelineSpecError
from spanwise.pipelines.specs import PipelineSpec, parse_specs


@dataclass(frozen=True)
class Registry:
    """Loaded pipelines; the first one is the default."""

    analyzers: dict[str, Analyzer]

    @classmethod
    def load(
        cls, specs: str | Sequence[PipelineSpec], *, extensions: Extensions | None = None, preload: bool = False
    ) -> "Registry":
        """Load each pipeline, warmed up and self-tested; `specs` may be the setting itself. Raises `PipelineError`.

        `extensions` are the custom attributes to serve; `preload` is explained by `Analyzer.load`.
        """
        if isinstance(specs, str):
            specs = parse_specs(specs)
        registry = cls(
            {
                spec.language: Analyzer.load(spec.source, spec.language, extensions=extensions, preload=preload)
                for spec in specs
            }
        )
        if extensions and (unknown := sorted(set(extensions.declared).difference(registered()))):
            raise PipelineSpecError(f"No loaded component registers the custom attribute {', '.join(unknown)}.")
        return registry

    @property
    def default(self) -> Analyzer:
        """The pipeline that serves texts which name no language."""
        return next(iter(self.analyzers.values()))

    def get(self, language: str) -> Analyzer | None:
        """Return the pipeline of that language, if there is one."""
        return self.analyzers.get(language)

    def __iter__(self) -> Iterator[Analyzer]:
        return iter(self.analyzers.values())
