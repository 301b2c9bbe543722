"""`make quality`: how right the default pipeline is, on annotated corpora, and how far its confidence can be believed.

    python -m benchmarks.quality DATA

DATA is a folder with the corpora of `corpora.py`. Ends with status 1 if the entities are not spaCy's own.
"""

import sys
from pathlib import Path

from benchmarks.quality.confidence import confidence_table, held_out
from benchmarks.quality.entities import entity_report


def main(data: Path) -> int:
    """Print every report; the exit status."""
    report, equal = entity_report(data)
    print(report, end="\n\n")
    print(confidence_table(held_out(data)))
    return 0 if equal else 1


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1])))
