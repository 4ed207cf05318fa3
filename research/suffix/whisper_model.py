"""Whisper in PyTorch, for any length of features and states: gradients come back through it."""

from pathlib import Path

import torch
import whisper
from torch import Tensor
from torch.nn import functional
from whisper.decoding import DecodingOptions, DecodingResult
from whisper.tokenizer import get_tokenizer

MOST_TOKENS = 120


class FrozenWhisper:
    """The model of a `.pt` file; its weights do not change. `mels` is the height of its features."""

    def __init__(self, weights: Path) -> None:
        self._model = whisper.load_model(str(weights), device="cpu").float().eval()
        self._model.requires_grad_(False)
        self.mels: int = self._model.dims.n_mels

    def encode(self, features: Tensor) -> Tensor:
        """States, shape (frames / 2, model dimension), of features of shape (mels, frames).

        As whisper.model.AudioEncoder, which insists on 30 s.
        """
        encoder = self._model.encoder
        found = functional.gelu(encoder.conv1(features[None]))
        found = functional.gelu(encoder.conv2(found)).permute(0, 2, 1)
        found = found + encoder.positional_embedding[: found.shape[1]]
        for block in encoder.blocks:
            found = block(found)
        states: Tensor = encoder.ln_post(found)[0]
        return states

    def written(self, states: Tensor) -> list[int]:
        """Tokens of the greedy answer to the states of 30 s, from the start of the transcript to its end."""
        options = DecodingOptions(without_timestamps=True, fp16=False, sample_len=MOST_TOKENS)
        answer = whisper.decode(self._model, states, options)
        assert isinstance(answer, DecodingResult)
        tokens = get_tokenizer(self._model.is_multilingual, language=answer.language, task="transcribe")
        return [*tokens.sot_sequence_including_notimestamps, *answer.tokens, tokens.eot]

    def decode(self, tokens: list[int], states: Tensor) -> Tensor:
        """What the decoder holds of each token but the last, shape (len(tokens) - 1, model dimension).

        As whisper.model.TextDecoder, whose logits need a hundred times the memory.
        """
        decoder = self._model.decoder
        found = decoder.token_embedding(torch.tensor([tokens[:-1]]))
        found = found + decoder.positional_embedding[: found.shape[1]]
        for block in decoder.blocks:
            found = block(found, states[None], mask=decoder.mask)
        held: Tensor = decoder.ln(found)[0]
        return held

    def log_probabilities(self, held: Tensor) -> Tensor:
        """Of each next token, shape (len(held), vocabulary)."""
        return torch.log_softmax(held @ self._model.decoder.token_embedding.weight.T, -1)
