"""The student's training on texts and targets together, with soft labels and a running mean of the weights."""

import copy
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from spanwise.pipelines.sentiment.reference_model import WINDOW
from spanwise.pipelines.sentiment.tokens import CAPITALS, TITLE
from training.capitals import Shouter, with_feeling
from training.corpora import NEGATIVE, POSITIVE
from training.dataset import Example, Ints, TargetExample
from training.device import DEVICE
from training.joining import Joiner
from training.student import Bags, Packed, Student
from training.swapping import Swapper

RATE = 2e-3
PAIR_NEUTRAL = 0.15  # the weight of "not neutral" in the loss of a text whose corpus knows only negative and positive
REPORT = 50  # steps
SHORT = 2  # sentences: only texts no longer than this are compared with other versions of themselves


class Pace(NamedTuple):
    """How training goes on: the `tokens` of texts in a step (of targets half as many), the steps of warm-up, and the
    decay of the running mean. Every `compared`th step compares texts with other versions of themselves.
    """

    tokens: int = 5000
    warm_up: int = 200
    mean_decay: float = 0.998
    compared: int = 1


PACE = Pace()


def fit(
    student: Student,
    texts: Sequence[Example],
    targets: Sequence[TargetExample],
    swapper: Swapper,
    *,
    epochs: float,
    seed: int = 1,
    rate: float = RATE,
    finishing: bool = False,
    pace: Pace = PACE,
) -> Student:
    """Train the student, and return a copy with the running mean of its weights over the steps.

    With `finishing`, half of the targets get another target's sentence beside their own, and the loss of some steps
    also counts how much a text's probabilities change when its names are swapped, and how much capitals weaken its
    feeling.
    """
    random = np.random.default_rng(seed)
    torch.manual_seed(seed)
    joiner = Joiner(targets, swapper, seed) if finishing and targets else None
    shouter = Shouter(swapper.types, seed)
    optimizer = torch.optim.Adam(student.parameters(), lr=rate, betas=(0.9, 0.99), fused=True)
    mean = copy.deepcopy(student)
    averages, values = list(mean.parameters()), list(student.parameters())
    sizes = [sum(len(s.types) for s in e.sentences) for e in texts], [len(e.sentence.types) for e in targets]
    steps = max(1, int(sum(sizes[0]) * epochs) // pace.tokens)
    text_batches = endless(sizes[0], pace.tokens, random)
    target_batches = endless(sizes[1], pace.tokens // 2, random) if targets else None
    student.train()
    started, losses = time.monotonic(), torch.zeros(2, device=DEVICE)
    for step in range(1, steps + 1):
        for group in optimizer.param_groups:
            group["lr"] = rate * min(step / pace.warm_up, max(0.02, 1 - step / steps))
        batch = [texts[i] for i in next(text_batches)]
        text_loss = loss_of_texts(student, batch, swapper)
        loss = text_loss
        if finishing and step % pace.compared == 0:
            loss = loss + loss_of_names(student, batch, swapper) + loss_of_capitals(student, batch, shouter)
        if target_batches:
            chosen = [targets[i] for i in next(target_batches)]
            target_loss = loss_of_targets(student, joiner.joined(chosen) if joiner else chosen, swapper)
            loss = loss + target_loss
            losses[1] += target_loss.detach()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(student.parameters(), 5.0)
        optimizer.step()
        losses[0] += text_loss.detach()
        decay = min(pace.mean_decay, step / (step + 10))
        with torch.no_grad():
            torch._foreach_lerp_(averages, values, 1 - decay)
        if step % REPORT == 0:
            shown = " ".join(f"{x / REPORT:.4f}" for x in losses.tolist())
            print(f"student {step}/{steps} losses {shown} {time.monotonic() - started:.0f} s", flush=True)
            losses.zero_()
    mean.eval()
    return mean


def endless(sizes: Sequence[int], tokens: int, random: np.random.Generator) -> Iterator[list[int]]:
    """Yield batches of indices of about `tokens` tokens without end, each pass in a new order."""
    while True:
        batch: list[int] = []
        filled = 0
        for i in random.permutation(len(sizes)):
            batch.append(int(i))
            filled += sizes[i]
            if filled >= tokens:
                yield batch
                batch, filled = [], 0
        if batch:
            yield batch


def text_logits(
    student: Student, examples: Sequence[Example], swapper: Swapper | None = None, *, raw: bool = False
) -> Tensor:
    """Return the logits [texts, 3] or, if `raw`, the outputs of all sentences [sentences, 4]."""
    sentences = [(s, i) for i, example in enumerate(examples) for s in example.sentences]
    tokens = [swapper.swapped(s)[:2] if swapper else (s.types, s.flags) for s, _ in sentences]
    packed = Packed(np.array([len(types) for types, _ in tokens]), student.size.depth)
    outputs = student.sentences(*_joined(tokens), packed)
    if raw:
        return outputs
    return student.texts(outputs, torch.tensor([i for _, i in sentences], device=DEVICE), len(examples))


def loss_of_texts(student: Student, examples: Sequence[Example], swapper: Swapper | None) -> Tensor:
    """Return the cross entropy with soft labels; for pairs, that of two classes plus a share of that of three."""
    logits = text_logits(student, examples, swapper)
    wanted = torch.tensor([e.wanted for e in examples], device=DEVICE)
    weight = torch.tensor([e.weight for e in examples], device=DEVICE)
    pair = torch.tensor([e.pair for e in examples], device=DEVICE)
    full = -(wanted * F.log_softmax(logits, 1)).sum(1)
    sides = [NEGATIVE, POSITIVE]
    two = -(wanted[:, sides] * F.log_softmax(logits[:, sides], 1)).sum(1)
    loss = torch.where(pair, PAIR_NEUTRAL * full + (1 - PAIR_NEUTRAL) * two, full)
    return (loss * weight).sum() / weight.sum()


def loss_of_names(student: Student, examples: Sequence[Example], swapper: Swapper) -> Tensor:
    """Return Jeffreys' divergence between the probabilities of two versions of a text that have other names."""
    named = [e for e in examples if len(e.sentences) <= SHORT and any(s.names for s in e.sentences)]
    if not named:
        return torch.zeros((), device=DEVICE)
    one, other = (F.log_softmax(text_logits(student, named, swapper), 1) for _ in range(2))
    return ((one.exp() - other.exp()) * (one - other)).sum(1).mean()


def loss_of_capitals(student: Student, examples: Sequence[Example], shouter: Shouter) -> Tensor:
    """Return how much capitals lower the logarithm of the probability of a text's own side; 0 where they raise it."""
    emotional = [e for e in with_feeling(examples) if len(e.sentences) <= SHORT]
    if not emotional:
        return torch.zeros((), device=DEVICE)
    side = torch.tensor(
        [POSITIVE if e.wanted[POSITIVE] > e.wanted[NEGATIVE] else NEGATIVE for e in emotional], device=DEVICE
    )
    with torch.no_grad():
        quiet = F.log_softmax(text_logits(student, emotional), 1)
    loud = F.log_softmax(text_logits(student, [shouter.shouted(e) for e in emotional]), 1)
    rows = torch.arange(len(emotional), device=DEVICE)
    return F.relu(quiet[rows, side] - loud[rows, side]).mean()


def target_logits(student: Student, examples: Sequence[TargetExample], swapper: Swapper | None = None) -> Tensor:
    """Return the logits [targets, 3]; with a swapper, names other than the target are swapped first."""
    tokens: list[tuple[Ints, Ints]] = []
    places, distances, lengths = [], [], []
    common: list[tuple[Ints, Ints, int]] = []
    done = 0
    for i, example in enumerate(examples):
        types, flags, place = example.sentence.types, example.sentence.flags, example.first
        if swapper:
            types, flags, place = swapper.swapped(example.sentence, (example.first, example.end))
        end = place + example.end - example.first
        plain = flags[place:end] & (CAPITALS | TITLE) == 0
        common.append((types[place:end][plain], flags[place:end][plain], i))
        before, after = max(0, place - WINDOW), end + WINDOW
        types, flags = (np.concatenate([x[before : place + 1], x[end:after]]) for x in (types, flags))
        tokens.append((types, flags))
        lengths.append(len(types))
        places.append(done + place - before)
        distances.append(np.arange(len(types)) - (place - before))
        done += len(types)
    packed = Packed(np.array(lengths), student.size.target_depth)
    bags = Bags(
        *_joined([(types, flags) for types, flags, _ in common]),
        torch.tensor([i for types, _, i in common for _ in types], dtype=torch.long, device=DEVICE),
        torch.tensor([1 / len(types) for types, _, _ in common for _ in types], device=DEVICE),
    )
    return student.towards(
        *_joined(tokens),
        packed,
        places=torch.tensor(places, device=DEVICE),
        distances=torch.from_numpy(np.concatenate(distances)).to(DEVICE),
        common=bags,
    )


def loss_of_targets(student: Student, examples: Sequence[TargetExample], swapper: Swapper | None) -> Tensor:
    """Return the cross entropy with soft labels."""
    logits = target_logits(student, examples, swapper)
    wanted = torch.tensor([e.wanted for e in examples], device=DEVICE)
    weight = torch.tensor([e.weight for e in examples], device=DEVICE)
    return (-(wanted * F.log_softmax(logits, 1)).sum(1) * weight).sum() / weight.sum()


@torch.no_grad()
def predict_texts(student: Student, examples: Sequence[Example], at_once: int = 256) -> Tensor:
    """Return the logits [texts, 3], computed without gradients for `at_once` texts at a time."""
    parts = [text_logits(student, examples[i : i + at_once]) for i in range(0, len(examples), at_once)]
    return torch.cat(parts).cpu()


@torch.no_grad()
def predict_targets(student: Student, examples: Sequence[TargetExample], at_once: int = 256) -> Tensor:
    """Return the logits [targets, 3], computed without gradients for `at_once` targets at a time."""
    parts = [target_logits(student, examples[i : i + at_once]) for i in range(0, len(examples), at_once)]
    return torch.cat(parts).cpu()


def _joined(tokens: Sequence[tuple[Ints, Ints]]) -> tuple[Tensor, Tensor]:
    types, flags = (np.concatenate([token[k] for token in tokens]) for k in (0, 1))
    return torch.from_numpy(types).to(DEVICE).long(), torch.from_numpy(flags).to(DEVICE).long()
