"""Run the kernels' tests on an emulated aarch64 processor: `python -m tests.aarch64 [arguments of pytest]`.

Takes some minutes. Exits with 1 where a test fails. Where the machine cannot emulate one, the tests are skipped with
the reason; where `CI` is set, that is a failure.
"""

import os
import subprocess
import sys

from tests.aarch64.machine import ROOT, CannotEmulate, build, python

_TESTS = ("tests/pipelines/kernels", "tests/pipelines/entities/test_compiled_architectures.py")
_CHOSEN = (
    "-k",
    (
        "(test_compiled_architectures and instruction_set)"
        # The last one starts a Python, which only an emulator could start.
        " or (kernels and not test_compiled_architectures and not imported_without_kernels)"
    ),
)
_OPTIONS = ("-p", "no:cacheprovider", "-o", "timeout=0", "-q")


def main() -> None:
    """Lay out the machine and run the tests, those named on the command line if there are any."""
    os.chdir(ROOT)
    try:
        environment = build()
    except CannotEmulate as reason:
        sys.stderr.write(f"aarch64-test: the kernels were NOT tested: {reason}\n")
        raise SystemExit(1 if os.environ.get("CI") else 0) from reason
    command = python("-m", "pytest", "--import-mode=append", *_OPTIONS, *(sys.argv[1:] or (*_CHOSEN, *_TESTS)))
    raise SystemExit(subprocess.run(command, env=environment, check=False).returncode)


if __name__ == "__main__":
    main()
