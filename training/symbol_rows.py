"""`python -m training.symbol_rows DATA`: give symbols that a trained model hardly read the row of their group.

A model knows only symbols that its corpora hold, and most of these from a handful of texts, so that their rows say
something by chance. Unicode names every symbol, and the name tells its group: happy, sad, plain, a tick, a cross. A
row of a group is learned while all other weights stay as they are, from the group's symbols by themselves and from
symbols beside texts, whose answer must not change. A plain symbol's own row counts the more, the more often training
read it.
"""

import argparse
import json
import random
from collections import Counter
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from spanwise.pipelines.sentiment import load_sentiment_model, model_folder
from spanwise.pipelines.sentiment.artefact import Artefact
from spanwise.pipelines.sentiment.characters import STARS
from spanwise.pipelines.sentiment.tokens import tokenize
from training.corpora import NEUTRAL, Corpora
from training.dataset import Types, build_vocabulary
from training.examples import SURE, triple
from training.recipe import SEED
from training.restoring import restored, rows_of
from training.student import Packed, Student
from training.symbols import HELD_OUT, feeling, ratings, symbols

SEEN = 100  # times that a symbol must be read for half of its own row to count
TEXTS, LONGEST = 6_000, 140  # texts that symbols are put beside; their length in code points
STEPS, BATCH, RATE = 600, 256, 2e-2
ALONE = 0.5  # the share of a batch that is symbols by themselves

Wanted = tuple[float, float, float]


def main() -> None:
    """Write the rows of symbols into the model of a folder."""
    parser = argparse.ArgumentParser(prog="python -m training.symbol_rows", description=__doc__)
    parser.add_argument("data", type=Path, help="the folder of the corpora")
    parser.add_argument("--start", type=Path, default=model_folder("en"), help="the model to begin with")
    parser.add_argument("--out", type=Path, default=model_folder("en"))
    arguments = parser.parse_args()
    corpora, artefact = Corpora(arguments.data), Artefact.load(arguments.start)
    tweets = [row.text for row in corpora.tweets()]
    counts = Counter(token.key for text in [*tweets, *corpora.posts()] for token in tokenize(text))
    texts = random.Random(SEED).sample([t for t in tweets if len(t) <= LONGEST], TEXTS)
    before = load_sentiment_model(arguments.start)
    answers = [triple(np.array(scores.whole)) for scores in before.score(texts, [[(0, len(text))] for text in texts])]
    groups = groups_of_symbols()
    learned = learn(artefact, groups, list(zip(texts, answers, strict=True)))
    write(arguments.start, arguments.out, artefact, rows(artefact, groups, learned, counts))


def groups_of_symbols() -> dict[str, Wanted]:
    """Return what each symbol and each rating in stars should say by itself; symbols of one group want the same."""
    found = {symbol: wanted for symbol in symbols() if (wanted := feeling(symbol))}
    return found | ratings()


def learn(artefact: Artefact, groups: dict[str, Wanted], texts: list[tuple[str, Wanted]]) -> dict[Wanted, np.ndarray]:
    """Learn the row [width] of each group with all else frozen. Symbols that the tests show alone are not needed."""
    torch.manual_seed(SEED)
    types, known = Types(), rows_of(artefact)
    tokens = [tokenize(text) for text, _ in texts]
    numbers = [[types.number(token.key) for token in of_text] for of_text in tokens]
    vocabulary = build_vocabulary(types, known, 0, artefact.buckets)
    student = restored(artefact, known, vocabulary, types).eval().requires_grad_(False)
    wanted = list(dict.fromkeys(wanted for symbol, wanted in groups.items() if symbol not in HELD_OUT))
    with torch.no_grad():
        seen = [student.embedding(torch.tensor(n), torch.tensor([t.flags for t in of_text]))
                for n, of_text in zip(numbers, tokens, strict=True) if n]  # fmt: skip
    answers = [answer for (_, answer), n in zip(texts, numbers, strict=True) if n]
    width = artefact.embeddings.shape[1]
    table = torch.zeros(len(wanted), width, requires_grad=True)
    optimizer, chance = torch.optim.Adam([table], lr=RATE), random.Random(SEED)
    plain = max(range(len(wanted)), key=lambda group: wanted[group][1])
    for _ in range(STEPS):
        batch, goals = [], []
        for _ in range(BATCH):
            if chance.random() < ALONE:
                group = chance.randrange(len(wanted))
                batch.append(table[[group] * chance.choice((1, 1, 1, 2, 3))])
                goals.append(wanted[group])
            else:
                text, symbol = chance.randrange(len(seen)), table[[plain] * chance.choice((1, 1, 2))]
                batch.append(torch.cat([symbol, seen[text]] if chance.random() < 0.5 else [seen[text], symbol]))
                goals.append(answers[text])
        logits = _logits(student, batch)
        loss = -(torch.tensor(goals) * F.log_softmax(logits, 1)).sum(1).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return dict(zip(wanted, table.detach().numpy(), strict=True))


def rows(
    artefact: Artefact, groups: dict[str, Wanted], learned: dict[Wanted, np.ndarray], counts: Counter[str]
) -> dict[str, np.ndarray]:
    """Return the row of each symbol that changes.

    A plain symbol gets a mean of its group's row and its own, which counts the more, the more often it was read. A
    symbol with a feeling keeps its own row, which has learned from posts and made sentences that hold it.
    """
    places = {key: place for place, key in enumerate(artefact.vocabulary)}
    found = {}
    for symbol, group in groups.items():
        row = learned[group]
        if symbol in places and symbol[0] not in STARS:
            if group[NEUTRAL] < SURE:
                continue
            place, share = places[symbol], counts[symbol] / (counts[symbol] + SEEN)
            own = artefact.embeddings[place].astype(np.float32) * artefact.scales[place]
            row = share * own + (1 - share) * row
        found[symbol] = row
    return found


def write(start: Path, folder: Path, artefact: Artefact, changed: dict[str, np.ndarray]) -> None:
    """Write the artefact again with these rows, beside all others as they were, to the last bit."""
    count = len(artefact.vocabulary)
    table = {key: (artefact.embeddings[i], artefact.scales[i]) for i, key in enumerate(artefact.vocabulary)}
    for key, row in changed.items():
        scale = max(float(np.abs(row).max()), 1e-8) / 127
        table[key] = (np.rint(row / scale).astype(np.int8), np.float32(scale))
    keys = sorted(table)
    codes = np.concatenate([np.stack([table[key][0] for key in keys]), artefact.embeddings[count:]])
    scales = np.concatenate([np.array([table[key][1] for key in keys], np.float32), artefact.scales[count:]])
    with np.load(start / "model.npz", allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files} | {"scales": scales}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocabulary.txt").write_text("".join(f"{key}\n" for key in keys), encoding="utf-8")
    np.save(folder / "embeddings.npy", codes, allow_pickle=False)
    np.savez(folder / "model.npz", **arrays)
    metadata = json.loads((start / "metadata.json").read_text("utf-8"))
    metadata["symbols"] = {"rows": len(changed), "seed": SEED}
    (folder / "metadata.json").write_text(json.dumps(metadata, indent=2) + "\n", encoding="utf-8")


def _logits(student: Student, batch: list[torch.Tensor]) -> torch.Tensor:
    packed = Packed(np.array([len(rows) for rows in batch]), student.size.depth)
    return student.sentence(torch.cat(batch), packed)[:, :3]


if __name__ == "__main__":
    main()
