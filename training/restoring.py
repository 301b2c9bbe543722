"""An exported model as a student again, so that training can go on from it."""

import numpy as np
import torch

from spanwise.pipelines.sentiment.artefact import Artefact
from spanwise.pipelines.sentiment.artefact import Network as Weights
from spanwise.pipelines.sentiment.characters import folded
from spanwise.pipelines.sentiment.tokens import EMOTICONS
from training.dataset import Types, Vocabulary
from training.student import Network, Size, Student


def rows_of(artefact: Artefact) -> dict[str, int]:
    """Return the row of each word, by the key that the tokenizer gives the word today."""
    found = {key: row for row, key in enumerate(artefact.vocabulary)}
    for key, row in list(found.items()):
        read_as = key if key in EMOTICONS else "".join(map(folded, key))
        found.setdefault(read_as or key, row)
    return {key: row for key, row in found.items() if key in EMOTICONS or key == "".join(map(folded, key))}


def restored(artefact: Artefact, rows: dict[str, int], vocabulary: Vocabulary, types: Types) -> Student:
    """Build a student that computes what the exported model computes; words that it lacks begin as their n-grams."""
    depth, target_depth = len(artefact.sentence.gain), len(artefact.target.gain)
    _, width, pieces, _ = artefact.sentence.weights.shape
    size = Size(
        width=width, depth=depth, target_depth=target_depth, pieces=pieces, heads=len(artefact.sentence.attention),
        hidden=len(artefact.sentence.hidden), buckets=artefact.buckets,
    )  # fmt: skip
    values = artefact.embeddings.astype(np.float32) * artefact.scales[:, None]
    words, ngrams = values[: len(artefact.vocabulary)], values[len(artefact.vocabulary) :]
    beginnings = np.zeros((len(vocabulary.keys), width), dtype=np.float32)
    for place, key in enumerate(vocabulary.keys):
        number = types.numbers[key]
        bag = ngrams[vocabulary.ngrams[vocabulary.starts[number] : vocabulary.starts[number + 1]]].mean(0)
        if key in rows:
            beginnings[place] = words[rows[key]] - bag
    student = Student(size, vocabulary, torch.from_numpy(beginnings))
    with torch.no_grad():
        for parameter, array in (
            (student.embedding.ngrams, ngrams), (student.embedding.flags, artefact.flags),
            (student.positions, artefact.positions), (student.mask, artefact.mask), (student.text_bias, artefact.bias),
            (student.exponent, np.array([artefact.exponent], dtype=np.float32)),
        ):  # fmt: skip
            parameter.copy_(torch.from_numpy(np.ascontiguousarray(array)))
        _restore(student.sentence, artefact.sentence)
        _restore(student.toward, artefact.target)
    return student


def _restore(network: Network, weights: Weights) -> None:
    def flat(array: np.ndarray) -> torch.Tensor:
        moved = np.moveaxis(array, 1, 0)  # pieces first
        return torch.from_numpy(np.ascontiguousarray(moved.reshape(-1, *array.shape[2:])))

    for layer, convolution in enumerate(network.convolutions):
        convolution.weight.copy_(flat(weights.weights[layer]))
        convolution.bias.copy_(flat(weights.bias[layer]))
    network.gain.copy_(torch.from_numpy(weights.gain))
    network.shift.copy_(torch.from_numpy(weights.shift))
    network.attention.copy_(torch.from_numpy(weights.attention))
    network.hidden.weight.copy_(flat(weights.hidden))
    network.hidden.bias.copy_(flat(weights.hidden_bias))
    network.output.weight.copy_(torch.from_numpy(weights.output))
    network.output.bias.copy_(torch.from_numpy(weights.output_bias))
