"""The numbers by which windows are encoded and decoded; docs/research/measurements.md tells why these."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tuning:
    """Changed by `benchmark.engine` only."""

    trims: bool = True
    """Give the encoder less than the 30 s that Whisper was trained on."""

    margin_seconds: float = 4.0
    """Silence that the encoder hears after the sound, and the decoder is shown, at least."""

    step_seconds: float = 0.5
    """The encoder's input is rounded up to a multiple of this, so that windows can be encoded together."""

    suffix: bool = True
    """Use the model's suffix, if it has one, in the place of silence that is missing."""

    class_seconds: float = 5.0
    """What the decoder is shown is rounded up to a multiple of this, so that windows go together."""

    patience: float = 0.6
    """Share of the beam that must have ended (Kasai et al. 2022): what goes on after that is mostly loops."""

    time_tokens: bool = False
    """Have the decoder write times between the words: it then stops early, and is slower."""

    coverage: bool = True
    """Decode again what has no words although somebody speaks."""
