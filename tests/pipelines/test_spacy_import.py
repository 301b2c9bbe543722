"""The import hook leaves out spaCy's command line.

Each test runs a fresh Python, since an imported module stays imported.
"""

import subprocess
import sys

import pytest

SKIP = "from spanwise.pipelines.spacy_import import skip_spacy_cli_import; skip_spacy_cli_import(); "


def run(program: str) -> str:
    """Run a program in a fresh Python and return what it prints."""
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=120)
    return done.stdout.strip()


def test_a_pipeline_is_loaded_without_the_command_line() -> None:
    """With the hook, `import spacy` loads neither spaCy's command line nor weasel, which nothing else needs."""
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
    """With the hook, every way to import spaCy's command line still gives the real module."""
    assert run(f"{SKIP}import spacy\n{use}") == "spacy.cli.download"


def test_spacys_own_info_works() -> None:
    """With the hook, `spacy.info()` works; it is the one function for which spaCy imports its command line."""
    assert run(SKIP + "import spacy; print(spacy.info(silent=True)['spacy_version'] == spacy.__version__)") == "True"


def test_whoever_has_imported_spacy_before_keeps_what_they_have() -> None:
    """The hook replaces nothing in a process that has imported spaCy before."""
    assert run(f"import spacy; {SKIP}print(spacy.cli.download.__module__)") == "spacy.cli.download"


def test_importing_the_library_changes_nothing_in_the_process() -> None:
    """Importing the library installs no hook, so its user gets spaCy as it is.

    The worker and the command line install the hook.
    """
    program = "import sys; before = list(sys.meta_path); import spanwise; spanwise.Analyzer; import spacy.cli; "
    assert run(program + "print(sys.meta_path[:len(before)] == before, spacy.cli.__file__ is not None)") == "True True"


def test_the_template_of_workers_has_no_command_line() -> None:
    """Whatever order the template imports things in, spaCy's command line takes no memory in it or in its workers."""
    program = """
import runpy, sys
sys.argv = ["-"]
try:
    runpy.run_module("spanwise.service.template", run_name="__main__")
except IndexError:  # it was not told its descriptors
    pass
unwanted = ("weasel", "requests", "rich", "spacy.cli.train")
print([name for name in unwanted if name in sys.modules], "spacy" in sys.modules)
"""
    assert run(program) == "[] True"
