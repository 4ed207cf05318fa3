"""Whisper's encoder on torch, with the weights of a CTranslate2 folder: an alternative to CTranslate2's own.

CTranslate2's encoder has no fused attention and reaches a tenth of what a large GPU can do. This one uses
torch's `scaled_dot_product_attention`, and on CUDA replays a captured graph (`torch.cuda.CUDAGraph`) for
batches so small that starting the kernels takes longer than running them. It computes what
`whisper.model.AudioEncoder` of openai-whisper does, for any length of features.

On a CPU its states equal CTranslate2's within the noise of float32. On CUDA it was never run here: neither
its speed nor the graphs were tried on a card.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from app.asr.frames import Features
from app.weights.encoder_weights import EncoderWeights

MOST_IN_A_GRAPH = 4
"""Windows in a batch that is replayed; larger ones keep a GPU busy without that."""

MOST_GRAPHS = 24
"""Graphs that are kept, one for each number of windows and length: those used last."""


@dataclass(frozen=True, slots=True)
class _Affine:
    """A matrix and a bias, or the scale and shift of a normalisation."""

    weight: Tensor
    bias: Tensor


@dataclass(frozen=True, slots=True)
class _Block:
    """A transformer block; `projection` gives queries, keys and values."""

    attention_norm: _Affine
    projection: _Affine
    output: _Affine
    feed_forward_norm: _Affine
    widen: _Affine
    narrow: _Affine


class TorchEncoder:
    """Log-mel features of some windows, shape (windows, mels, frames), to their states. Thread-safe."""

    def __init__(self, weights: EncoderWeights, device: str, dtype: torch.dtype) -> None:
        self._device = torch.device(device)
        self._dtype = dtype
        self._heads = weights.heads
        self._convolutions = [self._affine(weights, name) for name in ("conv1", "conv2")]
        self._positions = self._tensor(weights, "position_encodings/encodings")
        self._blocks = [self._block(weights, f"layer_{number}") for number in range(weights.layers)]
        self._norm = self._affine(weights, "layer_norm", "gamma", "beta")
        self._graphs = GraphCache(self._forward) if self._device.type == "cuda" else None

    def __call__(self, features: Features) -> Tensor:
        """The states, on the device; raises what torch raises."""
        with torch.inference_mode():
            batch = torch.from_numpy(features).to(self._device, self._dtype)
            if self._graphs is None or len(batch) > MOST_IN_A_GRAPH:
                return self._forward(batch)
            with torch.cuda.device(self._device):  # graphs are captured on the current one
                return self._graphs(batch)

    def _forward(self, features: Tensor) -> Tensor:
        first, second = self._convolutions
        found = functional.gelu(functional.conv1d(features, first.weight, first.bias, padding=1))
        found = functional.gelu(functional.conv1d(found, second.weight, second.bias, stride=2, padding=1))
        found = found.transpose(1, 2)
        found = found + self._positions[: found.shape[1]]
        for block in self._blocks:
            found = found + self._attention(_normalised(found, block.attention_norm), block)
            wide = functional.gelu(_projected(_normalised(found, block.feed_forward_norm), block.widen))
            found = found + _projected(wide, block.narrow)
        return _normalised(found, self._norm)

    def _attention(self, states: Tensor, block: _Block) -> Tensor:
        windows, length, width = states.shape
        parts = _projected(states, block.projection).view(windows, length, 3, self._heads, -1)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        attended = functional.scaled_dot_product_attention(query, key, value)
        return _projected(attended.transpose(1, 2).reshape(windows, length, width), block.output)

    def _block(self, weights: EncoderWeights, name: str) -> _Block:
        return _Block(
            attention_norm=self._affine(weights, f"{name}/self_attention/layer_norm", "gamma", "beta"),
            projection=self._affine(weights, f"{name}/self_attention/linear_0"),
            output=self._affine(weights, f"{name}/self_attention/linear_1"),
            feed_forward_norm=self._affine(weights, f"{name}/ffn/layer_norm", "gamma", "beta"),
            widen=self._affine(weights, f"{name}/ffn/linear_0"),
            narrow=self._affine(weights, f"{name}/ffn/linear_1"),
        )

    def _affine(
        self, weights: EncoderWeights, name: str, weight: str = "weight", bias: str = "bias"
    ) -> _Affine:
        return _Affine(*(self._tensor(weights, f"{name}/{part}") for part in (weight, bias)))

    def _tensor(self, weights: EncoderWeights, name: str) -> Tensor:
        return torch.from_numpy(weights.array(name)).to(self._device, self._dtype)


class GraphCache:
    """Replays CUDA graphs of a function of one tensor, one for each shape that has come twice.

    Kernels of a graph are started together. One is replayed at a time, as its input and output lie in fixed
    places; results are copied out of these.
    """

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        self._function = function
        self._lock = threading.Lock()
        self._seen: set[tuple[int, ...]] = set()
        self._graphs: OrderedDict[tuple[int, ...], _Graph] = OrderedDict()

    def __call__(self, batch: Tensor) -> Tensor:
        """What the function makes of it."""
        shape = tuple(batch.shape)
        with self._lock:
            graph = self._graphs.get(shape)
            if graph is None and shape in self._seen:
                while len(self._graphs) >= MOST_GRAPHS:
                    self._graphs.popitem(last=False)
                graph = self._graphs[shape] = _Graph(self._function, batch)
            self._seen.add(shape)
            if graph is not None:
                self._graphs.move_to_end(shape)
                return graph.replayed(batch)
        return self._function(batch)


class _Graph:
    """A captured call; the warm-up before it makes libraries allocate what they need, which no graph may."""

    def __init__(self, function: Callable[[Tensor], Tensor], batch: Tensor) -> None:
        self._input = batch.clone()
        stream = torch.cuda.Stream(batch.device)  # type: ignore[no-untyped-call]
        stream.wait_stream(torch.cuda.current_stream(batch.device))
        with torch.cuda.stream(stream):
            function(self._input)
        torch.cuda.current_stream(batch.device).wait_stream(stream)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph, stream=stream, capture_error_mode="thread_local"):
            self._output = function(self._input)

    def replayed(self, batch: Tensor) -> Tensor:
        self._input.copy_(batch)
        self._graph.replay()
        return self._output.clone()


def _projected(states: Tensor, by: _Affine) -> Tensor:
    return functional.linear(states, by.weight, by.bias)


def _normalised(states: Tensor, by: _Affine) -> Tensor:
    return functional.layer_norm(states, by.bias.shape, by.weight, by.bias)
