"""The first values of the student's words: the encoder's vectors of each word, before and after fine-tuning.

A symbol begins as its name.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from training.device import DEVICE
from training.encoder import WIDTH, Encoder
from training.symbols import words_of
from training.teacher import Teacher, batches, collate, encode

SPREAD = 0.3  # the root mean square of the values
TUNED_SHARE = 1 / 3  # the share of a word's values that come from the fine-tuned encoder


def initial_words(keys: Sequence[str], teacher: Teacher, width: int) -> Tensor:
    """Return [keys, width]: the principal components of the mean of each word's pieces."""
    tuned = int(width * TUNED_SHARE)
    parts = [
        _components(_means(keys, encoder), n) for encoder, n in ((Encoder(), width - tuned), (teacher.encoder, tuned))
    ]
    return torch.cat(parts, 1)


@torch.no_grad()
def _means(keys: Sequence[str], encoder: Encoder) -> Tensor:
    """Return the mean [keys, encoder's width] of the encoder's outputs for each word's pieces."""
    encoder.to(DEVICE).eval()
    examples = encode([words_of(key) for key in keys])
    out = torch.zeros(len(keys), WIDTH)
    for batch in batches(examples, 8192):
        pieces, kinds, lengths = collate(examples, batch)
        x = encoder(pieces, kinds, lengths)
        there = torch.arange(pieces.shape[1], device=DEVICE)[None] < lengths[:, None]
        out[batch] = ((x * there.unsqueeze(-1)).sum(1) / lengths[:, None]).cpu()
    return out


def _components(x: Tensor, count: int) -> Tensor:
    """Return the first `count` principal components of `x` [keys, values], scaled to `SPREAD`."""
    x = x - x.mean(0)
    _, _, directions = torch.linalg.svd(x[:: max(1, len(x) // 8000)], full_matrices=False)
    found = x @ directions[:count].T
    return found / found.square().mean().sqrt() * SPREAD
