"""`python -m training.refining DATA`: teach a model the kinds of `everyday.txt`, and let it forget nothing.

The student starts as the exported model. It learns from made texts, symbols and words alone; beside them it reads the
corpora again, with a mixture of their labels and of what the model said before (Li and Hoiem 2017, "Learning without
Forgetting").
"""

import argparse
import json
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from spanwise.pipelines.analyzer import Analyzer
from spanwise.pipelines.sentiment import SentimentModel, load_sentiment_model, model_folder, targets_of
from spanwise.pipelines.sentiment.artefact import FORMAT, Artefact
from spanwise.pipelines.sentiment.artefact import Network as Weights
from spanwise.pipelines.sentiment.characters import SYMBOL, class_of, folded
from spanwise.pipelines.sentiment.tokens import EMOTICONS
from training.calibration import calibrate
from training.corpora import NEUTRAL, Corpora, TargetText, Text
from training.dataset import Example, Reader, TargetExample, Types, Vocabulary, build_vocabulary
from training.device import DEVICE
from training.everyday import make_everyday
from training.examples import (
    Training,
    long_reviews,
    made_examples,
    mixed,
    symbol_examples,
    target_examples,
    triple,
    word_examples,
)
from training.export import export
from training.fitting import fit
from training.lexicon import lexicon
from training.recipe import CALIBRATED, PIPELINE, SEED, Development
from training.student import Network, Size, Student
from training.swapping import Swapper
from training.templates import make

EVERYDAY_EACH, EVERYDAY_WEIGHT, TEMPLATES = 60, 1.2, 1500
PHRASES, REVIEWS, PLAIN = 30_000, 2_000, 8_000
GOLD_SHARE = 0.4
PASSES, RATE = 2, 1e-3
ALONE, SELDOM = 12_000, 100


@dataclass(frozen=True)
class Ground:
    """What `Development.read` needs."""

    corpora: Corpora
    reader: Reader


def main() -> None:
    """Refine the model of a folder in place, and print its figures on development data."""
    parser = argparse.ArgumentParser(prog="python -m training.refining", description=__doc__)
    parser.add_argument("data", type=Path, help="the folder of the corpora")
    parser.add_argument("--start", type=Path, default=model_folder("en"), help="the model to begin with")
    parser.add_argument("--out", type=Path, default=model_folder("en"))
    parser.add_argument("--passes", type=int, default=PASSES)
    arguments = parser.parse_args()
    started = time.monotonic()
    torch.manual_seed(SEED)
    artefact, before = Artefact.load(arguments.start), load_sentiment_model(arguments.start)
    corpora, reader = Corpora(arguments.data), Reader(Analyzer.load(PIPELINE), Types())
    training = _training(corpora, reader, before)
    development = Development.read(Ground(corpora, reader))  # type: ignore[arg-type]
    swapper = Swapper(reader.types, training.sentences, SEED)
    rows = _rows(artefact)
    vocabulary = build_vocabulary(reader.types, [*rows, *lexicon()], 0, artefact.buckets)
    student = restored(artefact, rows, vocabulary, reader.types).to(DEVICE)
    print(
        f"{len(training.texts)} texts, {len(training.targets)} targets, {time.monotonic() - started:.0f} s", flush=True
    )
    student = fit(
        student,
        training.texts,
        training.targets,
        swapper,
        epochs=arguments.passes,
        seed=SEED,
        rate=RATE,
        finishing=True,
    )
    texts, targets = [development.texts[name] for name in CALIBRATED], list(development.targets.values())
    scaling = calibrate(student, texts, targets)
    found = development.figures(student)
    for name, row in found.items():
        print(f"{name:20} {json.dumps(row)}", flush=True)
    metadata: dict[str, Any] = {
        "format": FORMAT, "language": "en", "seed": SEED, "passes": arguments.passes,
        "refined": {key: value for key, value in artefact.metadata.items() if key not in ("format", "refined")},
        "calibration": scaling, "development": found,
    }  # fmt: skip
    export(student, vocabulary, reader.types, arguments.out, metadata)
    print(f"wrote {arguments.out} after {time.monotonic() - started:.0f} s")


def restored(artefact: Artefact, rows: dict[str, int], vocabulary: Vocabulary, types: Types) -> Student:
    """Build a student that computes what the exported model computes; words that it lacks begin as their n-grams."""
    depth, target_depth = len(artefact.sentence.gain), len(artefact.target.gain)
    _, width, pieces, _ = artefact.sentence.weights.shape
    size = Size(
        width=width, depth=depth, target_depth=target_depth, pieces=pieces, heads=len(artefact.sentence.attention),
        hidden=len(artefact.sentence.hidden), buckets=artefact.buckets,
    )  # fmt: skip
    values = artefact.embeddings.astype(np.float32) * artefact.scales[:, None]
    words, ngrams = values[: len(artefact.vocabulary)], values[len(artefact.vocabulary) :]
    beginnings = np.zeros((len(vocabulary.keys), width), dtype=np.float32)
    for place, key in enumerate(vocabulary.keys):
        number = types.numbers[key]
        bag = ngrams[vocabulary.ngrams[vocabulary.starts[number] : vocabulary.starts[number + 1]]].mean(0)
        if key in rows:
            beginnings[place] = words[rows[key]] - bag
    student = Student(size, vocabulary, torch.from_numpy(beginnings))
    with torch.no_grad():
        for parameter, array in (
            (student.embedding.ngrams, ngrams), (student.embedding.flags, artefact.flags),
            (student.positions, artefact.positions), (student.mask, artefact.mask), (student.text_bias, artefact.bias),
            (student.exponent, np.array([artefact.exponent], dtype=np.float32)),
        ):  # fmt: skip
            parameter.copy_(torch.from_numpy(np.ascontiguousarray(array)))
        _restore(student.sentence, artefact.sentence)
        _restore(student.toward, artefact.target)
    return student


def _restore(network: Network, weights: Weights) -> None:
    def flat(array: np.ndarray) -> torch.Tensor:
        moved = np.moveaxis(array, 1, 0)  # pieces first
        return torch.from_numpy(np.ascontiguousarray(moved.reshape(-1, *array.shape[2:])))

    for layer, convolution in enumerate(network.convolutions):
        convolution.weight.copy_(flat(weights.weights[layer]))
        convolution.bias.copy_(flat(weights.bias[layer]))
    network.gain.copy_(torch.from_numpy(weights.gain))
    network.shift.copy_(torch.from_numpy(weights.shift))
    network.attention.copy_(torch.from_numpy(weights.attention))
    network.hidden.weight.copy_(flat(weights.hidden))
    network.hidden.bias.copy_(flat(weights.hidden_bias))
    network.output.weight.copy_(torch.from_numpy(weights.output))
    network.output.bias.copy_(torch.from_numpy(weights.output_bias))


def _rows(artefact: Artefact) -> dict[str, int]:
    """Return the row of each word, by the key that it is read as today."""
    found = {key: row for row, key in enumerate(artefact.vocabulary)}
    for key, row in list(found.items()):
        read_as = key if key in EMOTICONS else "".join(map(folded, key))
        found.setdefault(read_as or key, row)
    return {key: row for key, row in found.items() if key in EMOTICONS or key == "".join(map(folded, key))}


def _training(corpora: Corpora, reader: Reader, before: SentimentModel) -> Training:
    chance = random.Random(SEED)
    phrases = corpora.phrases()
    plain = chance.sample(corpora.factual(), PLAIN) + chance.sample(corpora.posts(), PLAIN)
    reviews = chance.sample(corpora.plain_reviews(), 600)
    sentences = [text[s:e] for text, spans in zip(reviews, reader.spans(reviews), strict=True) for s, e in spans]
    texts: list[Example] = []
    for rows, whole, weight in (
        (corpora.tweets(), False, 1.5),
        ([*phrases[-len(phrases) // 16 :], *chance.sample(phrases, PHRASES)], True, 1.0),
        ([Text(text, -1) for text in plain], False, 0.7),
        ([Text(text, -1) for text in sentences], True, 0.7),
    ):
        texts += _reread(rows, reader, before, whole=whole, weight=weight)
    texts += long_reviews(corpora, reader, REVIEWS)
    texts += word_examples(reader)
    texts += symbol_examples(reader)
    targets: list[TargetExample] = []
    for name, of_head in corpora.target_texts().items():
        targets += target_examples(of_head, _toward(of_head, reader, before), reader, 1.5 if name == "news" else 1.0)
    everyday = made_examples(reader, make_everyday(EVERYDAY_EACH), EVERYDAY_WEIGHT)
    templates = made_examples(reader, make(TEMPLATES), 0.7)
    texts += [*everyday.texts, *templates.texts]
    targets += [*everyday.targets, *templates.targets]
    texts += _alone(reader, before, chance)
    return Training(texts, targets, [s for e in texts for s in e.sentences])


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
        for spelled in {key, key.upper() if chance.random() < 0.4 else key.title()}:
            sentence = reader.sentence(spelled, 0, len(spelled))
            if len(sentence.types):
                result.append(Example([sentence], triple(wanted), 0.4))
    return result


if __name__ == "__main__":
    main()
