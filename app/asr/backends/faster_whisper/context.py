"""Which weights may hear less than the 30 s that Whisper was trained on.

A short context costs a third of the work on short recordings, and accuracy that depends on the weights: it is
the default only for those on which it was measured. So is a padding other than silence.
docs/research/measurements.md has the figures.
"""

from types import MappingProxyType

from app.asr.backends.faster_whisper.padding import SILENCE, Padding
from app.asr.backends.faster_whisper.suffix import suffix_of
from app.asr.backends.faster_whisper.tuning import Tuning

MEASURED = MappingProxyType(
    {
        "sha256:d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9": (
            "base: WER 12.1 % instead of 11.8 % on short messages, the same on long recordings"
        )
    }
)
"""What a short context was measured to cost, by the sum of the weights (`model.bin`)."""


def tuning_for(wanted: str, device: str, digest: str) -> Tuning:
    """How to encode and decode where ENCODER_CONTEXT is `wanted`.

    On a GPU a short context was not measured with weights of real accuracy: `auto` gives it all 30 s.
    """
    is_short = wanted == "short" or (wanted == "auto" and device == "cpu" and digest in MEASURED)
    return Tuning(trims=is_short)


def padding_for(digest: str, tuning: Tuning) -> Padding:
    """What follows a sound in a short context: the suffix that was fitted to the weights, or silence."""
    suffix = suffix_of(digest) if tuning.trims and tuning.suffix else None
    return SILENCE if suffix is None else suffix
