"""spaCy's command line costs nothing until it is used, and then it is there."""

import subprocess
import sys

import pytest


def run(program: str) -> str:
    """What a Python of its own prints."""
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=120)
    return done.stdout.strip()


def test_a_pipeline_is_loaded_without_the_command_line() -> None:
    """Nor what only that needs."""
    loaded = "import pipelines.loading, spacy, sys; print([m in sys.modules for m in ('weasel', 'spacy.cli.train')])"
    assert run(loaded) == "[False, False]"


@pytest.mark.parametrize(
    "use",
    [
        "import spacy.cli; print(spacy.cli.download.__module__)",
        "from spacy.cli import download; print(download.__module__)",
        "from spacy.cli.download import download; print(download.__module__)",
    ],
)
def test_the_command_line_is_there_for_whoever_uses_it(use: str) -> None:
    """In every way it is imported."""
    assert run(f"import pipelines.loading\n{use}") == "spacy.cli.download"


def test_spacys_own_info_works() -> None:
    """It is why spaCy imports its command line."""
    assert (
        run("import pipelines.loading, spacy; print(spacy.info(silent=True)['spacy_version'] == spacy.__version__)")
        == "True"
    )


def test_whoever_has_imported_spacy_before_keeps_what_they_have() -> None:
    """Nothing is replaced under their hands."""
    assert run("import spacy, pipelines.loading; print(spacy.cli.download.__module__)") == "spacy.cli.download"
