"""How far the model with a suffix is from itself in its full context."""

from dataclasses import dataclass

import torch
from torch import Tensor

from app.engines.faster_whisper.suffix import CLASS_STATES, Suffix
from app.engines.frames import FRAMES_PER_STATE
from benchmark.suffix.examples import Example
from benchmark.suffix.whisper_model import FrozenWhisper

SILENCE_SHARE = 0.3
"""What the states of the silence count against those of the sound."""


@dataclass(frozen=True, slots=True)
class FeaturesLoss:
    """Of the encoder: mean square difference of the states, silence included at its share."""

    model: FrozenWhisper

    def __call__(self, suffix: Tensor, example: Example) -> Tensor:
        states = self.model.encode(with_features(suffix, example))[: len(example.target)]
        squares = ((states - example.target) ** 2).mean(1)
        sound, silence = squares[: example.sound_states], squares[example.sound_states :]
        return sound.mean() + SILENCE_SHARE * silence.mean()


@dataclass(frozen=True, slots=True)
class StatesLoss:
    """Of the decoder: Kullback-Leibler divergence of the next token, mean over the tokens, in nats."""

    model: FrozenWhisper
    silence: Tensor

    def __call__(self, suffix: Tensor, example: Example) -> Tensor:
        heard, ending = example.target, suffix[example.shown // CLASS_STATES]
        states = torch.cat([heard, self.silence[len(heard) : example.shown - len(ending)], ending])
        found = self.model.log_probabilities(self.model.decode(example.tokens, states))
        wanted = self.model.log_probabilities(example.held)
        return (wanted.exp() * (wanted - found)).sum(-1).mean()


def with_features(suffix: Tensor, example: Example) -> Tensor:
    """What Suffix.put does, with gradients."""
    features = example.features
    first = Suffix.first_state(example.samples) * FRAMES_PER_STATE
    fits = suffix[:, : max(0, features.shape[1] - first)]
    end = first + fits.shape[1]
    return torch.cat([features[:, :first], features[:, -1:] + fits, features[:, end:]], 1)
