"""Fuzz everything: `python -m tests.fuzz [--seconds N] [--seed N] [--short]`.

The time is shared out to the service's properties (Hypothesis makes the inputs and shrinks what fails), damaged
specifications of models, and odd texts for the kernels. The last two run on a copy of the kernels that is built with
sanitizers. The short form, which CI runs, feeds the installed kernels with damaged specifications and leaves the odd
texts out, because `make sanitize` feeds them. Exits with 1 where anything is found. A finding becomes a test.
"""

import argparse
import os
import subprocess
import sys
import traceback
from collections.abc import Iterator, Mapping
from time import monotonic

from hypothesis import HealthCheck, Phase, Verbosity, seed, settings

from tests.fuzz.properties import PROPERTIES
from tests.fuzz.service_under_fuzz import ServiceUnderFuzz
from tests.sanitize.build import ROOT, CannotSanitize, build

_DAMAGED_SPECS = 10_000
_ODD_TEXTS = 400
_EXAMPLES = 200


def fuzz_service(seconds: float, first_seed: int) -> Iterator[str]:
    """Check the properties in turn, with another seed in each round, until the time is over. Yield what fails."""
    profile = settings(
        max_examples=_EXAMPLES,
        deadline=None,
        database=None,
        print_blob=False,
        verbosity=Verbosity.quiet,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    started, rounds = monotonic(), 0
    with ServiceUnderFuzz() as service:
        while not rounds or monotonic() - started < seconds:
            for name, make in PROPERTIES.items():
                chosen = first_seed + rounds
                try:
                    seed(chosen)(profile(make(service)))()
                except Exception:  # noqa: BLE001 - whatever it is, it is a finding
                    yield f"{name}, seed {chosen}:\n{traceback.format_exc()}"
                    return
            rounds += 1
    print(f"fuzz: {', '.join(PROPERTIES)}: {rounds * _EXAMPLES:,} inputs each, nothing found", flush=True)


def fuzz_kernels(
    name: str, program: tuple[str, int], seconds: float, first_seed: int, environment: Mapping[str, str]
) -> Iterator[str]:
    """Run a program of so many random inputs, each time with another seed, until the time is over. Yield what fails."""
    started, rounds = monotonic(), 0
    module, count = program
    while not rounds or monotonic() - started < seconds:
        chosen = first_seed + rounds
        command = [sys.executable, "-m", module, str(count), str(chosen)]
        done = subprocess.run(command, cwd=ROOT, env=dict(environment), check=False, capture_output=True, text=True)
        if done.returncode or "ERROR: AddressSanitizer" in done.stderr or "runtime error:" in done.stderr:
            yield f"{name}, seed {chosen} (exit status {done.returncode}):\n{done.stdout}\n{done.stderr[-8000:]}"
            return
        rounds += 1
    print(f"fuzz: {name}: {rounds * count:,}, nothing found. {done.stdout.strip()}", flush=True)


def findings(seconds: float, first_seed: int, *, short: bool) -> Iterator[str]:
    """Fuzz for so many seconds, and yield what is found."""
    environment: Mapping[str, str] = os.environ
    if not short:
        try:
            environment = build()
        except CannotSanitize as reason:
            print(f"fuzz: the kernels are fuzzed without sanitizers: {reason}", file=sys.stderr)
    share = seconds / 3
    specs, texts = ("tests.fuzz.damaged_specs", _DAMAGED_SPECS), ("tests.sanitize.feed", _ODD_TEXTS)
    yield from fuzz_kernels("damaged specifications", specs, 0 if short else share, first_seed, environment)
    if not short:
        yield from fuzz_kernels("odd texts", texts, share, first_seed, environment)
    yield from fuzz_service(share, first_seed)


def main() -> None:
    """Read the command line, and say what was found."""
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600, help="in all, the build of the sanitized copy aside")
    parser.add_argument("--seed", type=int, default=1, help="of the first round")
    parser.add_argument("--short", action="store_true", help="without sanitizers, for CI")
    chosen = parser.parse_args()
    found = list(findings(chosen.seconds, chosen.seed, short=chosen.short))
    for finding in found:
        print(f"fuzz: FOUND: {finding}", file=sys.stderr)
    if found:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
