"""The export of the trained student as the folder that the service loads; see `pipelines/sentiment/artefact.py`."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spanwise.pipelines.sentiment.tokens import unstretched
from training.dataset import Types, Vocabulary
from training.student import Network, Student

Floats = NDArray[np.float32]

RARE = 30  # a spelling with a doubled letter is left out if it occurs at most so often,
FREQUENT = 100  # and the word that it doubles more than so many times as often


@torch.no_grad()
def export(student: Student, vocabulary: Vocabulary, types: Types, folder: Path, metadata: dict[str, Any]) -> None:
    """Write `vocabulary.txt`, `embeddings.npy`, `model.npz` and `metadata.json` into the folder."""
    student = student.cpu().eval()
    folder.mkdir(parents=True, exist_ok=True)
    keys = without_doubled(vocabulary.keys, types)
    numbers = torch.tensor([types.numbers[key] for key in keys])
    words = torch.cat([student.embedding.of_types(part) for part in numbers.split(4096)])
    rows = torch.cat([words, student.embedding.ngrams]).numpy()
    scales = np.maximum(np.abs(rows).max(1), 1e-8) / 127
    codes = np.rint(rows / scales[:, None]).astype(np.int8)
    arrays: dict[str, Floats] = {
        "scales": scales.astype(np.float32),
        "flags": _array(student.embedding.flags),
        "empty": _array(student.empty),
        "target.positions": _array(student.positions),
        "target.mask": _array(student.mask),
        "text.exponent": _array(student.exponent),
        "text.bias": _array(student.text_bias),
    }
    for name, network in (("sentence", student.sentence), ("target", student.toward)):
        arrays |= {f"{name}.{part}": values for part, values in _network(network).items()}
    (folder / "vocabulary.txt").write_text("".join(f"{key}\n" for key in keys), encoding="utf-8")
    np.save(folder / "embeddings.npy", codes, allow_pickle=False)
    np.savez(folder / "model.npz", **arrays)  # type: ignore[arg-type]
    (folder / "metadata.json").write_text(json.dumps(metadata, indent=2) + "\n", encoding="utf-8")


def without_doubled(keys: Sequence[str], types: Types) -> list[str]:
    """Leave out rare spellings that double a letter of a frequent word, such as "loove": they are read as that word."""
    counts = {key: types.counts[types.numbers[key]] for key in keys}
    return [
        key
        for key in keys
        if counts[key] > RARE
        or all(counts.get(known, 0) <= FREQUENT * max(1, counts[key]) for known in unstretched(key))
    ]


def _network(network: Network) -> dict[str, Floats]:
    pieces = network.size.pieces
    layers = [_maxout(convolution.weight, convolution.bias, pieces) for convolution in network.convolutions]
    hidden = _maxout(network.hidden.weight, network.hidden.bias, pieces)
    return {
        "convolution.weights": np.stack([weights for weights, _ in layers]),
        "convolution.bias": np.stack([bias for _, bias in layers]),
        "convolution.gain": _array(network.gain),
        "convolution.shift": _array(network.shift),
        "attention": _array(network.attention),
        "hidden.weights": hidden[0],
        "hidden.bias": hidden[1],
        "output.weights": _array(network.output.weight),
        "output.bias": _array(network.output.bias),
    }


def _maxout(weights: Tensor, bias: Tensor, pieces: int) -> tuple[Floats, Floats]:
    """Reorder a layer, one piece after the other, into weights [outputs, pieces, inputs] and bias [outputs, pieces]."""
    outputs = len(bias) // pieces
    return (
        np.ascontiguousarray(_array(weights).reshape(pieces, outputs, -1).transpose(1, 0, 2)),
        np.ascontiguousarray(_array(bias).reshape(pieces, outputs).T),
    )


def _array(values: Tensor) -> Floats:
    return values.detach().numpy().astype(np.float32)
