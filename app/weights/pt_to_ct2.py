"""openai-whisper's `.pt` to a CTranslate2 folder, without torch.

The map is that of `ctranslate2.converters.transformers.WhisperLoader`, with openai's names for the tensors.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from app.weights.checkpoint import Array, Checkpoint, Dimensions
from app.weights.vocabulary import Vocabulary, default_alignment_heads

USUAL_MELS = 80


def convert(checkpoint: Checkpoint, vocabulary: Vocabulary, folder: Path, name: str) -> None:
    """Write the model as a CTranslate2 folder in float16, as the models on the hub are."""
    from ctranslate2.specs.whisper_spec import WhisperSpec

    size = checkpoint.dimensions
    spec = WhisperSpec(size.n_audio_layer, size.n_audio_head, size.n_text_layer, size.n_text_head)
    weights = _Weights(checkpoint.weights)
    _encoder(spec.encoder, weights)
    _decoder(spec.decoder, weights)
    spec.register_vocabulary(vocabulary.tokens)
    _configure(spec.config, vocabulary, size, name)
    spec.validate()
    spec.optimize(quantization="float16")
    folder.mkdir(parents=True)
    spec.save(str(folder))
    (folder / "tokenizer.json").write_text(
        json.dumps(vocabulary.tokenizer, ensure_ascii=False), encoding="utf-8"
    )
    if size.n_mels != USUAL_MELS:
        (folder / "preprocessor_config.json").write_text(json.dumps({"feature_size": size.n_mels}))


class _Weights:
    """Tensors by name, below a prefix."""

    def __init__(self, tensors: dict[str, Array], prefix: str = "") -> None:
        self._tensors = tensors
        self._prefix = prefix

    def below(self, name: str) -> "_Weights":
        return _Weights(self._tensors, f"{self._prefix}{name}.")

    def __getitem__(self, name: str) -> Array:
        return self._tensors[self._prefix + name]

    def get(self, name: str) -> Array | None:
        return self._tensors.get(self._prefix + name)


def _encoder(spec: Any, weights: _Weights) -> None:
    source = weights.below("encoder")
    for name in ("conv1", "conv2"):
        _linear(getattr(spec, name), source.below(name))
    spec.position_encodings.encodings = source["positional_embedding"]
    _norm(spec.layer_norm, source.below("ln_post"))
    for number, layer in enumerate(spec.layer):
        block = source.below(f"blocks.{number}")
        _self_attention(layer.self_attention, block)
        _feed_forward(layer.ffn, block)


def _decoder(spec: Any, weights: _Weights) -> None:
    source = weights.below("decoder")
    spec.embeddings.weight = source["token_embedding.weight"]
    spec.projection.weight = source["token_embedding.weight"]
    spec.position_encodings.encodings = source["positional_embedding"]
    _norm(spec.layer_norm, source.below("ln"))
    for number, layer in enumerate(spec.layer):
        block = source.below(f"blocks.{number}")
        _self_attention(layer.self_attention, block)
        _cross_attention(layer.attention, block)
        _feed_forward(layer.ffn, block)


def _self_attention(spec: Any, block: _Weights) -> None:
    attention = block.below("attn")
    _norm(spec.layer_norm, block.below("attn_ln"))
    _fused(spec.linear[0], [attention.below(name) for name in ("query", "key", "value")])
    _linear(spec.linear[1], attention.below("out"))


def _cross_attention(spec: Any, block: _Weights) -> None:
    attention = block.below("cross_attn")
    _norm(spec.layer_norm, block.below("cross_attn_ln"))
    _linear(spec.linear[0], attention.below("query"))
    _fused(spec.linear[1], [attention.below(name) for name in ("key", "value")])
    _linear(spec.linear[2], attention.below("out"))


def _feed_forward(spec: Any, block: _Weights) -> None:
    _norm(spec.layer_norm, block.below("mlp_ln"))
    _linear(spec.linear_0, block.below("mlp.0"))
    _linear(spec.linear_1, block.below("mlp.2"))


def _norm(spec: Any, source: _Weights) -> None:
    spec.gamma = source["weight"]
    spec.beta = source["bias"]


def _linear(spec: Any, source: _Weights) -> None:
    spec.weight = source["weight"]
    spec.bias = source["bias"]


def _fused(spec: Any, sources: list[_Weights]) -> None:
    spec.weight = np.concatenate([source["weight"] for source in sources])
    spec.bias = np.concatenate([_bias(source) for source in sources])


def _bias(source: _Weights) -> Array:
    weight, bias = source["weight"], source.get("bias")
    return np.zeros(weight.shape[0], weight.dtype) if bias is None else bias  # keys have none


def _configure(config: Any, vocabulary: Vocabulary, size: Dimensions, name: str) -> None:
    from ctranslate2.converters import transformers

    known = transformers._WHISPER_ALIGNMENT_HEADS.get(f"openai/whisper-{name}")
    config.suppress_ids = list(vocabulary.suppress_ids)
    config.suppress_ids_begin = list(vocabulary.suppress_ids_begin)
    config.lang_ids = list(vocabulary.lang_ids)
    config.alignment_heads = known or default_alignment_heads(size)
