"""The recognizer's network in ONNX Runtime, built from the same weights as the kernels use, for comparison.

It has the convolutions and the layers that score a token while no entity is open, without tokenizing and decoding.
Texts are laid out with the same rows of zeros between them. The service depends on neither `onnx` nor `onnxruntime`.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from spanwise.pipelines.entities.compiled.components import EntityModel
from spanwise.pipelines.entities.compiled.layers import MaxoutLayer

_EPSILON = 1e-8


class OnnxNetwork:
    """The network that scores the decoder's actions while no entity is open, for embedded tokens, in one thread."""

    def __init__(self, model: EntityModel) -> None:
        self._width = model.tok2vec.width
        self._reach = model.tok2vec.window * len(model.tok2vec.convolutions)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        graph = _Graph()
        rows = graph.encoder(model)
        graph.scores(model, rows)
        self._session = onnxruntime.InferenceSession(
            graph.serialized(self._width), options, providers=["CPUExecutionProvider"]
        )

    def rows(self, lengths: Sequence[int]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Return random embeddings for texts of these lengths, and the rows of their tokens.

        The time that the network takes does not depend on the values.
        """
        total = sum(lengths) + self._reach * (len(lengths) + 1)
        starts = np.cumsum([self._reach, *(length + self._reach for length in lengths[:-1])])
        positions = np.concatenate([np.arange(s, s + n) for s, n in zip(starts, lengths, strict=True)])
        embeddings = np.zeros((total, self._width), dtype=np.float32)
        embeddings[positions] = np.random.default_rng(0).normal(size=(len(positions), self._width))
        return embeddings, positions

    def __call__(self, embeddings: NDArray[np.float32], positions: NDArray[np.int64]) -> Any:
        return self._session.run(None, {"rows": embeddings, "positions": positions})


class _Graph:
    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self._weights: list[Any] = []

    def _constant(self, value: Any) -> str:
        name = f"w{len(self._weights)}"
        self._weights.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def _add(self, kind: str, inputs: Sequence[str], outputs: int = 1, **attributes: Any) -> list[str]:
        names = [f"n{len(self._nodes)}_{i}" for i in range(outputs)]
        self._nodes.append(helper.make_node(kind, list(inputs), names, **attributes))
        return names

    def _maxout(self, layer: MaxoutLayer, rows: str) -> str:
        outputs, pieces, inputs = layer.weights.shape
        weights = self._constant(layer.weights.transpose(2, 1, 0).reshape(inputs, pieces * outputs))
        (wide,) = self._add("Gemm", [rows, weights, self._constant(layer.bias.T.reshape(-1))])
        if pieces == 1:
            return wide
        split = self._add("Split", [wide], pieces, axis=1, num_outputs=pieces)
        return self._add("Max", split)[0]

    def encoder(self, model: EntityModel) -> str:
        rows = "rows"
        window = model.tok2vec.window
        zeros = self._constant(np.zeros((window, model.tok2vec.width), np.float32))
        axis = self._constant(np.array([0]))
        last = self._constant(np.array([2**31]))
        for layer in model.tok2vec.convolutions:
            (padded,) = self._add("Concat", [zeros, rows, zeros], axis=0)
            shifted = []
            for start in range(2 * window + 1):
                end = self._constant(np.array([start - 2 * window])) if start < 2 * window else last
                shifted += self._add("Slice", [padded, self._constant(np.array([start])), end, axis])
            (beside,) = self._add("Concat", shifted, axis=1)
            out = self._maxout(layer, beside)
            if layer.gain is not None and layer.shift is not None:
                norm = [out, self._constant(layer.gain), self._constant(layer.shift)]
                (out,) = self._add("LayerNormalization", norm, axis=-1, epsilon=_EPSILON)
            (rows,) = self._add("Add", [rows, out])
        return rows

    def scores(self, model: EntityModel, rows: str) -> None:
        decoder = model.decoder
        (tokens,) = self._add("Gather", [rows, "positions"], axis=0)
        hidden = self._maxout(decoder.linear, tokens)
        state = MaxoutLayer(decoder.lower[0], decoder.bias + decoder.missing[1:].sum(axis=0))
        hidden = self._maxout(state, hidden)
        if decoder.upper is not None and decoder.upper_bias is not None:
            (hidden,) = self._add("Gemm", [hidden, self._constant(decoder.upper.T), self._constant(decoder.upper_bias)])
        self._add("Identity", [hidden])

    def serialized(self, width: int) -> bytes:
        graph = helper.make_graph(
            self._nodes,
            "network",
            [
                helper.make_tensor_value_info("rows", TensorProto.FLOAT, ["R", width]),
                helper.make_tensor_value_info("positions", TensorProto.INT64, ["T"]),
            ],
            [helper.make_tensor_value_info(self._nodes[-1].output[0], TensorProto.FLOAT, ["T", "A"])],
            self._weights,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
        return bytes(model.SerializeToString())
