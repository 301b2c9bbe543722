"""The teacher: the encoder with one linear head per corpus, fine-tuned on all of them at once.

The corpora do not agree on what is neutral, so each has a head of its own. A target's pieces are marked by another kind
than the rest of the text, and a head sees their mean beside the mean of the text (Gao et al. 2019, "Target-Dependent
Sentiment Classification With BERT").
"""

import random
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from spanwise.pipelines.sentiment.artefact import CLASSES
from training.corpora import Corpora
from training.device import DEVICE, HALVES
from training.encoder import WIDTH, Encoder, load_tokenizer

HEADS = ("film", "tweet", "news", "mams", "twitter", "sem14")
PASSES = 2
PHRASES, MIN_WORDS = 80_000, 4  # the number of phrases at most, and the least number of words in each
BATCH_PIECES, LEARNING_RATE, HEAD_RATE, WARM_UP = 1024, 1e-4, 1e-3, 300


class Example(NamedTuple):
    """A text as word pieces. The kind of a piece is 1 for those of a target, 0 for all others."""

    pieces: list[int]
    kinds: list[int]
    head: int
    label: int


class Teacher(nn.Module):
    """The encoder with a linear head per corpus. Calling it returns logits [texts, heads, 3]."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = Encoder()
        self.heads = nn.ModuleList(nn.Linear(3 * WIDTH, CLASSES) for _ in HEADS)

    def forward(self, pieces: Tensor, kinds: Tensor, lengths: Tensor) -> Tensor:
        """Return logits [texts, heads, 3]; for the arguments see `Encoder.forward`."""
        with torch.autocast(DEVICE.type, torch.bfloat16, enabled=HALVES):
            x = self.encoder(pieces, kinds, lengths)
        x = x.float()
        there = (torch.arange(pieces.shape[1], device=DEVICE)[None] < lengths[:, None]).unsqueeze(-1)
        target = (x * kinds.unsqueeze(-1)).sum(1) / kinds.sum(1, keepdim=True).clamp(min=1)
        pooled = torch.cat([x[:, 0], (x * there).sum(1) / lengths[:, None], target], 1)
        pooled = F.dropout(pooled, 0.1, self.training)
        return torch.stack([head(pooled) for head in self.heads], 1)

    @torch.no_grad()
    def predict(self, examples: Sequence[Example]) -> Tensor:
        """Return logits [examples, heads, 3] in the order of the examples."""
        self.eval()
        out = torch.zeros(len(examples), len(HEADS), CLASSES)
        for batch in batches(examples, 4 * BATCH_PIECES):
            out[batch] = self(*collate(examples, batch)).cpu()
        return out


def encode(texts: Sequence[str], head: str = HEADS[0], labels: Sequence[int] | None = None) -> list[Example]:
    """Encode texts as examples for one head."""
    found = load_tokenizer().encode_batch(list(texts))
    given = labels or [0] * len(texts)
    return [Example(e.ids, e.type_ids, HEADS.index(head), y) for e, y in zip(found, given, strict=True)]


def encode_targets(
    rows: Sequence[tuple[str, int, int]], head: str = "news", labels: Sequence[int] | None = None
) -> list[Example]:
    """Encode texts with a target, `(text, start, end)`, as examples for one head."""
    found = load_tokenizer().encode_batch([text for text, _, _ in rows])
    given = labels or [0] * len(rows)
    return [
        Example(e.ids, [int(first < end and last > start) for first, last in e.offsets], HEADS.index(head), y)
        for e, (_, start, end), y in zip(found, rows, given, strict=True)
    ]


def batches(examples: Sequence[Example], pieces: int, chance: random.Random | None = None) -> Iterator[list[int]]:
    """Return batches of indices of examples of about one length, up to `pieces` pieces each; shuffled by `chance`."""
    order = list(range(len(examples)))
    if chance:
        chance.shuffle(order)
    found = []
    for first in range(0, len(order), 4096):
        batch: list[int] = []
        for i in sorted(order[first : first + 4096], key=lambda i: len(examples[i].pieces)):
            if batch and (len(batch) + 1) * len(examples[i].pieces) > pieces:
                found.append(batch)
                batch = []
            batch.append(i)
        found.append(batch)
    if chance:
        chance.shuffle(found)
    return iter(found)


def collate(examples: Sequence[Example], batch: Sequence[int]) -> tuple[Tensor, Tensor, Tensor]:
    """Return the pieces and kinds [texts, longest] and the lengths [texts] of a batch."""
    chosen = [examples[i] for i in batch]
    lengths = torch.tensor([len(e.pieces) for e in chosen])
    pieces = torch.zeros(len(chosen), int(lengths.max()), dtype=torch.long)
    kinds = torch.zeros_like(pieces)
    for row, example in enumerate(chosen):
        pieces[row, : len(example.pieces)] = torch.tensor(example.pieces)
        kinds[row, : len(example.pieces)] = torch.tensor(example.kinds)
    return pieces.to(DEVICE), kinds.to(DEVICE), lengths.to(DEVICE)


def fit_teacher(corpora: Corpora, seed: int = 1) -> Teacher:
    """Fine-tune a teacher in `PASSES` passes over the corpora, of 3.3 million word pieces each."""
    chance = random.Random(seed)
    torch.manual_seed(seed)
    phrases = [t for t in corpora.phrases() if len(t.text.split()) >= MIN_WORDS]
    examples = []
    for head, texts in (("film", chance.sample(phrases, min(PHRASES, len(phrases)))), ("tweet", corpora.tweets())):
        examples += encode([t.text for t in texts], head, [t.label for t in texts])
    for head, rows in corpora.target_texts().items():
        examples += encode_targets([row[:3] for row in rows], head, [row.label for row in rows])
    return _fit(examples, chance)


def _fit(examples: list[Example], chance: random.Random) -> Teacher:
    teacher = Teacher().to(DEVICE)
    teacher.train()
    order = [batch for _ in range(PASSES) for batch in batches(examples, BATCH_PIECES, chance)]
    steps = len(order)
    body = [p for p in teacher.encoder.parameters() if p.requires_grad]
    groups = [{"params": body, "lr": LEARNING_RATE}, {"params": teacher.heads.parameters(), "lr": HEAD_RATE}]
    optimizer = torch.optim.AdamW(groups, weight_decay=0.01, fused=True)
    rate = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda i: min((i + 1) / WARM_UP, max(0.02, (steps - i) / max(1, steps - WARM_UP)))
    )
    started, total = time.monotonic(), torch.zeros((), device=DEVICE)
    for step, batch in enumerate(order, 1):
        logits = teacher(*collate(examples, batch))
        head, label = (torch.tensor([examples[i][k] for i in batch], device=DEVICE) for k in (2, 3))
        loss = F.cross_entropy(logits[torch.arange(len(batch), device=DEVICE), head], label)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(body, 1.0)
        optimizer.step()
        rate.step()
        total += loss.detach()
        if step % 200 == 0 or step == steps:
            print(
                f"teacher {step}/{steps} loss {float(total) / 200:.3f} {time.monotonic() - started:.0f} s", flush=True
            )
            total.zero_()
    return teacher
