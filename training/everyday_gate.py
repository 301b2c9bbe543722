"""`python -m training.everyday_gate DATA MODEL`: put a model of everyday texts beside the general one.

MODEL is the folder of a student of `python -m training --everyday`. Two things are made of it, in the folder
`english_everyday` of the package: the student, whose rows of words that training has hardly read are left out (their
n-grams stand for them), and the gate, which says whose a text is. The gate is a logistic regression that tells made
texts (`everyday.txt`, but for the lines that teach nothing) and words alone from texts of the corpora; AdaGrad (Duchi
et al. 2011), a few passes over single texts. It takes a minute on one core, and needs no PyTorch.
"""

import argparse
import json
import math
import random
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spanwise.pipelines.sentiment import model_folder
from spanwise.pipelines.sentiment.artefact import Artefact, Floats
from spanwise.pipelines.sentiment.characters import SYMBOL, class_of
from spanwise.pipelines.sentiment.gate import POINTS, gate_features, gate_size
from spanwise.pipelines.sentiment.model_choice import everyday_folder
from spanwise.pipelines.sentiment.tokens import tokenize
from training.alike import read_alike
from training.corpora import Corpora
from training.everyday import kept_back, learned, make_everyday

SEED = 1
TWEETS, SENTENCES, PHRASES, POSTS, REVIEWS, TARGETS = 20_000, 8_000, 4_000, 5_000, 3_000, 6_000
EACH = 40  # texts of a line of everyday.txt
PASSES, RATE, DECAY = 4, 0.2, 1e-5
MARGIN = 0.68  # subtracted from each sum: a text in doubt stays with the general model; a word alone does not
WORDS_KEPT = 16_000
ALONE = 6_000


def main() -> None:
    """Make the folder, and print what part of which texts goes through the gate."""
    parser = argparse.ArgumentParser(prog="python -m training.everyday_gate", description=__doc__)
    parser.add_argument("data", type=Path, help="the folder of the corpora")
    parser.add_argument("model", type=Path, help="the folder of the student")
    parser.add_argument("--out", type=Path, help="by default the folder of the package")
    arguments = parser.parse_args()
    general = model_folder("en")
    out: Path = arguments.out or everyday_folder("en")
    corpora = Corpora(arguments.data)
    others, everyday = corpora_texts(corpora), [made.text for made in make_everyday(learned(), EACH, targets_each=EACH)]
    print(f"{len(others)} texts of corpora, {len(everyday)} made ones", flush=True)
    prune(arguments.model, out, (*others, *everyday))
    rows = {key: row for row, key in enumerate(Artefact.load(general).vocabulary)}
    weights = fit_gate(others, [*everyday, *alone(rows)], rows)
    np.save(out / "gate.npy", weights.astype(np.float16), allow_pickle=False)
    unread = [made.text for line in kept_back() for made in make_everyday([line], 6, seed=9, targets_each=6)]
    print("made texts of lines that teach nothing", share(unread, rows, weights))
    for name, texts in corpora.development().items():
        print(name, share([text.text for text in texts], rows, weights))


def corpora_texts(corpora: Corpora) -> list[str]:
    """Return texts of every corpus that the general model was trained on, and sentences of its reviews."""
    chance = random.Random(SEED)

    def some(texts: Iterable[str], most: int) -> list[str]:
        rows = list(texts)
        return chance.sample(rows, min(most, len(rows)))

    reviews = some(corpora.plain_reviews(), REVIEWS)
    found = some((row.text for row in corpora.tweets()), TWEETS)
    found += some((row.text for row in corpora.sentences()), SENTENCES)
    found += some((row.text for row in corpora.phrases() if " " in row.text.strip()), PHRASES)
    found += some(corpora.posts(), POSTS) + reviews
    found += [sentence.strip() for review in reviews for sentence in re.split(r"(?<=[.!?])\s", review)[:4]]
    for rows in corpora.target_texts().values():
        found += some((row.text for row in rows), TARGETS)
    return found


def alone(keys: Iterable[str]) -> list[str]:
    """Return words of a vocabulary, as texts: the second model has learned what words alone say."""
    return random.Random(SEED).sample([key for key in keys if key.isalpha()], ALONE)


def fit_gate(others: Sequence[str], everyday: Sequence[str], rows: dict[str, int]) -> Floats:
    """Return the weights of a gate over a vocabulary with these rows; made texts are those with positive sums."""
    texts = [*others, *everyday]
    features = [np.array(gate_features(text, rows)) for text in texts]
    wanted = np.repeat([0.0, 1.0], [len(others), len(everyday)])
    weights = np.zeros(gate_size(len(rows)))
    squares = np.full(len(weights), 0.1)
    order = np.random.default_rng(SEED)
    for _ in range(PASSES):
        loss = 0.0
        for i in order.permutation(len(texts)):
            own, times = np.unique(features[i], return_counts=True)
            probability = 1 / (1 + math.exp(-float(weights[own] @ times)))
            loss -= math.log(max(1e-9, probability if wanted[i] else 1 - probability))
            gradient = (probability - wanted[i]) * times + DECAY * weights[own]
            squares[own] += gradient**2
            weights[own] -= RATE * gradient / np.sqrt(squares[own])
        print(f"loss {loss / len(texts):.4f}", flush=True)
    weights[len(rows) + 1 :] -= MARGIN  # every text has a number of words
    weights[len(rows) + 2] += 2 * MARGIN
    weights[[row for key, row in rows.items() if class_of(key[0]) == SYMBOL]] = 0  # one beside a text changes nothing
    for alike in groups(rows):
        weights[alike] = weights[alike].mean()
    return weights.astype(np.float16).astype(np.float32)


def groups(rows: Mapping[str, int]) -> list[list[int]]:
    """Return the rows of each group of words that no model may tell apart; see `alike.py`."""
    found: dict[str, list[int]] = {}
    for word, group in read_alike().items():
        if word in rows:
            found.setdefault(group, []).append(rows[word])
    return list(found.values())


def share(texts: Sequence[str], rows: dict[str, int], weights: Floats) -> str:
    """Return what part of texts goes through a gate, as a percentage."""
    through = sum(float(weights[gate_features(text, rows)].sum()) > 0 for text in texts)
    return f"{100 * through / len(texts):.1f} %"


def prune(model: Path, out: Path, texts: Iterable[str]) -> None:
    """Copy a model without its rows of the words that these texts hardly have."""
    artefact = Artefact.load(model)
    counts = Counter(token.key for text in texts for token in tokenize(text[: 4 * POINTS]))
    forced = {*read_alike(), *(key for key in artefact.vocabulary if class_of(key[0]) == SYMBOL)}
    counts.update(dict.fromkeys(forced, 10**9))
    ranked = sorted(range(len(artefact.vocabulary)), key=lambda row: (-counts[artefact.vocabulary[row]], row))
    kept = np.array(sorted(ranked[:WORDS_KEPT]))
    rows: NDArray[np.intp] = np.concatenate([kept, np.arange(len(artefact.vocabulary), len(artefact.embeddings))])
    with np.load(model / "model.npz", allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    arrays["scales"] = arrays["scales"][rows]
    out.mkdir(parents=True, exist_ok=True)
    (out / "vocabulary.txt").write_text("".join(f"{artefact.vocabulary[row]}\n" for row in kept), encoding="utf-8")
    np.save(out / "embeddings.npy", np.ascontiguousarray(artefact.embeddings[rows]), allow_pickle=False)
    np.savez(out / "model.npz", **arrays)
    metadata = {**artefact.metadata, "words_kept": len(kept)}
    (out / "metadata.json").write_text(json.dumps(metadata, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
