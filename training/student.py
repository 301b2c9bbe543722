"""The model that ships, in torch: the same mathematics as `pipelines/sentiment/reference_model.py`, made for training.

During training a word's embedding is the sum of its own row and the mean of its n-grams' rows. Sometimes the word's own
row is left out, so that n-grams learn to stand in for unknown words. The exported files hold the sums.

Sentences lie one after the other in one long array, with `depth` rows of zeros between them. So no convolution reaches
from one sentence into the next, and no time is spent on padding.
"""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from spanwise.pipelines.sentiment.artefact import CLASSES, MAX_DISTANCE
from spanwise.pipelines.sentiment.reference_model import EPSILON, LIMIT
from spanwise.pipelines.sentiment.tokens import FLAGS
from training.dataset import Ints, Vocabulary
from training.device import DEVICE

SELDOM = 20
"""Times that a word must be read for half of what training adds to its row to count; of a rare word, less does.

Adam moves a row that it sees twice as far as one that it sees a thousand times, into any direction.
"""

EMPTY = (0.0, 3.0, 0.0, 0.0)
"""The logits and the salience of a text without a word, which is neutral. No corpus has such texts to learn from."""


@dataclass(frozen=True)
class Size:
    """The student's size. `pieces` are those of a maxout; `dropout` is that of embeddings and hidden values."""

    width: int = 80
    depth: int = 3
    target_depth: int = 4
    pieces: int = 2
    heads: int = 4
    hidden: int = 64
    buckets: int = 1 << 15
    dropout: float = 0.2
    word_dropout: float = 0.1


class Packed:
    """The layout of sentences in one array: their `lengths` [sentences], and the row of every token `at` [tokens].

    `rows` is the number of all rows, and `owner` [tokens] the sentence of each token.
    """

    def __init__(self, lengths: Ints, depth: int) -> None:
        count = len(lengths)
        starts = np.cumsum(np.concatenate([[0], lengths[:-1]])) + depth * np.arange(1, count + 1)
        self.rows = int(lengths.sum()) + depth * (count + 1)
        before = np.repeat(starts - np.cumsum(np.concatenate([[0], lengths[:-1]])), lengths)
        self.at = torch.from_numpy(np.arange(int(lengths.sum())) + before).to(DEVICE)
        self.lengths = torch.from_numpy(lengths.astype(np.int64)).to(DEVICE)
        self.owner = torch.from_numpy(np.repeat(np.arange(count), lengths)).to(DEVICE)


def maxout(x: Tensor, pieces: int) -> Tensor:
    """Return the maximum over the pieces, [rows, width], of [rows, pieces x width] with one piece after the other."""
    first, *others = x.chunk(pieces, 1)
    for other in others:
        first = torch.maximum(first, other)
    return first


class Embedding(nn.Module):
    """The embeddings of words, n-grams and flags."""

    def __init__(self, size: Size, vocabulary: Vocabulary, initial: Tensor) -> None:
        super().__init__()
        self.size = size
        self.words = nn.Parameter(
            torch.zeros_like(initial)
        )  # [vocabulary, width], what training adds to the beginnings
        self.register_buffer("beginnings", initial.clone(), persistent=False)
        counts = torch.from_numpy(vocabulary.counts).float()
        self.register_buffer("shares", (counts / (counts + SELDOM)).unsqueeze(1), persistent=False)
        self.ngrams = nn.Parameter(torch.zeros(size.buckets, size.width))
        self.flags = nn.Parameter(torch.zeros(FLAGS, size.width))
        for name in ("rows", "starts", "ngrams"):
            values = torch.from_numpy(getattr(vocabulary, name)).long()
            self.register_buffer({"ngrams": "all_ngrams"}.get(name, name), values, persistent=False)

    def of_types(self, types: Tensor) -> Tensor:
        """Return the embeddings [types, width] of types [types], without flags."""
        rows = self.rows[types]
        first, last = self.starts[types], self.starts[types + 1]
        counts = last - first
        offsets = counts.cumsum(0) - counts
        places = torch.repeat_interleave(first - offsets, counts)
        places = places + torch.arange(len(places), device=places.device)
        bags = F.embedding_bag(self.all_ngrams[places], self.ngrams, offsets, mode="mean")
        known = rows >= 0
        if self.training or self.size.word_dropout == 1:
            known &= torch.rand(len(rows), device=rows.device) >= self.size.word_dropout
        places = rows.clamp(min=0)
        words = F.embedding(places, self.beginnings) + F.embedding(places, self.words) * self.shares[places]
        return bags + words * known.unsqueeze(1)

    def forward(self, types: Tensor, flags: Tensor) -> Tensor:
        """Return the embeddings [tokens, width] of tokens, given their types and flags [tokens]."""
        distinct, where = torch.unique(types, return_inverse=True)
        bits = (flags.unsqueeze(1) >> torch.arange(FLAGS, device=flags.device) & 1).float()
        return F.embedding(where, self.of_types(distinct)) + bits @ self.flags


class Network(nn.Module):
    """Residual convolutions over three tokens with maxout and layer norm, then a hidden layer over pooled rows."""

    def __init__(self, size: Size, depth: int, outputs: int, *, target: bool) -> None:
        super().__init__()
        width = size.width
        self.size, self.depth, self.target = size, depth, target
        self.convolutions = nn.ModuleList(nn.Linear(3 * width, width * size.pieces) for _ in range(depth))
        self.gain = nn.Parameter(torch.ones(depth, width))
        self.shift = nn.Parameter(torch.zeros(depth, width))
        self.attention = nn.Parameter(torch.randn(size.heads, width) * 0.05)
        features = (size.heads + 1 + target) * width
        self.hidden = nn.Linear(features, size.hidden * size.pieces)
        self.output = nn.Linear(size.hidden, outputs)

    def forward(self, tokens: Tensor, packed: Packed, places: Tensor | None = None) -> Tensor:
        """Return the outputs [sentences, outputs] of tokens [tokens, width].

        `places` [sentences] are the targets' places among the tokens.
        """
        x = tokens.new_zeros(packed.rows, self.size.width).index_copy(0, packed.at, self._dropped(tokens))
        for layer, convolution in enumerate(self.convolutions):
            padded = F.pad(x, (0, 0, 1, 1))
            window = torch.cat([padded[:-2], x, padded[2:]], 1)
            value = maxout(convolution(window), self.size.pieces)
            centred = value - value.mean(1, keepdim=True)
            scaled = centred / torch.sqrt(centred.square().mean(1, keepdim=True) + EPSILON)
            x = x + scaled * self.gain[layer] + self.shift[layer]
        rows = x.index_select(0, packed.at)
        count = len(packed.lengths)
        weights = torch.exp((rows @ self.attention.T).clamp(-LIMIT, LIMIT))  # [tokens, heads]
        sums = tokens.new_zeros(count, weights.shape[1]).index_add(0, packed.owner, weights)
        shares = weights / sums.index_select(0, packed.owner)
        spread = (shares.unsqueeze(2) * rows.unsqueeze(1)).flatten(1)  # [tokens, heads x width]
        pooled = tokens.new_zeros(count, spread.shape[1]).index_add(0, packed.owner, spread)
        highest = torch.segment_reduce(rows, "max", lengths=packed.lengths, axis=0)
        features = [pooled, highest]
        if self.target and places is not None:
            features.append(rows.index_select(0, places))
        hidden = self.hidden(self._dropped(torch.cat(features, 1)))
        return self.output(maxout(hidden, self.size.pieces))

    def _dropped(self, x: Tensor) -> Tensor:
        return F.dropout(x, self.size.dropout, self.training)


@dataclass(frozen=True)
class Bags:
    """Tokens of targets that are common nouns: their types, flags, target and share of it, each [tokens]."""

    types: Tensor
    flags: Tensor
    owner: Tensor
    shares: Tensor


class Student(nn.Module):
    """The model of sentences, whole texts and targets."""

    def __init__(self, size: Size, vocabulary: Vocabulary, initial: Tensor) -> None:
        super().__init__()
        self.size = size
        self.embedding = Embedding(size, vocabulary, initial)
        self.sentence = Network(size, size.depth, CLASSES + 1, target=False)
        self.toward = Network(size, size.target_depth, CLASSES, target=True)
        self.positions = nn.Parameter(torch.zeros(2 * MAX_DISTANCE + 1, size.width))
        self.mask = nn.Parameter(torch.randn(size.width) * 0.1)
        self.register_buffer("empty", torch.tensor(EMPTY))
        self.exponent = nn.Parameter(torch.tensor([0.3]))
        self.text_bias = nn.Parameter(torch.zeros(CLASSES))

    def sentences(self, types: Tensor, flags: Tensor, packed: Packed) -> Tensor:
        """Return the outputs [sentences, 4] of sentences: three logits and the salience."""
        return self.sentence(self.embedding(types, flags), packed)

    def texts(self, outputs: Tensor, owner: Tensor, count: int) -> Tensor:
        """Return the logits [texts, 3] of texts from sentences' outputs; `owner` [sentences] is a sentence's text."""
        weights = torch.exp(outputs[:, CLASSES].clamp(-LIMIT, LIMIT))
        sums = outputs.new_zeros(count).index_add(0, owner, weights)
        spread = outputs[:, :CLASSES] * (weights / sums[owner]).unsqueeze(1)
        mean = outputs.new_zeros(count, CLASSES).index_add(0, owner, spread)
        sentences = outputs.new_zeros(count).index_add(0, owner, outputs.new_ones(len(owner))).unsqueeze(1)
        return mean * sentences**self.exponent + torch.log(sentences) * self.text_bias

    def towards(
        self, types: Tensor, flags: Tensor, packed: Packed, *, places: Tensor, distances: Tensor, common: Bags
    ) -> Tensor:
        """Return the logits [targets, 3] towards targets. A target is one row, whose own type is ignored.

        `places` [targets] are the targets' rows among the tokens; `distances` [tokens] are signed, from the target.
        """
        rows = self.embedding(types, flags)
        own = self.mask.expand(len(places), -1)
        if len(common.types):
            seen = self.embedding(common.types, common.flags)
            own = own + torch.zeros_like(own).index_add(0, common.owner, seen * common.shares.unsqueeze(1))
        rows = rows.index_copy(0, places, own)
        rows = rows + F.embedding(distances.clamp(-MAX_DISTANCE, MAX_DISTANCE) + MAX_DISTANCE, self.positions)
        return self.toward(rows, packed, places)
