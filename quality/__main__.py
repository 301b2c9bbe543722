"""`make quality`: print how right the default pipeline is on annotated corpora.

The reports compare entities with spaCy's own and sentiment with VADER's and the majority's, and show the calibration of
entities' confidence and the robustness and fairness of sentiment. With `--texts` or `--targets`, only the figures of
sentiment are printed, for files of your own. The exit status is 1 if the entities differ from spaCy's.
"""

import argparse
import sys
from pathlib import Path

from quality.confidence import confidence_table, held_out, threshold_table
from quality.entities import entity_report
from quality.fairness import fairness_report
from quality.invariance import invariance_report
from quality.kinds import kinds_report
from quality.robustness import robustness_report
from quality.sentiment import Scorer, own_report, sentiment_report


def main() -> int:
    """Print every report that the arguments ask for, and return the exit status."""
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
        judgements = held_out(arguments.data)
        print(confidence_table(judgements), end="\n\n")
        print(threshold_table(judgements), end="\n\n")
    if arguments.only != "entities":
        scorer = Scorer()
        model = scorer.model
        print(sentiment_report(arguments.data), end="\n\n")
        print(kinds_report(scorer.analyzer), end="\n\n")
        print(invariance_report(scorer.analyzer, arguments.data), end="\n\n")
        print(robustness_report(model)[0], end="\n\n")
        print(fairness_report(model))
    return 0 if equal else 1


if __name__ == "__main__":
    sys.exit(main())
