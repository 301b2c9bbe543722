"""spaCy without its command line, in processes of their own: what was imported once stays imported."""

import subprocess
import sys

import pytest

SKIP = "from spanwise.pipelines.spacy_import import skip_spacy_cli_import; skip_spacy_cli_import(); "


def run(program: str) -> str:
    """What a Python of its own prints."""
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=120)
    return done.stdout.strip()


def test_a_pipeline_is_loaded_without_the_command_line() -> None:
    """Nor what only that needs."""
    loaded = "import spacy, sys; print([m in sys.modules for m in ('weasel', 'spacy.cli.train')])"
    assert run(SKIP + loaded) == "[False, False]"


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
    assert run(f"{SKIP}import spacy\n{use}") == "spacy.cli.download"


def test_spacys_own_info_works() -> None:
    """It is why spaCy imports its command line."""
    assert run(SKIP + "import spacy; print(spacy.info(silent=True)['spacy_version'] == spacy.__version__)") == "True"


def test_whoever_has_imported_spacy_before_keeps_what_they_have() -> None:
    """Nothing is replaced under their hands."""
    assert run(f"import spacy; {SKIP}print(spacy.cli.download.__module__)") == "spacy.cli.download"


def test_importing_the_library_changes_nothing_in_the_process() -> None:
    """The hook belongs to the worker and the command line; a library's user gets spaCy as it is."""
    program = "import sys; before = list(sys.meta_path); import spanwise; spanwise.Analyzer; import spacy.cli; "
    assert run(program + "print(sys.meta_path[:len(before)] == before, spacy.cli.__file__ is not None)") == "True True"
