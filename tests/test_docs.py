"""The docs hold what they say: examples run, links and paths lead somewhere, tables and lists are complete."""

import ast
import doctest
import importlib.util
import itertools
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import httpx
import pytest
from structlog.testing import capture_logs

from contract.clients import GENERATORS
from spanwise.pipelines import Registry
from spanwise.pipelines.official_pipelines import DEFAULT_ENTRY, OFFICIAL
from spanwise.schemas import ErrorCode
from spanwise.schemas.problems import OWN_CODES
from spanwise.service.app import create_app
from spanwise.service.settings import Settings
from tests.docs.pages import PAGES, ROOT
from tests.support.approximately import about
from website.reference import pages as reference_pages

TOP_LEVEL = {path.name for path in ROOT.iterdir()}
every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def prose(page: Path) -> str:
    """Return a page without its fenced blocks."""
    return re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)


def blocks(page: Path, language: str) -> list[str]:
    """Return the page's fenced blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def commands(page: Path) -> list[str]:
    """Return the commands of the page's console blocks, each on one line."""
    text = "\n".join(blocks(page, "console")).replace("\\\n", " ")
    return re.findall(r"^\$ (.*)$", text, re.MULTILINE)


class _AboutEqual(doctest.OutputChecker):
    """Accepts decimal fractions within 0.001, because another processor adds in another order."""

    _NUMBER = re.compile(r"\d+\.\d+(?![.\d])")

    def check_output(self, want: str, got: str, optionflags: int) -> bool:
        expected, found = (list(map(float, self._NUMBER.findall(text))) for text in (want, got))
        return found == about(expected) and super().check_output(
            self._NUMBER.sub("#", want), self._NUMBER.sub("#", got), optionflags
        )


@pytest.mark.parametrize(
    "page", [page for page in PAGES if ">>> " in page.read_text("utf-8")], ids=lambda page: str(page.relative_to(ROOT))
)
def test_python_sessions_print_what_they_show(page: Path) -> None:
    """The blocks of a page that begin with a prompt are one session, as a reader would type them."""
    session = "\n".join(block for block in blocks(page, "python") if block.startswith(">>> "))
    example = doctest.DocTestParser().get_doctest(session, {}, page.name, str(page), 0)
    told: list[str] = []
    runner = doctest.DocTestRunner(checker=_AboutEqual(), optionflags=doctest.NORMALIZE_WHITESPACE)
    assert runner.run(example, out=told.append).failed == 0, "".join(told)


@every_page
def test_links_lead_somewhere(page: Path) -> None:
    """Links within the repository name files that exist and headings that they have."""
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        assert linked.exists(), f"{page.name} links to {target}"
        if anchor:
            headings = re.findall(r"^#+ (.*)$", linked.read_text("utf-8"), re.MULTILINE)
            assert anchor in [re.sub(r"[^\w\- ]", "", h).strip().lower().replace(" ", "-") for h in headings], target


@every_page
def test_paths_exist(page: Path) -> None:
    """What stands in code type and begins with a folder of the repository is a file or folder there."""
    for code in re.findall(r"`([^`\s]+)`", prose(page)):
        path, _, _ = code.partition(":")
        if "/" in path and path.partition("/")[0] in TOP_LEVEL - {"build", "clients"}:  # where commands write
            assert list(ROOT.glob(path.rstrip("/"))), f"{page.name} speaks of {path}"


@every_page
def test_tables_are_whole(page: Path) -> None:
    """Each table has a header, a separator and rows of as many cells; a blank line would end it."""
    for table in re.findall(r"(?:^\|.*\n)+", prose(page), re.MULTILINE):
        header, separator, *rows = table.splitlines()
        assert re.fullmatch(r"\|(?: ?:?-+:? ?\|)+", separator), header
        cells = [len(re.findall(r"(?<!\\)\|", line)) for line in (header, separator, *rows)]
        assert len(set(cells)) == 1, table


@every_page
def test_commands_can_be_run(page: Path) -> None:
    """Targets of make, modules of Python and kustomizations that a page names are there."""
    text = page.read_text("utf-8")
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    code = [*re.findall(r"`([^`]+)`", prose(page)), *commands(page)]
    for target in (found for part in code for found in re.findall(r"^make\s+([a-z][a-z0-9-]*)", part)):
        assert target in targets, f"{page.name} speaks of make {target}"
    for module in re.findall(r"python -m ([a-z][\w.]*[a-z])", text):
        assert importlib.util.find_spec(module), f"{page.name} speaks of {module}"
    for folder in re.findall(r"apply -k (deploy/\S+)", text):
        assert (ROOT / folder / "kustomization.yaml").is_file(), folder


def test_clients_are_generated_as_the_page_says() -> None:
    """Every option that `docs/how-to/clients.md` shows is one that the tested clients are generated with."""
    used = " ".join(" ".join(generate(ROOT / "clients" / name)) for name, generate in GENERATORS.items())
    shown = [
        command
        for command in commands(ROOT / "docs" / "how-to" / "clients.md")
        if "generate" in command or "npx" in command
    ]
    assert len(shown) == len(GENERATORS)
    for command in shown:
        for option in re.findall(r"\w+=[\w.-]+|--default-non-nullable false|--library native", command):
            assert option in used, option


@pytest.mark.anyio
async def test_the_log_line_of_the_docs_has_the_fields_of_a_real_one(registry: Registry) -> None:
    """A request that is analysed logs the fields that `docs/reference/operation.md` shows, in their order."""
    shown = json.loads(blocks(ROOT / "docs" / "reference" / "operation.md", "json")[0])
    app = create_app(Settings(), registry)
    transport = httpx.ASGITransport(app)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        with capture_logs() as lines:
            assert (await client.post("/v1/entities", json={"text": "Tim Cook"})).is_success
    (line,) = [line for line in lines if line["event"] == "request"]
    beside = {"timestamp", "level", "log_level", "event", "key"}  # keys are not configured here
    assert [name for name in line if name not in beside] == [name for name in shown if name not in beside]


def test_the_readmes_figures_are_those_of_the_performance_page() -> None:
    """The README's table holds rows of the whole table, and no other figure."""
    (short,) = speed_tables(ROOT / "README.md")
    whole = next(speed_tables(ROOT / "docs" / "explanation" / "performance.md"))
    assert len(short) == 5
    for name, *figures in short:
        (row,) = [row for row in whole if row[0] == name and row[1] in ("64", "")]
        assert figures == [row[2], row[3], row[5], row[6]], name


def speed_tables(page: Path) -> Iterator[list[list[str]]]:
    """Yield the page's tables of texts per second: the cells of each row, a name carried on to rows without one."""
    for table in re.findall(r"(?:^\|.*\n)+", prose(page), re.MULTILINE):
        header, _, *lines = table.splitlines()
        if "texts/s" not in header:
            continue
        rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
        for before, row in itertools.pairwise(rows):
            row[0] = row[0] or before[0]
        yield rows


def definitions(path: Path) -> set[str]:
    """Return the names of a file's functions, classes and methods; a method as `Class.method` too."""
    if path.suffix != ".py":
        return set(re.findall(r"\b(\w+)\(", path.read_text("utf-8")))
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}.{inner.name}" for inner in node.body if hasattr(inner, "name")}
    return found


def test_the_architecture_page_names_functions_that_exist() -> None:
    """Every `file: function` on the page is defined in that file."""
    page = (ROOT / "docs" / "explanation" / "architecture.md").read_text("utf-8")
    named = re.findall(r"`([\w./-]+\.(?:py|c|h)): ([\w.]+)`", page)
    assert len(named) > 20
    for file, name in named:
        assert (ROOT / file).is_file(), file
        assert name in definitions(ROOT / file), f"{file}: {name}"


def test_generated_pages_are_those_that_are_written() -> None:
    """`make reference` would change nothing."""
    for path, text in reference_pages().items():
        assert path.read_text("utf-8") == text, f"{path.name}: run make reference"


def test_every_decision_has_its_parts() -> None:
    """Each has status, date, the four sections in order, a place in the list, and dated amendments if any."""
    folder = ROOT / "docs" / "adr"
    listed = dict(re.findall(r"^\| \[(\d{4})\]\((.*?)\) \|", (folder / "README.md").read_text("utf-8"), re.MULTILINE))
    pages = sorted(folder.glob("0*.md"))
    assert [path.name for path in pages] == list(listed.values())
    for path in pages:
        text = path.read_text("utf-8")
        assert text.startswith(f"# {path.name[:4]}: "), path.name
        assert re.search(r"^- Status: (accepted|superseded by \[\d{4}\]\(.*\))$", text, re.MULTILINE), path.name
        assert re.search(r"^- Date: \d{4}-\d\d-\d\d$", text, re.MULTILINE), path.name
        parts = re.findall(r"^## (.*)$", text, re.MULTILINE)
        assert parts[:4] == ["Context", "Decision", "Alternatives considered", "Consequences"], path.name
        assert parts[4:] in ([], ["Amendments"]), path.name
        for amendment in re.findall(r"^- (.*)", text.partition("## Amendments")[2], re.MULTILINE):
            assert re.match(r"\d{4}-\d\d-\d\d: ", amendment), path.name


def test_hints_name_pipelines_that_an_index_has() -> None:
    """Where code, manifests or docs set `language=package`, the package is one that PyPI carries."""
    carried = {DEFAULT_ENTRY.partition("=")[2], *(one.package for one in OFFICIAL)}
    rooms = [ROOT / name for name in ("service", "pipelines", "schemas", "spanwise", "deploy", "docs")]
    kinds = {".py", ".md", ".yaml", ".json", ".txt", ".toml"}
    files = [path for room in rooms for path in room.rglob("*") if path.suffix in kinds and path.is_file()]
    named = {
        (package, path.name)
        for path in files
        for package in re.findall(r"\b[a-z]{2}=([a-z]{2}_core_\w+)", path.read_text("utf-8"))
    }
    assert named
    assert not {(package, name) for package, name in named if package not in carried}


def test_every_error_code_is_documented() -> None:
    """The codes of problems and those of fields are on the page of errors."""
    page = (ROOT / "docs" / "reference" / "errors.md").read_text("utf-8")
    for code in (*get_args(ErrorCode.__value__), *OWN_CODES):
        assert f"`{code}`" in page, code


def test_every_make_target_explains_itself() -> None:
    """`make help` lists what the README and CONTRIBUTING speak of."""
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for target in (
        "run",
        "test",
        "deploy-test",
        "image-test",
        "install",
        "lint",
        "format",
        "types",
        "lock",
        "bench",
        "quality",
        "train-sentiment",
        "reliability",
        "contract",
        "clients",
        "openapi",
        "docs",
        "reference",
        "bench-engine",
        "exactness",
        "soak",
        "new-words",
        "faults",
        "fuzz",
        "sanitize",
        "aarch64-test",
        "bulk-test",
        "page-test",
        "screenshots",
        "bench-bulk",
        "bulk-faults",
        "sbom",
        "release-check",
        "help",
    ):
        assert re.search(rf"^{target}\s+\S", shown, re.MULTILINE), target
