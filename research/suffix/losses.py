"""How far the model with a suffix is from itself in its full context."""

from dataclasses import dataclass

import torch
from torch import Tensor

from app.asr.backends.faster_whisper.suffix import CLASS_STATES, MIDDLE_SAMPLES, Suffix
from app.asr.frames import FRAMES_PER_STATE
from research.suffix.examples import Example
from research.suffix.whisper_model import FrozenWhisper

SILENCE_SHARE = 0.3
"""What the states of the silence count against those of the sound."""

TOKENS_SHARE = 2.0
"""What the tokens count against the states."""

MOST_NATS = 2.0
"""What a token counts at most: single ones, that are others altogether, would outweigh the rest."""


@dataclass(frozen=True, slots=True)
class FittedSuffix:
    """As app.asr.backends.faster_whisper.suffix.Suffix, for gradients to come back to."""

    features: Tensor
    states: Tensor


@dataclass(frozen=True, slots=True)
class Distance:
    """Of the encoder, the mean square difference of the states; of the decoder that is shown these, the
    Kullback-Leibler divergence of the next token, mean over the tokens, in nats.
    """

    model: FrozenWhisper
    silence: Tensor

    def __call__(self, suffix: FittedSuffix, example: Example) -> Tensor:
        heard = self.model.encode(with_features(suffix.features, example))[: len(example.target)]
        shown = self._shown(heard, suffix.states[example.shown // CLASS_STATES], example.shown)
        return _of_states(heard, example) + TOKENS_SHARE * self._of_tokens(shown, example)

    def _shown(self, heard: Tensor, ending: Tensor, states: int) -> Tensor:
        return torch.cat([heard, self.silence[len(heard) : states - len(ending)], ending])

    def _of_tokens(self, shown: Tensor, example: Example) -> Tensor:
        found = self.model.log_probabilities(self.model.decode(example.tokens, shown))
        wanted = self.model.log_probabilities(example.held)
        return (wanted.exp() * (wanted - found)).sum(-1).clamp(max=MOST_NATS).mean()


def _of_states(heard: Tensor, example: Example) -> Tensor:
    squares = ((heard - example.target) ** 2).mean(1)
    sound, silence = squares[: example.sound_states], squares[example.sound_states :]
    return sound.mean() + SILENCE_SHARE * silence.mean()


def with_features(suffix: Tensor, example: Example) -> Tensor:
    """What Suffix.put does, with gradients."""
    features = example.features
    first = Suffix.first_state(example.samples) * FRAMES_PER_STATE
    middle, change = suffix[:, :, : max(0, features.shape[1] - first)]
    fits = middle + change * (example.samples / MIDDLE_SAMPLES - 1)
    end = first + fits.shape[1]
    return torch.cat([features[:, :first], features[:, -1:] + fits, features[:, end:]], 1)
