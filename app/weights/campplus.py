"""CAM++, the network that tells voices apart, from its PyTorch checkpoint to ONNX in int8, without torch.

Wang et al. 2023, "CAM++: A Fast and Efficient Network for Speaker Verification Using Context-Aware Masking"
(arXiv:2303.00332); the network is that of `speakerlab.models.campplus.DTDNN.CAMPPlus` of 3D-Speaker. It is
written for stretches of exactly FRAMES frames: its masks then see one segment, which is the whole stretch.
"""

import json
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from app.weights.checkpoint import Array

if TYPE_CHECKING:
    import onnx

FRAMES, MELS, DIMENSIONS = 148, 80, 192
"""Frames of 10 ms that it hears at a time, mel bands of each, and length of the vector that it gives."""

OPSET = 17
BLOCKS = ((12, 1), (24, 2), (16, 2))
"""Layers and dilation of each block."""

_EPSILON = 1e-5  # torch.nn.BatchNorm's


def convert(tensors: Mapping[str, Array], target: Path) -> None:
    """Write the network in int8, in ONNX's format. Raises KeyError where a tensor is missing."""
    import onnx

    onnx.save(quantized(network(tensors), _ranges()), target)


def network(tensors: Mapping[str, Array]) -> "onnx.ModelProto":
    """The network in floating point."""
    import onnx
    from onnx import helper

    graph = _Graph(tensors)
    graph.head()
    graph.dense_blocks()
    graph.embedding()
    shape: dict[str, list[str | int | None]] = {
        "feats": ["batch", FRAMES, MELS],
        "embedding": ["batch", DIMENSIONS],
    }
    first, last = (
        helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, dims) for name, dims in shape.items()
    )
    model = helper.make_model(
        helper.make_graph(graph.nodes, "campplus", [first], [last], graph.constants),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=8,
    )
    onnx.checker.check_model(model)
    return onnx.shape_inference.infer_shapes(model)


def quantized(model: "onnx.ModelProto", ranges: Mapping[str, Sequence[float]]) -> "onnx.ModelProto":
    """The network with its convolutions in int8; `ranges` are the least and greatest value of what goes into
    and comes out of them."""
    from onnxruntime.quantization import QuantType
    from onnxruntime.quantization.calibrate import CalibrationMethod, TensorsData
    from onnxruntime.quantization.qdq_quantizer import QDQQuantizer

    values = {name: (np.float32(least), np.float32(greatest)) for name, (least, greatest) in ranges.items()}
    quantizer = QDQQuantizer(
        model,
        per_channel=True,
        reduce_range=False,
        weight_qType=QuantType.QInt8,
        activation_qType=QuantType.QUInt8,
        tensors_range=TensorsData(CalibrationMethod.MinMax, values),
        nodes_to_quantize=[],
        nodes_to_exclude=[],
        op_types_to_quantize=["Conv"],
        extra_options={},
    )
    quantizer.quantize_model()
    rounded: onnx.ModelProto = quantizer.model.model
    return rounded


def _ranges() -> dict[str, list[float]]:
    """Measured on speech of 20 voices in 7 languages: `python -m benchmark.speakers.calibrate`."""
    content = files("app.weights").joinpath("campplus_ranges.json").read_text("ascii")
    ranges: dict[str, list[float]] = json.loads(content)
    return ranges


class _Graph:
    """The nodes as they follow each other; `_last` is the name of what the newest gives."""

    def __init__(self, tensors: Mapping[str, Array]) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self._tensors = tensors
        self._last = "feats"

    def head(self) -> None:
        """Two-dimensional convolutions over bands and time, and a first one over time."""
        self._node("Transpose", "bands", perm=[0, 2, 1])
        self._node("Unsqueeze", "plane", self._last, self._constant("plane.axes", np.array([1], np.int64)))
        self._convolution("head.conv1", "head.bn1", pads=[1, 1, 1, 1], strides=[1, 1])
        for layer in (1, 2):
            for place in (0, 1):
                self._residual(f"head.layer{layer}.{place}", stride=2 - place)
        self._convolution("head.conv2", "head.bn2", pads=[1, 1, 1, 1], strides=[2, 1])
        self._node("Reshape", "rows", self._last, self._constant("rows.shape", np.array([0, -1, FRAMES])))
        self._convolution("xvector.tdnn.linear", "xvector.tdnn.nonlinear.batchnorm", pads=[2, 2], strides=[2])

    def dense_blocks(self) -> None:
        """Blocks whose every layer hears all before it."""
        for number, (layers, dilation) in enumerate(BLOCKS, start=1):
            for layer in range(1, layers + 1):
                before = self._last
                self._masked(f"xvector.block{number}.tdnnd{layer}", dilation)
                name = f"block{number}.{layer}.joined"
                self._node("Concat", name, before, self._last, axis=1)
            self._activation(f"xvector.transit{number}.nonlinear.batchnorm")
            self._convolution(f"xvector.transit{number}.linear")
        self._activation("xvector.out_nonlinear.batchnorm")

    def embedding(self) -> None:
        """Mean and deviation over time, and what a linear layer makes of them."""
        heard = self._last
        mean = self._node("ReduceMean", "mean", heard, axes=[2], keepdims=1)
        difference = self._node("Sub", "difference", heard, mean)
        square = self._node("Mul", "square", difference, difference)
        total = self._node("ReduceSum", "total", square, self._constant("total.axes", np.array([2])))
        steps = self._constant("steps", np.array(FRAMES // 2 - 1, np.float32))
        deviation = self._node("Sqrt", "deviation", self._node("Div", "variance", total, steps))
        self._node("Concat", "statistics", mean, deviation, axis=1)
        self._node("Flatten", "flat", axis=1)
        weight, bias = self._folded("xvector.dense.linear", "xvector.dense.nonlinear.batchnorm")
        names = (self._constant("dense.weight", weight[:, :, 0]), self._constant("dense.bias", bias))
        self._node("Gemm", "embedding", self._last, *names, transB=1)

    def _residual(self, name: str, stride: int) -> None:
        entry = self._last
        self._convolution(f"{name}.conv1", f"{name}.bn1", pads=[1, 1, 1, 1], strides=[stride, 1])
        path = self._convolution(
            f"{name}.conv2", f"{name}.bn2", pads=[1, 1, 1, 1], strides=[1, 1], activated=False
        )
        if f"{name}.shortcut.0.weight" in self._tensors:
            self._last = entry
            entry = self._convolution(
                f"{name}.shortcut.0", f"{name}.shortcut.1", strides=[stride, 1], activated=False
            )
        self._node("Add", f"{name}.sum", path, entry)
        self._node("Relu", f"{name}.out")

    def _masked(self, name: str, dilation: int) -> None:
        """A layer of a block: what it hears, masked by the mean of all of it."""
        self._activation(f"{name}.nonlinear1.batchnorm")
        heard = self._convolution(f"{name}.linear1", f"{name}.nonlinear2.batchnorm")
        mask = f"{name}.cam_layer"
        padding = [dilation, dilation]
        local = self._convolution(f"{mask}.linear_local", pads=padding, dilations=[dilation], activated=False)
        mean = self._node("ReduceMean", f"{mask}.mean", heard, axes=[2], keepdims=1)
        # The mean of the stretch plus that of the segment, which is the stretch.
        self._node("Add", f"{mask}.context", mean, mean)
        self._dense(f"{mask}.linear1")
        self._node("Relu", f"{mask}.relu")
        self._dense(f"{mask}.linear2")
        self._node("Sigmoid", f"{mask}.sigmoid")
        self._node("Mul", f"{mask}.out", local, self._last)

    def _dense(self, name: str) -> None:
        """A linear layer over channels of a single moment: too small for int8."""
        weight = self._constant(f"{name}.weight", self._tensors[f"{name}.weight"][:, :, 0])
        bias = self._constant(f"{name}.bias", self._tensors[f"{name}.bias"][:, None])
        self._node("MatMul", f"{name}.product", weight, self._last)
        self._node("Add", f"{name}.out", self._last, bias)

    def _convolution(
        self, name: str, norm: str | None = None, *, activated: bool = True, **attributes: list[int]
    ) -> str:
        """A convolution with the batch normalisation after it folded in, and ReLU where there is one."""
        weight, bias = self._folded(name, norm)
        inputs = [self._last, self._constant(f"{name}.folded", weight)]
        if norm is not None:
            inputs.append(self._constant(f"{name}.offset", bias))
        self._node("Conv", f"{name}.out", *inputs, **attributes)
        return self._node("Relu", f"{name}.relu") if norm is not None and activated else self._last

    def _folded(self, name: str, norm: str | None) -> tuple[Array, Array]:
        weight = self._tensors[f"{name}.weight"]
        if norm is None:
            return weight, np.zeros(len(weight), np.float32)
        scale, offset = self._scale(norm)
        return weight * scale.reshape(-1, *[1] * (weight.ndim - 1)), offset

    def _scale(self, norm: str) -> tuple[Array, Array]:
        mean, variance = self._tensors[f"{norm}.running_mean"], self._tensors[f"{norm}.running_var"]
        scale = self._tensors.get(f"{norm}.weight", np.float32(1)) / np.sqrt(variance + np.float32(_EPSILON))
        return scale, self._tensors.get(f"{norm}.bias", np.float32(0)) - mean * scale

    def _activation(self, norm: str) -> None:
        """A batch normalisation that no convolution stands before, and ReLU."""
        scale, offset = (part[:, None] for part in self._scale(norm))
        self._node("Mul", f"{norm}.scaled", self._last, self._constant(f"{norm}.scale", scale))
        self._node("Add", f"{norm}.moved", self._last, self._constant(f"{norm}.offset", offset))
        self._node("Relu", f"{norm}.relu")

    def _constant(self, name: str, value: Array) -> str:
        from onnx import numpy_helper

        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def _node(self, kind: str, output: str, *inputs: str, **attributes: Any) -> str:
        """Add a node, which takes what the last one gives unless told otherwise."""
        from onnx import helper

        self.nodes.append(helper.make_node(kind, inputs or [self._last], [output], output, **attributes))
        self._last = output
        return output
