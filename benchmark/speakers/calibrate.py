"""`python -m benchmark.speakers.calibrate CHECKPOINT RECORDING…`: ranges of CAM++'s activations on speech, by
which app.weights.campplus rounds them to 8 bits."""

import copy
import json
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

import app.weights
from app.audio.decode import read_samples
from app.speakers.features import features_of
from app.weights import campplus
from app.weights.checkpoint import read_tensors

APART_FRAMES, MOST_STRETCHES, BATCH = 300, 6, 8
"""Frames from one stretch to the next, and how many are taken of a recording."""


def main(
    checkpoint: Annotated[Path, typer.Argument(help="campplus_cn_en_common.pt")],
    recordings: Annotated[list[Path], typer.Argument(help="Speech of many voices.")],
) -> None:
    """Write the ranges to app/weights/campplus_ranges.json."""
    stretches = np.stack([each for path in recordings for each in _stretches(path)])
    stretches -= stretches.mean(axis=1, keepdims=True)
    ranges = _measured(campplus.network(read_tensors(checkpoint)), stretches)
    target = Path(app.weights.__path__[0]) / "campplus_ranges.json"
    target.write_text(json.dumps(ranges, indent=0), "ascii")


def _stretches(path: Path) -> list[NDArray[np.float32]]:
    features = features_of(read_samples(path)[0])
    starts = range(0, len(features) - campplus.FRAMES, APART_FRAMES)
    return [features[start : start + campplus.FRAMES] for start in starts][:MOST_STRETCHES]


def _measured(network: Any, stretches: NDArray[np.float32]) -> dict[str, list[float]]:
    import onnx
    import onnxruntime

    network = copy.deepcopy(network)
    convolutions = [node for node in network.graph.node if node.op_type == "Conv"]
    names = {name for node in convolutions for name in (node.input[0], node.output[0])}
    names |= {
        node.output[0] for node in network.graph.node if node.op_type == "Relu" and node.input[0] in names
    }
    ordered = sorted(names)
    network.graph.output.extend(onnx.helper.make_empty_tensor_value_info(name) for name in ordered)
    session = onnxruntime.InferenceSession(network.SerializeToString())
    ranges = {name: [0.0, 0.0] for name in ordered}
    for first in range(0, len(stretches), BATCH):
        values = session.run(ordered, {"feats": stretches[first : first + BATCH]})
        for span, value in zip(ranges.values(), values, strict=True):
            span[:] = min(span[0], float(value.min())), max(span[1], float(value.max()))
    return {name: [float(f"{value:.4g}") for value in span] for name, span in ranges.items()}


if __name__ == "__main__":
    typer.run(main)
