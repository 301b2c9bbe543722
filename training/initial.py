"""Where the student's words begin: the encoder's idea of each word, before and after it was fine-tuned."""

from collections.abc import Sequence

import torch
from torch import Tensor

from training.encoder import Encoder
from training.teacher import Teacher, batches, collate, encode

SPREAD = 0.3  # root mean square of a value
TUNED_SHARE = 1 / 3  # of the values that come from the fine-tuned encoder


def initial_words(keys: Sequence[str], teacher: Teacher, width: int) -> Tensor:
    """[keys, width]: principal components of the mean of each word's pieces."""
    tuned = int(width * TUNED_SHARE)
    parts = [
        _components(_means(keys, encoder), n) for encoder, n in ((Encoder(), width - tuned), (teacher.encoder, tuned))
    ]
    return torch.cat(parts, 1)


@torch.no_grad()
def _means(keys: Sequence[str], encoder: Encoder) -> Tensor:
    encoder.eval()
    examples = encode(keys)
    out = torch.zeros(len(keys), 384)
    for batch in batches(examples, 8192):
        pieces, kinds, lengths = collate(examples, batch)
        x = encoder(pieces, kinds, lengths)
        there = torch.arange(pieces.shape[1])[None] < lengths[:, None]
        out[batch] = (x * there.unsqueeze(-1)).sum(1) / lengths[:, None]
    return out


def _components(x: Tensor, count: int) -> Tensor:
    x = x - x.mean(0)
    _, _, directions = torch.linalg.svd(x[:: max(1, len(x) // 8000)], full_matrices=False)
    found = x @ directions[:count].T
    return found / found.square().mean().sqrt() * SPREAD
