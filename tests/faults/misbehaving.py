"""A pipeline with the misbehaving component, and the environment in which the service can load it."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.support.process import environment

_COMPONENT = Path(__file__).parent / "misbehaving_component.py"
_WRITE = """
import sys, spacy
nlp = spacy.blank("en")
nlp.add_pipe("misbehaves")
nlp.to_disk(sys.argv[1])
"""


@dataclass(frozen=True)
class MisbehavingPipeline:
    """A folder with the pipeline, its component, and the control files; see `misbehaving_component.py`."""

    folder: Path

    @classmethod
    def write(cls, folder: Path) -> "MisbehavingPipeline":
        """Write the pipeline into an empty folder, and the component as an installed package beside it."""
        installed, pipeline = folder / "installed", cls(folder)
        metadata = installed / "misbehaving-1.0.dist-info"
        metadata.mkdir(parents=True)
        (folder / "control").mkdir()
        (installed / _COMPONENT.name).write_text(_COMPONENT.read_text("utf-8"), "utf-8")
        (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: misbehaving\nVersion: 1.0\n")
        (metadata / "entry_points.txt").write_text(f"[spacy_factories]\nmisbehaves = {_COMPONENT.stem}:make\n")
        environment = pipeline.environment()
        subprocess.run([sys.executable, "-c", _WRITE, folder / "pipeline"], env=environment, check=True, timeout=60)
        return pipeline

    def environment(self, **settings: str) -> dict[str, str]:
        """Return an environment with these settings in which `spanwise serve` loads the pipeline."""
        found = environment(pipelines=f"en={self.folder / 'pipeline'}", **settings)
        return {**found, "PYTHONPATH": str(self.folder / "installed"), "FAULT_CONTROL": str(self.folder / "control")}

    def control(self, name: str, content: str = "") -> None:
        """Create a control file."""
        (self.folder / "control" / name).write_text(content)

    def forget(self, name: str) -> None:
        """Remove a control file."""
        (self.folder / "control" / name).unlink()
