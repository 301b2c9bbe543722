"""What becomes of each fenced block of the docs: what runs it, or why nothing can.

A block that fits no rule fails the tests, and so does a rule that fits no block.
"""

import re
from dataclasses import dataclass
from enum import Enum, auto

from tests.docs.pages import Block, Command


class How(Enum):
    """How a command of a console block is run."""

    AS_IT_STANDS = auto()
    """By bash, in a folder with what the page speaks of, against a real service."""

    STARTS_A_SERVICE = auto()
    """`make run` and `spanwise serve` with settings: the service is started with them, is ready, and ends."""

    WITHOUT_DOING_IT = auto()
    """`make --dry-run`: the target is there, with all that it needs."""

    ELSEWHERE = auto()
    """Another test holds it, which the rule names."""

    NOT_AT_ALL = auto()
    """Nothing can run it here; the rule says why."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Fits blocks of a kind on the pages that a pattern matches, or commands that begin as another pattern says."""

    pages: str
    kind: str
    holds: str
    """The test, or the reason."""

    how: How = How.ELSEWHERE
    begins: str = ""

    def fits(self, one: Block | Command) -> bool:
        """Whether the rule is for this block or command."""
        block = one.block if isinstance(one, Command) else one
        text = one.text if isinstance(one, Command) else block.text
        return (
            bool(re.fullmatch(self.kind, block.kind))
            and bool(re.fullmatch(self.pages, block.page))
            and bool(re.match(self.begins, text, re.DOTALL))
        )


_SHELL = "tests/docs/test_shell_blocks.py"
_SETTINGS = r"(?:[A-Z_]+=\S+ )*"

BLOCKS = [
    Rule(r".*", "python", "tests/test_docs.py", begins=r">>> "),
    Rule(r"docs/contribute/adding-a-feature\.md", "python", "tests/test_adding_a_feature.py"),
    Rule(r"docs/how-to/clients\.md", "python", "tests/contract/test_clients.py", begins=r"from spanwise_client"),
    Rule(r"docs/how-to/clients\.md", "python", "tests/docs/test_programs.py", begins=r"import"),
    Rule(r"docs/how-to/clients\.md", "(?:typescript|java|go)", "tests/contract/test_clients.py"),
    Rule(r"docs/how-to/your-own-pipeline\.md", "python", _SHELL, begins=r"# shop/components\.py"),
    Rule(r"docs/reference/api\.md", "(?:python|javascript|go)", "tests/service/endpoints/test_api_page.py"),
    Rule(r"docs/how-to/browser\.md", "javascript", "tests/docs/test_programs.py"),
    Rule(r"docs/how-to/browser\.md", "text", "tests/docs/test_programs.py"),
    Rule(r"contract/client_packages/.*", "(?:python|typescript)", "tests/contract/test_client_packages.py"),
    Rule(r"docs/(?:how-to/grafana|how-to/debug|runbooks/.*)\.md", "promql", "tests/monitoring/test_live_queries.py"),
    Rule(r"docs/how-to/grafana\.md", "yaml", "tests/docs/test_configurations.py"),
    Rule(r"docs/how-to/deploy\.md", "yaml", "tests/deploy/test_together.py"),
    Rule(r"docs/how-to/deploy\.md", "dockerfile", "tests/image/test_another_pipeline.py"),
    Rule(r"docs/how-to/helm\.md", "yaml", "tests/deploy/test_chart.py"),
    Rule(
        r"docs/how-to/your-own-pipeline\.md",
        "dockerfile",
        "Needs an image to build upon; tests/image/test_another_pipeline.py builds one of the same form.",
        How.NOT_AT_ALL,
    ),
    Rule(r"docs/(?:how-to/your-own-pipeline|reference/settings)\.md", "toml", "tests/docs/test_configurations.py"),
    Rule(r"docs/how-to/your-own-pipeline\.md", "text", "tests/docs/test_configurations.py"),
    Rule(r"docs/how-to/calibrate\.md", "(?:jsonl|text)", "tests/service/test_calibration_command.py"),
    Rule(r"docs/how-to/a-million-lines\.md", "jsonl", _SHELL),
    Rule(r"docs/how-to/bulk\.md", "python", "tests/bulk/test_bulk_page.py"),
    Rule(r"docs/how-to/bulk-recipes\.md", "python", "tests/bulk/test_recipes.py"),
    Rule(r"docs/how-to/bulk-cluster\.md", "yaml", "tests/deploy/test_bulk_job.py"),
    Rule(r"docs/how-to/keys\.md", "text", "tests/service/keys/test_key_lines.py"),
    Rule(r"docs/how-to/keys\.md", "http", "tests/docs/test_programs.py", begins=r"RateLimit-Policy"),
    Rule(r"docs/reference/operation\.md", "json", "tests/test_docs.py", begins=r'\{"timestamp"'),
    Rule(r"docs/how-to/debug\.md", "http", _SHELL),
    Rule(r"(?:README|docs/(?!reference/operation).*)\.md", "json", _SHELL, begins=r'\{(?!"timestamp")'),
    Rule(r"pipelines/kernels/README\.md", "", "Drawings: nothing to run.", How.NOT_AT_ALL),
]
"""Of all blocks but those of commands."""

COMMANDS = [
    Rule(".*", "console", _SHELL, How.AS_IT_STANDS, r"(?:printf .*\| )?curl "),
    Rule(".*", "console", _SHELL, How.AS_IT_STANDS, r"(?:\.venv/bin/)?spanwise (?!calibrate en_|serve|bulk)"),
    Rule(".*", "console", "tests/bulk/test_bulk_page.py", begins=r"spanwise bulk "),
    Rule(".*", "console", _SHELL, How.AS_IT_STANDS, _SETTINGS[:-1] + r"+spanwise pipelines"),
    Rule(".*", "console", _SHELL, How.AS_IT_STANDS, r"(?:jq|grep|split|cd \"\$FOLDER\") ?"),
    Rule(".*", "console", "tests/service/test_calibration_command.py", begins=r"spanwise calibrate en_"),
    Rule(".*", "console", _SHELL, How.STARTS_A_SERVICE, _SETTINGS + r"(?:make run|spanwise serve)"),
    Rule(".*", "console", _SHELL, How.WITHOUT_DOING_IT, r"make (?!run)"),
    Rule(
        ".*",
        "console",
        "Needs Docker or a registry; tests/image builds the image with this Dockerfile, and runs it.",
        How.NOT_AT_ALL,
        r"(?:docker|buildah|export (?:IMAGE|VERSION)=|cd deploy/compose)",
    ),
    Rule(
        ".*",
        "console",
        "Needs a cluster; tests/deploy renders what is applied and checks it against the schemas of Kubernetes.",
        How.NOT_AT_ALL,
        r"(?:kubectl|kind|helm) ",
    ),
    Rule(
        ".*",
        "console",
        "Needs what a release has published, or a database of weaknesses on the network.",
        How.NOT_AT_ALL,
        r"(?:cosign|trivy|pip-audit|sha256sum --check)",
    ),
    Rule(
        ".*",
        "console",
        "Needs a package index; CI installs from the same requirements before the tests.",
        How.NOT_AT_ALL,
        r"(?:\S*pip install --require-hashes|python3 -m venv|\.venv-presidio/bin/pip)",
    ),
    Rule(
        r"docs/start/comparison\.md",
        "console",
        "Needs Presidio in an environment of its own, and minutes of both cores.",
        How.NOT_AT_ALL,
        r"\.venv/bin/python -m benchmarks\.presidio",
    ),
    Rule(
        r"docs/how-to/clients\.md",
        "console",
        "tests/contract/test_client_packages.py",
        begins=r"(?:pip|npm) install \S*clients/dist",
    ),
    Rule(
        r"docs/how-to/clients\.md",
        "console",
        "tests/test_docs.py",
        begins=r"(?:\S*openapi-python-client|\S*openapi-generator-cli|npx openapi-typescript)",
    ),
]
"""Of commands."""
