"""Sentiment models with random weights, of any size."""

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

WORDS = ("good", "bad", "not", ":)", "the", "@user", "http", "000", "!!", "soo", "😀", "é")


def write_random_model(
    folder: Path, *, width: int = 24, layers: int = 2, heads: int = 2, hidden: int = 8, buckets: int = 64, seed: int = 0
) -> Path:
    """Write a folder that `Artefact.load` reads, and return it."""
    random = np.random.default_rng(seed)

    def some(*shape: int) -> NDArray[np.float32]:
        values: NDArray[np.float32] = (random.normal(size=shape) / np.sqrt(shape[-1])).astype(np.float32)
        return values

    rows = len(WORDS) + buckets
    arrays = {
        "scales": random.uniform(0.001, 0.01, rows).astype(np.float32),
        "flags": some(4, width),
        "empty": some(4),
        "target.positions": some(25, width),
        "target.mask": some(width),
        "text.exponent": np.array([0.3], np.float32),
        "text.bias": some(3),
    }
    for name, outputs, extra in (("sentence", 4, 1), ("target", 3, 2)):
        arrays |= {
            f"{name}.convolution.weights": some(layers, width, 2, 3 * width),
            f"{name}.convolution.bias": some(layers, width, 2),
            f"{name}.convolution.gain": 1 + some(layers, width),
            f"{name}.convolution.shift": some(layers, width),
            f"{name}.attention": some(heads, width),
            f"{name}.hidden.weights": some(hidden, 2, (heads + extra) * width),
            f"{name}.hidden.bias": some(hidden, 2),
            f"{name}.output.weights": 3 * some(outputs, hidden),
            f"{name}.output.bias": some(outputs),
        }
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / "model.npz", **arrays)  # type: ignore[arg-type]
    np.save(folder / "embeddings.npy", random.integers(-127, 128, (rows, width)).astype(np.int8))
    (folder / "vocabulary.txt").write_text("".join(f"{word}\n" for word in WORDS), "utf-8")
    (folder / "metadata.json").write_text(json.dumps({"format": 1}), "utf-8")
    return folder
