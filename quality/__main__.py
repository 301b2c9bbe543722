"""`make quality`: how right the default pipeline is on annotated corpora, and how far its numbers can be believed.

Entities beside spaCy's own, and their confidence; sentiment beside VADER's and the majority's, its robustness and
fairness.

With `--texts` or `--targets` the same figures of sentiment for files of your own, and nothing else. Ends with status 1
if the entities are not spaCy's own.
"""

import argparse
import sys
from pathlib import Path

from quality.confidence import confidence_table, held_out
from quality.entities import entity_report
from quality.fairness import fairness_report
from quality.robustness import robustness_report
from quality.sentiment import Scorer, own_report, sentiment_report


def main() -> int:
    """Print every report that is asked for; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m quality", description=__doc__)
    parser.add_argument("data", type=Path, nargs="?", help="a folder with the corpora")
    parser.add_argument("--only", choices=["entities", "sentiment"], help="leave the other out")
    parser.add_argument("--texts", type=Path, action="append", default=[], help="a file of `label<TAB>text`")
    parser.add_argument(
        "--targets", type=Path, action="append", default=[], help="a file of `label<TAB>start<TAB>end<TAB>text`"
    )
    arguments = parser.parse_args()
    if arguments.texts or arguments.targets:
        print(own_report(arguments.texts, arguments.targets))
        return 0
    if arguments.data is None:
        parser.error("name the folder of the corpora, or files of your own")
    equal = True
    if arguments.only != "sentiment":
        report, equal = entity_report(arguments.data)
        print(report, end="\n\n")
        print(confidence_table(held_out(arguments.data)), end="\n\n")
    if arguments.only != "entities":
        model = Scorer().model
        print(sentiment_report(arguments.data), end="\n\n")
        print(robustness_report(model)[0], end="\n\n")
        print(fairness_report(model))
    return 0 if equal else 1


if __name__ == "__main__":
    sys.exit(main())
