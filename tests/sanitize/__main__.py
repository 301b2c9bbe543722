"""Run every check on a sanitized copy of the kernels: `python -m tests.sanitize [--short] [--seed N]`.

The short form, which CI runs, takes two to three minutes on two cores; the whole takes some fifteen. Exits with 1 where
anything is found. Where the machine has no sanitizers, the checks are skipped with the reason; where `CI` is set, that
is a failure.
"""

import argparse
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from tests.sanitize.build import BUILD, ROOT, CannotSanitize, build

PLANTED = {
    "an overrun": "heap-buffer-overflow",
    "undefined behaviour": "misaligned address",
    "a leak": "blocks were not freed",
    "a swallowed failure": "nobody noticed the failure",
    "a wrong exception": "raised ValueError",
}
"""Each bug that `planted_bugs.py` makes, and what must be reported of it."""

_TESTS = ("tests/pipelines/kernels", "tests/pipelines/sentiment", "tests/pipelines/entities")
_SLOW_TESTS = "not every_known_architecture and not other_languages and not official_pipelines"
_SHORT_FILES = ("test_compiled_architectures.py", "test_compiled_parser.py")
_ERROR = re.compile(r"ERROR: AddressSanitizer|runtime error:|AddressSanitizer:DEADLYSIGNAL")
_LEAK = re.compile(r"^(?:Direct|Indirect) leak of .*?(?=\n\n)", re.MULTILINE | re.DOTALL)
_OWN_FRAME = re.compile(r" (?:pipelines/kernels|tests/sanitize)/\S+\.[ch]:\d")
_REPORT_LINES = 60


class Check(NamedTuple):
    """A program that runs on the sanitized kernels: a name, and the arguments of Python."""

    name: str
    arguments: tuple[str, ...]


class Outcome(NamedTuple):
    """How a check ended: the exit code, what it printed, and what the sanitizers and others reported of it."""

    code: int
    output: str
    report: str

    @property
    def errors(self) -> list[str]:
        """What the sanitizers found, and leaks that the kernels' own code allocated."""
        found = [match.group() for match in _LEAK.finditer(self.report) if _OWN_FRAME.search(match.group())]
        error = _ERROR.search(self.report)
        if error:  # what ran just before stands above the report
            above = self.report[: error.start()].rstrip("=\n").splitlines()[-3:]
            found.append("\n".join([*above, *self.report[error.start() :].splitlines()[:_REPORT_LINES]]))
        return found


def checks(*, short: bool, seed: int) -> list[Check]:
    """Return what runs once the planted bugs were reported."""
    form = ("--short",) if short else ()
    feed = ("500" if short else "20000", str(seed))
    return [
        Check("tests", ("-m", "pytest", "--import-mode=append", "-q", *_pytest_options(short=short))),
        Check("failing allocations", ("-m", "tests.sanitize.fail_allocations", *form)),
        Check("odd texts", ("-m", "tests.sanitize.feed", *feed)),
    ]


def _pytest_options(*, short: bool) -> Iterator[str]:
    """Yield the kernels' tests: files that are named for what is compiled, and whole folders."""
    yield from ("-p", "tests.sanitize.native", "-p", "no:cacheprovider", "-o", "timeout=0")
    if short:
        yield from ("-k", _SLOW_TESTS)
    for folder in _TESTS:
        patterns = _SHORT_FILES if short else ("test_compiled_*.py",)
        for pattern in patterns if folder.endswith("entities") else ("test_*.py",):
            yield from (str(path.relative_to(ROOT)) for path in sorted((ROOT / folder).glob(pattern)))


def run(check: Check, environment: dict[str, str]) -> Outcome:
    """Run a check. The report is kept in the build folder, for who wants all of it."""
    path = BUILD / f"{check.name.replace(' ', '-')}.report"
    with path.open("w") as report:
        done = subprocess.run(
            [sys.executable, *check.arguments],
            cwd=ROOT,
            env=environment,
            text=True,
            check=False,
            stdout=subprocess.PIPE,
            stderr=report,
        )
    return Outcome(done.returncode, done.stdout, path.read_text(errors="replace"))


def unreported(environment: dict[str, str]) -> Iterator[str]:
    """Yield the planted bugs of which nobody reported what they are."""
    planted = [Check(f"planted {bug}", ("-m", "tests.sanitize.planted_bugs", bug)) for bug in PLANTED]
    for bug, outcome in zip(PLANTED, _run_all(planted, environment), strict=True):
        if not outcome.code or PLANTED[bug] not in outcome.output + outcome.report:
            yield bug
        elif bug == "a leak" and not outcome.errors:
            yield f"{bug} (LeakSanitizer does not work here)"


def _run_all(chosen: Sequence[Check], environment: dict[str, str]) -> Iterator[Outcome]:
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield from pool.map(lambda check: run(check, environment), chosen)


def failures(*, short: bool, seed: int) -> Iterator[str]:
    """Build the copy and run everything. Yield what failed; print the rest. Raises `CannotSanitize`."""
    environment = build()
    missed = list(unreported(environment))
    if missed:
        yield f"planted bugs went unreported: {', '.join(missed)}"
        return
    print(f"sanitize: each of {len(PLANTED)} planted bugs was reported", flush=True)
    chosen = checks(short=short, seed=seed)
    for check, outcome in zip(chosen, _run_all(chosen, environment), strict=True):
        summary = outcome.output.rstrip().rpartition("\n")[2]
        if not outcome.code and not outcome.errors:
            print(f"sanitize: {check.name}: {summary}", flush=True)
            continue
        reported = outcome.errors or [] if outcome.code >= 0 else outcome.errors or [outcome.report[-4000:]]
        yield "\n".join([f"{check.name} (exit code {outcome.code}):", outcome.output, *reported])


def main() -> None:
    """Read the command line, and say what was found."""
    parser = argparse.ArgumentParser(prog="make sanitize", description=__doc__)
    parser.add_argument("--short", action="store_true", help="500 odd texts and fewer tests, for CI")
    parser.add_argument("--seed", type=int, default=1, help="of the odd texts")
    chosen = parser.parse_args()
    os.chdir(ROOT)
    try:
        found = list(failures(short=chosen.short, seed=chosen.seed))
    except CannotSanitize as reason:
        print(f"sanitize: the kernels were NOT checked: {reason}", file=sys.stderr)
        raise SystemExit(1 if os.environ.get("CI") else 0) from reason
    for failure in found:
        print(f"sanitize: FAILED: {failure}", file=sys.stderr)
    if found:
        raise SystemExit(f"sanitize: {len(found)} checks failed; whole reports are in {BUILD.relative_to(Path.cwd())}")


if __name__ == "__main__":
    main()
