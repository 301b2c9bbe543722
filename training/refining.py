"""`python -m training.refining DATA`: teach a trained model the kinds of `everyday.txt`, and let it forget nothing.

The student starts as the exported model. It learns from made texts, symbols and words alone. Beside them it reads part
of the corpora again, with a mixture of their labels and of what the model said before (Li and Hoiem 2017, "Learning
without Forgetting"). The weights that are written lie between those before and after (Wortsman et al. 2022, "Robust
fine-tuning of zero-shot models"). What this makes does not ship, since it loses on the corpora:
docs/sentiment-training.md has the figures.
"""

import argparse
import json
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch

from spanwise.pipelines.analyzer import Analyzer
from spanwise.pipelines.sentiment import SentimentModel, load_sentiment_model, model_folder, targets_of
from spanwise.pipelines.sentiment.artefact import FORMAT, Artefact
from spanwise.pipelines.sentiment.characters import SYMBOL, class_of
from spanwise.pipelines.sentiment.tokens import EMOTICONS
from training.calibration import calibrate
from training.corpora import NEUTRAL, Corpora, TargetText, Text
from training.dataset import Example, Reader, TargetExample, Types, Vocabulary, build_vocabulary
from training.device import DEVICE
from training.everyday import kept_back, learned, make_everyday
from training.examples import (
    Training,
    made_examples,
    mixed,
    symbol_examples,
    target_examples,
    triple,
    word_examples,
)
from training.export import export
from training.fitting import Pace, fit, predict_texts
from training.lexicon import lexicon
from training.recipe import CALIBRATED, PIPELINE, SEED, Development
from training.restoring import restored, rows_of
from training.student import Student
from training.swapping import Swapper
from training.templates import make

EVERYDAY_EACH, EVERYDAY_TARGETS, EVERYDAY_WEIGHT, TEMPLATES = 24, 40, 1.3, 300
TWEETS, PHRASES, FACTUAL, POSTS, REVIEWS, SENTENCES, LONG = 22_000, 16_000, 6_000, 5_000, 1_500, 12_000, 700
TARGETS = 5_000  # of each corpus but the news, which are all read
LEAST, MOST = 15, 400  # code points of a sentence of a review
GOLD_SHARE = 0.2  # the share of a corpus' own label in the mixture; the rest is what the model said before
PASSES, RATE, PACE = 1.0, 1.2e-3, Pace(tokens=3000, warm_up=50, mean_decay=0.993, compared=3)
SHARE = 0.75  # how far the weights go on the way from those before to those after
ALONE, SELDOM = 9_000, 100

Item = TypeVar("Item")


@dataclass
class Reread:
    """What the student reads: the corpora again, made texts, and made texts of lines that teach nothing, by kind."""

    training: Training
    kept_back: dict[str, list[Example]]


def main() -> None:
    """Refine a model, write it into another folder, and print its figures on development data."""
    parser = argparse.ArgumentParser(prog="python -m training.refining", description=__doc__)
    parser.add_argument("data", type=Path, help="the folder of the corpora")
    parser.add_argument("--start", type=Path, default=model_folder("en"), help="the model to begin with")
    parser.add_argument("--out", type=Path, required=True, help="a folder for the refined model")
    parser.add_argument("--passes", type=float, default=PASSES)
    parser.add_argument("--keep-rows", action="store_true", help="let no known word, n-gram or flag learn")
    parser.add_argument("--share", type=float, default=SHARE)
    arguments = parser.parse_args()
    started = time.monotonic()
    artefact, before = Artefact.load(arguments.start), load_sentiment_model(arguments.start)
    corpora, reader = Corpora(arguments.data), Reader(Analyzer.load(PIPELINE), Types())
    again = corpora_examples(corpora, reader, before)
    development = Development.read(corpora, reader)
    reread = reread_examples(again, reader, before)
    print(f"{len(reread.training.texts)} texts, {time.monotonic() - started:.0f} s", flush=True)
    student, vocabulary = refined(
        artefact, reread.training, reader.types, arguments.passes, arguments.share, keep_rows=arguments.keep_rows
    )
    texts, targets = [development.texts[name] for name in CALIBRATED], list(development.targets.values())
    scaling = calibrate(student, texts, targets)
    found = development.figures(student)
    for name, row in found.items():
        print(f"{name:20} {json.dumps(row)}", flush=True)
    print("kept back", json.dumps(right(student, reread.kept_back)), flush=True)
    metadata: dict[str, Any] = {
        "format": FORMAT, "language": "en", "seed": SEED, "passes": arguments.passes, "share": arguments.share,
        "refined": {key: value for key, value in artefact.metadata.items() if key not in ("format", "refined")},
        "calibration": scaling, "development": found,
    }  # fmt: skip
    export(student, vocabulary, reader.types, arguments.out, metadata)
    print(f"wrote {arguments.out} after {time.monotonic() - started:.0f} s")


def corpora_examples(corpora: Corpora, reader: Reader, before: SentimentModel) -> Training:
    """Read part of the corpora, each text labelled by a mixture of its own label and the model's answer."""
    chance = random.Random(SEED)
    phrases, tweets = corpora.phrases(), corpora.tweets()
    whole = corpora.sentences()
    reviews = chance.sample(corpora.plain_reviews(), min(REVIEWS, len(corpora.plain_reviews())))
    sentences = [
        text[start:end]
        for text, spans in zip(reviews, reader.spans(reviews), strict=True)
        for start, end in spans
        if LEAST <= end - start <= MOST
    ]
    texts: list[Example] = []
    for rows, one, weight in (
        (_some(tweets, TWEETS, chance), False, 1.5),
        (whole, True, 1.2),
        (_some(phrases[: len(phrases) - len(whole)], PHRASES, chance), True, 0.7),
        ([Text(text, -1) for text in _some(corpora.factual(), FACTUAL, chance)], False, 0.7),
        ([Text(text, -1) for text in _some(corpora.posts(), POSTS, chance)], False, 0.7),
        ([Text(text, -1) for text in _some(sentences, SENTENCES, chance)], True, 0.7),
        (_spread(corpora.reviews(), LONG), False, 4.0),
    ):
        texts += _reread(rows, reader, before, whole=one, weight=weight)
    texts += word_examples(reader)
    targets: list[TargetExample] = []
    for name, of_head in corpora.target_texts().items():
        chosen = of_head if name == "news" else _some(of_head, TARGETS, chance)
        targets += target_examples(chosen, _toward(chosen, reader, before), reader, 1.5 if name == "news" else 1.0)
    return Training(texts, targets, [])


def reread_examples(again: Training, reader: Reader, before: SentimentModel) -> Reread:
    """Put made texts, symbols and words alone beside the corpora's texts."""
    everyday = made_examples(
        reader, make_everyday(learned(), EVERYDAY_EACH, targets_each=EVERYDAY_TARGETS), EVERYDAY_WEIGHT
    )
    of_kinds: dict[str, list[Example]] = {}
    for line in kept_back():
        made = make_everyday([line], 6, seed=9, targets_each=0)
        if made:
            of_kinds.setdefault(line.kind, []).extend(made_examples(reader, made, 1.0).texts)
    templates = made_examples(reader, make(TEMPLATES), 0.7)
    texts = [*again.texts, *everyday.texts, *templates.texts, *symbol_examples(reader)]
    texts += _alone(reader, before, random.Random(SEED))
    targets = [*again.targets, *everyday.targets, *templates.targets]
    return Reread(Training(texts, targets, [s for e in texts for s in e.sentences]), of_kinds)


def refined(
    artefact: Artefact, training: Training, types: Types, passes: float, share: float, *, keep_rows: bool = False
) -> tuple[Student, Vocabulary]:
    """Train the model of an artefact on, and return what lies between it before and after, with its vocabulary.

    With `keep_rows`, only those rows learn whose words the artefact lacks.
    """
    torch.manual_seed(SEED)
    swapper, rows = Swapper(types, training.sentences, SEED), rows_of(artefact)
    vocabulary = build_vocabulary(types, [*rows, *lexicon()], 0, artefact.buckets)
    student = restored(artefact, rows, vocabulary, types).to(DEVICE)
    before = {name: values.clone() for name, values in student.state_dict().items()}
    if keep_rows:
        student.embedding.ngrams.requires_grad_(False)
        student.embedding.flags.requires_grad_(False)
        fresh = torch.tensor([[float(key not in rows)] for key in vocabulary.keys], device=DEVICE)
        student.embedding.words.register_hook(lambda gradient: gradient * fresh)
    texts, targets = training.texts, training.targets
    student = fit(student, texts, targets, swapper, epochs=passes, seed=SEED, rate=RATE, finishing=True, pace=PACE)
    student.load_state_dict(between(before, student.state_dict(), share))
    return student, vocabulary


def between(before: dict[str, torch.Tensor], after: dict[str, torch.Tensor], share: float) -> dict[str, torch.Tensor]:
    """Return the weights that lie `share` of the way from those before to those after."""
    return {name: torch.lerp(before[name], values, share) for name, values in after.items()}


def right(student: Student, of_kinds: dict[str, list[Example]]) -> dict[str, float]:
    """Return the share of texts whose most probable class is the wanted one, by kind."""
    found = {}
    for kind, examples in of_kinds.items():
        wanted = np.array([e.wanted for e in examples]).argmax(1)
        found[kind] = round(float((predict_texts(student, examples).argmax(1).numpy() == wanted).mean()), 3)
    return found


def _some(rows: Sequence[Item], count: int, chance: random.Random) -> list[Item]:
    return chance.sample(rows, min(count, len(rows)))


def _spread(rows: list[Text], count: int) -> list[Text]:
    return rows[:: max(1, len(rows) // count)]


def _reread(
    rows: Sequence[Text], reader: Reader, before: SentimentModel, *, whole: bool, weight: float
) -> list[Example]:
    texts = [row.text for row in rows]
    spans = [[(0, len(text))] for text in texts] if whole else reader.spans(texts)
    soft = np.array([scores.whole for scores in before.score(texts, spans)], dtype=np.float32)
    wanted = mixed(soft, [row.label for row in rows], GOLD_SHARE)
    read = reader.read(texts, whole=whole)
    return [Example(s, triple(w), weight) for s, w in zip(read, wanted, strict=True) if s]


def _toward(rows: Sequence[TargetText], reader: Reader, before: SentimentModel) -> np.ndarray:
    texts = [row.text for row in rows]
    targets = [targets_of(len(row.text), [row], spans) for row, spans in zip(rows, reader.spans(texts), strict=True)]
    soft = np.array([scores for (scores,) in before.score_targets(texts, targets)], dtype=np.float32)
    return mixed(soft, [row.label for row in rows], GOLD_SHARE)


def _alone(reader: Reader, before: SentimentModel, chance: random.Random) -> list[Example]:
    """Build examples of words alone, which are the more neutral the more seldom the corpora have them."""
    opinions, types = set(lexicon()), reader.types
    keys = [
        key
        for key, number in types.numbers.items()
        if types.counts[number] and key not in opinions and class_of(key[0]) != SYMBOL and key not in EMOTICONS
    ]
    keys = chance.sample(keys, min(ALONE, len(keys)))
    soft = [scores.whole for scores in before.score(keys, [[(0, len(key))] for key in keys])]
    result = []
    for key, scores in zip(keys, soft, strict=True):
        number = types.numbers[key]
        share = types.counts[number] / (types.counts[number] + SELDOM)
        wanted = 0.8 * share * np.array(scores)
        wanted += 0.01
        wanted[NEUTRAL] += 1 - wanted.sum()
        for spelled in sorted({key, key.upper() if chance.random() < 0.4 else key.title()}):
            sentence = reader.sentence(spelled, 0, len(spelled))
            if len(sentence.types):
                result.append(Example([sentence], triple(wanted), 0.4))
    return result


if __name__ == "__main__":
    main()
