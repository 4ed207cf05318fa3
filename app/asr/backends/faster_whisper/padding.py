"""What follows the sound of a window where encoder and decoder are given less than 30 s: a strategy.

`SilencePadding` is the plain one: silence, as in Whisper's training. Weights may have another that was fitted
to them (`suffix.py`); which one was used is named in the provenance of a transcript.
"""

from typing import Protocol

from app.asr.frames import Features, States


class Padding(Protocol):
    """What is put after a sound, and how it is taken off again."""

    @property
    def name(self) -> str:
        """By which the transcript's provenance, and the plan of a checkpoint, tell it from others."""

    def put(self, features: Features, samples: int) -> Features:
        """The features of a sound of so many samples and silence after it, as the encoder is given them."""

    def own(self, states: States, samples: int) -> States:
        """Those of the encoder's states that belong to a sound of so many samples, or to silence."""

    def end(self, silence: States) -> States:
        """What the decoder is shown where there is no sound; given silent states, shape (1, states, …)."""


class SilencePadding:
    """Nothing but silence."""

    name = "silence"

    def put(self, features: Features, samples: int) -> Features:  # noqa: ARG002 - see Padding
        """As they are."""
        return features

    def own(self, states: States, samples: int) -> States:  # noqa: ARG002 - see Padding
        """All."""
        return states

    def end(self, silence: States) -> States:
        """As it is."""
        return silence


SILENCE = SilencePadding()
