"""Scores that mean what they say: a temperature and a bias per class, fitted on development data.

Vector scaling with one temperature (Guo et al. 2017, "On Calibration of Modern Neural Networks"). Both are folded into
the output layers: nothing is left to do when texts are scored.
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from training.dataset import Example, TargetExample
from training.fitting import predict_targets, text_logits
from training.student import CLASSES, Student

PULL = 1e-3  # towards no bias


def calibrate(
    student: Student,
    texts: Sequence[tuple[Sequence[Example], np.ndarray]],
    targets: Sequence[tuple[Sequence[TargetExample], np.ndarray]],
) -> dict[str, list[float]]:
    """Changes the student; returns temperatures and biases. Every corpus counts the same."""
    outputs = [_sentence_outputs(student, examples) for examples, _ in texts]
    labels = [torch.from_numpy(y) for _, y in texts]

    def of_texts(scale: Tensor, bias: Tensor) -> Tensor:
        losses = []
        for (rows, owner, count), y in zip(outputs, labels, strict=True):
            changed = torch.cat([rows[:, :CLASSES] * scale + bias, rows[:, CLASSES:]], 1)
            losses.append(F.cross_entropy(student.texts(changed, owner, count), y))
        return torch.stack(losses).mean()

    seen = [(predict_targets(student, examples), torch.from_numpy(y)) for examples, y in targets]

    def of_targets(scale: Tensor, bias: Tensor) -> Tensor:
        return torch.stack([F.cross_entropy(logits * scale + bias, y) for logits, y in seen]).mean()

    result = {}
    for name, loss, network in (
        ("sentence", of_texts, student.sentence),
        ("target", of_targets, student.toward),
    ):
        scale, bias = _fitted(loss)
        with torch.no_grad():
            network.output.weight[:CLASSES] *= scale
            network.output.bias[:CLASSES] = network.output.bias[:CLASSES] * scale + bias
        result[name] = [1 / float(scale), *bias.tolist()]
    return result


@torch.no_grad()
def _sentence_outputs(student: Student, examples: Sequence[Example]) -> tuple[Tensor, Tensor, int]:
    alone = [Example([s], e.wanted) for e in examples for s in e.sentences]
    owner = torch.tensor([i for i, e in enumerate(examples) for _ in e.sentences])
    rows = [raw_outputs(student, alone[i : i + 256]) for i in range(0, len(alone), 256)]
    return torch.cat(rows), owner, len(examples)


def raw_outputs(student: Student, examples: Sequence[Example]) -> Tensor:
    """[sentences, 4] of examples of one sentence each."""
    return text_logits(student, examples, raw=True)


def _fitted(loss: Callable[[Tensor, Tensor], Tensor]) -> tuple[Tensor, Tensor]:
    log_scale, bias = torch.zeros(1, requires_grad=True), torch.zeros(CLASSES, requires_grad=True)
    optimizer = torch.optim.LBFGS([log_scale, bias], max_iter=100, line_search_fn="strong_wolfe")

    def step() -> Tensor:
        optimizer.zero_grad()
        value = loss(log_scale.exp(), bias) + PULL * bias.square().sum()
        value.backward()
        return value

    optimizer.step(step)
    return log_scale.exp().detach(), bias.detach()
