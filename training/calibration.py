"""The calibration of the student: one temperature and a bias per class, fitted on development data.

This is vector scaling with one temperature (Guo et al. 2017, "On Calibration of Modern Neural Networks"). Both are
folded into the weights of the output layers, so that calibration costs nothing when texts are scored.
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from spanwise.pipelines.sentiment.artefact import CLASSES
from training.dataset import Example, TargetExample
from training.device import DEVICE
from training.fitting import predict_targets, text_logits
from training.student import Student

PULL = 1e-3  # the weight of the squared biases in the loss, which pulls them towards 0


def calibrate(
    student: Student,
    texts: Sequence[tuple[Sequence[Example], np.ndarray]],
    targets: Sequence[tuple[Sequence[TargetExample], np.ndarray]],
) -> dict[str, list[float]]:
    """Scale the student's output layers in place; return the temperatures and biases. Every corpus counts the same."""
    outputs = [_sentence_outputs(student, examples) for examples, _ in texts]
    labels = [torch.from_numpy(y).to(DEVICE) for _, y in texts]

    def loss_of_texts(scale: Tensor, bias: Tensor) -> Tensor:
        losses = []
        for (rows, owner, count), y in zip(outputs, labels, strict=True):
            changed = torch.cat([rows[:, :CLASSES] * scale + bias, rows[:, CLASSES:]], 1)
            losses.append(F.cross_entropy(student.texts(changed, owner, count), y))
        return torch.stack(losses).mean()

    seen = [(predict_targets(student, rows).to(DEVICE), torch.from_numpy(y).to(DEVICE)) for rows, y in targets]

    def loss_of_targets(scale: Tensor, bias: Tensor) -> Tensor:
        return torch.stack([F.cross_entropy(logits * scale + bias, y) for logits, y in seen]).mean()

    result = {}
    for name, loss, network in (
        ("sentence", loss_of_texts, student.sentence),
        ("target", loss_of_targets, student.toward),
    ):
        scale, bias = _fitted(loss)
        with torch.no_grad():
            network.output.weight[:CLASSES] *= scale
            network.output.bias[:CLASSES] = network.output.bias[:CLASSES] * scale + bias
        result[name] = [1 / float(scale), *bias.tolist()]
    return result


@torch.no_grad()
def _sentence_outputs(student: Student, examples: Sequence[Example]) -> tuple[Tensor, Tensor, int]:
    """Return the outputs [sentences, 4] of all sentences, the text of each [sentences], and the number of texts."""
    alone = [Example([s], e.wanted) for e in examples for s in e.sentences]
    owner = torch.tensor([i for i, e in enumerate(examples) for _ in e.sentences], device=DEVICE)
    rows = [text_logits(student, alone[i : i + 256], raw=True) for i in range(0, len(alone), 256)]
    return torch.cat(rows), owner, len(examples)


def _fitted(loss: Callable[[Tensor, Tensor], Tensor]) -> tuple[Tensor, Tensor]:
    """Minimize `loss(scale, bias)`; return the scale [1] and the bias [classes]."""
    log_scale, bias = (torch.zeros(n, device=DEVICE, requires_grad=True) for n in (1, CLASSES))
    optimizer = torch.optim.LBFGS([log_scale, bias], max_iter=100, line_search_fn="strong_wolfe")

    def step() -> Tensor:
        optimizer.zero_grad()
        value = loss(log_scale.exp(), bias) + PULL * bias.square().sum()
        value.backward()
        return value

    optimizer.step(step)
    return log_scale.exp().detach(), bias.detach()
