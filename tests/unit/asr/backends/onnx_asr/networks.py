"""Small networks in the form of onnx-asr's models, which hear tones instead of speech.

Each token has a tone of its own: the network looks at the band of the features in which that tone lies. What
it writes is therefore known, as are the times.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnx_asr.preprocessors.numpy_preprocessor import GigaamPreprocessorNumpy

from app.audio.samples import SAMPLE_RATE, Samples

TOKENS = ("д", "а", "н", "е", "т", ".", "▁", "<blk>")
BLANK = len(TOKENS) - 1
TONES = dict(zip(TOKENS[:BLANK], (300, 600, 1000, 1600, 2500, 3800, 5600), strict=True))

TONE_SECONDS, GAP_SECONDS = 0.12, 0.12
TOKEN_SECONDS = TONE_SECONDS + GAP_SECONDS

CANARY = (
    *("▁", "<|startofcontext|>", "<|startoftranscript|>", "<|emo:undefined|>", "<|en|>", "<|ru|>", "<|pnc|>"),
    *("<|noitn|>", "<|notimestamp|>", "<|nodiarize|>", "<|endoftext|>"),
    *("▁Heard", "▁ru", "▁en", "▁ru>en", "."),
)
_PREFIX_TARGET = 5
"""Place in the decoder's prefix of the language that it is to write; the one before it is what is spoken."""

Nodes = list[onnx.NodeProto]
Value = tuple[str, Sequence[str | int]]
"""Kind and shape of an input or output."""


def sung(text: str) -> Samples:
    """The tones of the letters of a text, with silence before, between and behind them."""
    silence = np.zeros(round(GAP_SECONDS * SAMPLE_RATE), np.float32)
    time = np.arange(round(TONE_SECONDS * SAMPLE_RATE)) / SAMPLE_RATE
    parts = [silence]
    for letter in text.replace(" ", "▁"):
        parts += [(0.3 * np.sin(2 * np.pi * TONES[letter] * time)).astype(np.float32), silence]
    return np.concatenate(parts)


def begins(place: int) -> float:
    """When the tone of the token with that place is heard, in seconds."""
    return GAP_SECONDS + place * TOKEN_SECONDS


def write_ctc(folder: Path, suffix: str = "") -> None:
    """`gigaam-v2-ctc`, as files of its repository are named."""
    nodes = [
        *_scores("features", "gigaam_v2"),
        helper.make_node("LogSoftmax", ["scores"], ["log_probs"], axis=-1),
    ]
    folder.mkdir(parents=True, exist_ok=True)
    inputs: Mapping[str, Value] = {"features": ("f", ["b", 64, "t"]), "feature_lengths": ("i", ["b"])}
    _save(folder / f"v2_ctc{suffix}.onnx", nodes, inputs, {"log_probs": ("f", ["b", "s", len(TOKENS)])})
    _vocabulary(folder / "v2_vocab.txt", TOKENS)


def write_rnnt(folder: Path) -> None:
    """`gigaam-v3-e2e-rnnt`: a token is written once, until there is another."""
    folder.mkdir(parents=True, exist_ok=True)
    size = len(TOKENS)
    _save(
        folder / "v3_e2e_rnnt_encoder.onnx",
        [
            *_scores("audio_signal", "gigaam_v3"),
            helper.make_node("Transpose", ["scores"], ["encoded"], perm=[0, 2, 1]),
            _constant("one", np.array([1], np.int64)),
            _constant("four", np.array([4], np.int64)),
            helper.make_node("Sub", ["length", "one"], ["less"]),
            helper.make_node("Div", ["less", "four"], ["whole"]),
            helper.make_node("Add", ["whole", "one"], ["steps"]),
            helper.make_node("Cast", ["steps"], ["encoded_len"], to=TensorProto.INT32),
        ],
        {"audio_signal": ("f", ["b", 64, "t"]), "length": ("i", ["b"])},
        {"encoded": ("f", ["b", size, "s"]), "encoded_len": ("i32", ["b"])},
    )
    state: Value = ("f", [1, 1, 320])
    _save(
        folder / "v3_e2e_rnnt_decoder.onnx",
        [
            _constant("depth", np.array(320, np.int64)),
            _constant("values", np.array([0, 1], np.float32)),
            helper.make_node("OneHot", ["x", "depth", "values"], ["dec"]),
            helper.make_node("Identity", ["h.1"], ["h"]),
            helper.make_node("Identity", ["c.1"], ["c"]),
        ],
        {"x": ("i", [1, 1]), "h.1": state, "c.1": state},
        {"dec": state, "h": state, "c": state},
    )
    penalty = np.full((1, size, 1), 1000, np.float32)
    penalty[0, BLANK] = 0
    _save(
        folder / "v3_e2e_rnnt_joint.onnx",
        [
            *(_constant(name, np.array([value], np.int64)) for name, value in (("from", 0), ("to", size))),
            _constant("axis", np.array([1], np.int64)),
            _constant("penalty", penalty),
            helper.make_node("Slice", ["dec", "from", "to", "axis"], ["last"]),
            helper.make_node("Mul", ["last", "penalty"], ["less"]),
            helper.make_node("Sub", ["enc", "less"], ["joint"]),
        ],
        {"enc": ("f", [1, size, 1]), "dec": ("f", [1, 320, 1])},
        {"joint": ("f", [1, size, 1])},
    )
    _vocabulary(folder / "v3_e2e_rnnt_vocab.txt", TOKENS)
    (folder / "config.json").write_text(json.dumps({"version": "v3"}))


def write_canary(folder: Path) -> None:
    """`nemo-canary-1b-v2`: it writes which language it was told, and into which one it translates."""
    folder.mkdir(parents=True, exist_ok=True)
    _save(
        folder / "encoder-model.onnx",
        [
            _constant("axes", np.array([1], np.int64)),
            helper.make_node("ReduceMean", ["audio_signal", "axes"], ["means"], keepdims=1),
            helper.make_node("Transpose", ["means"], ["encoder_embeddings"], perm=[0, 2, 1]),
            helper.make_node("Unsqueeze", ["length", "axes"], ["encoder_mask"]),
        ],
        {"audio_signal": ("f", ["b", 80, "t"]), "length": ("i", ["b"])},
        {"encoder_embeddings": ("f", ["b", "t", 1]), "encoder_mask": ("i", ["b", 1])},
    )
    size = len(CANARY)
    following, languages = np.zeros((size, size), np.float32), np.zeros((size, size), np.float32)
    for one, other in (("▁ru", "."), ("▁en", "."), ("▁ru>en", "."), (".", "<|endoftext|>")):
        following[CANARY.index(one), CANARY.index(other)] = 100
    for language, own, both in (("ru", 1.0, 0.6), ("en", 1.0, 0.7)):
        languages[CANARY.index(f"<|{language}|>"), CANARY.index(f"▁{language}")] = own
        languages[CANARY.index(f"<|{language}|>"), CANARY.index("▁ru>en")] = both
    weights = np.zeros((1, 1024, 1), np.float32)
    weights[0, _PREFIX_TARGET - 1 : _PREFIX_TARGET + 1, 0] = 4, 5
    _save(
        folder / "decoder-model.onnx",
        [
            *(_constant(*each) for each in (("following", following), ("languages", languages))),
            _constant("weights", weights),
            *(_constant(name, np.array([value], np.int64)) for name, value in (("from", 0), ("axis", 1))),
            helper.make_node("Shape", ["input_ids"], ["tokens"], start=1, end=2),
            helper.make_node("Slice", ["weights", "from", "tokens", "axis"], ["places"]),
            helper.make_node("Gather", ["languages", "input_ids"], ["told"]),
            helper.make_node("Mul", ["told", "places"], ["placed"]),
            helper.make_node("ReduceSum", ["placed", "axis"], ["heard"], keepdims=1),
            helper.make_node("Gather", ["following", "input_ids"], ["next"]),
            helper.make_node("Add", ["next", "heard"], ["logits"]),
            helper.make_node("Cast", ["input_ids"], ["ids"], to=TensorProto.FLOAT),
            _constant("outer", np.array([0, 3], np.int64)),
            helper.make_node("Unsqueeze", ["ids", "outer"], ["decoder_hidden_states"]),
        ],
        {
            "input_ids": ("i", ["b", "n"]),
            "encoder_embeddings": ("f", ["b", "t", 1]),
            "encoder_mask": ("i", ["b", 1]),
            "decoder_mems": ("f", [1, "b", "m", 1]),
        },
        {"logits": ("f", ["b", "n", size]), "decoder_hidden_states": ("f", [1, "b", "n", 1])},
    )
    _vocabulary(folder / "vocab.txt", CANARY)
    (folder / "config.json").write_text(json.dumps({"features_size": 80}))


def _scores(features: str, preprocessor: str) -> Nodes:
    """Every fourth frame of the features; a token's score is how much louder its band is than -5 (a log)."""
    weights, bias = np.zeros((64, len(TOKENS)), np.float32), np.full(len(TOKENS), 5, np.float32)
    for place, token in enumerate(TOKENS[:BLANK]):
        weights[_band(token, preprocessor), place] = 1
    bias[BLANK] = 0
    return [
        *(
            _constant(name, np.array([value], np.int64))
            for name, value in (("s.from", 0), ("s.to", 1 << 40), ("s.axis", 2), ("s.step", 4))
        ),
        _constant("s.weights", weights),
        _constant("s.bias", bias),
        helper.make_node("Slice", [features, "s.from", "s.to", "s.axis", "s.step"], ["s.kept"]),
        helper.make_node("Transpose", ["s.kept"], ["s.frames"], perm=[0, 2, 1]),
        helper.make_node("MatMul", ["s.frames", "s.weights"], ["s.loud"]),
        helper.make_node("Add", ["s.loud", "s.bias"], ["scores"]),
    ]


def _band(token: str, preprocessor: str) -> int:
    sound = sung(token)
    features, _ = GigaamPreprocessorNumpy(preprocessor)(sound[None], np.array([len(sound)], np.int64))
    return int(features[0].mean(axis=1).argmax())


def _constant(name: str, value: NDArray[np.generic]) -> onnx.NodeProto:
    return helper.make_node("Constant", [], [name], value=numpy_helper.from_array(value))


def _save(
    file: Path,
    nodes: Nodes,
    inputs: Mapping[str, Value],
    outputs: Mapping[str, Value],
) -> None:
    kinds = {"f": TensorProto.FLOAT, "i": TensorProto.INT64, "i32": TensorProto.INT32}
    first, last = (
        [helper.make_tensor_value_info(name, kinds[kind], shape) for name, (kind, shape) in each.items()]
        for each in (inputs, outputs)
    )
    graph = helper.make_graph(nodes, file.stem, first, last)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, file)


def _vocabulary(file: Path, tokens: Sequence[str]) -> None:
    file.write_text("".join(f"{token} {place}\n" for place, token in enumerate(tokens)), "utf-8")
