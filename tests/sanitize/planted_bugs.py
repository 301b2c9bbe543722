"""Plant one bug and expect it to be reported: `python -m tests.sanitize.planted_bugs BUG`.

Three bugs lie beneath the kernels, in the blocks that they get (a byte too short, or at an odd address) and in a `free`
that is forgotten: the code that trips is the kernels' own, as compiled for every other check. Two are operations that
answer a failed allocation in the wrong way. Whoever runs this program expects it to fail: a check that passes here
could fail nowhere.
"""

import sys
import tempfile
from pathlib import Path

from spanwise.pipelines.sentiment.artefact import Artefact
from spanwise.pipelines.sentiment.compiled_model import CompiledModel
from tests.sanitize import native
from tests.support.artefacts import write_random_model


def score_a_text(artefact: Artefact) -> str | None:
    """Make a model and use it, with the bug that `native.plant` has planted. Return what is wrong afterwards."""
    before = native.native_live()
    model = CompiledModel(artefact)
    model.score(["not good :)"], [[(0, 11)]])
    del model
    return None if native.native_live() == before else "blocks were not freed"


def fail_an_allocation(artefact: Artefact, raised: BaseException | None) -> str | None:
    """Make a model without memory, and raise that in the place of MemoryError, or nothing. Return what is found."""
    from tests.sanitize.fail_allocations import Attempt, Operation, fail_each  # noqa: PLC0415 (it imports spaCy)

    def call() -> None:
        try:
            CompiledModel(artefact)
        except MemoryError:
            if raised:
                raise raised from None

    operation = Operation("planted", lambda: Attempt(call, None), None)
    return next(fail_each(operation, native.BLOCKS, 1))


def main() -> None:
    """Plant the bug that the command line names."""
    bug = sys.argv[1]
    with tempfile.TemporaryDirectory() as folder:
        artefact = Artefact.load(write_random_model(Path(folder)))
    if bug in native.PLANTED:
        native.plant(native.PLANTED[bug])
        raise SystemExit(score_a_text(artefact))
    raise SystemExit(fail_an_allocation(artefact, ValueError() if bug == "a wrong exception" else None))


if __name__ == "__main__":
    main()
