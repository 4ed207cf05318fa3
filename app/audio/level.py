"""Soft recordings, made loud enough to be heard: by speech detection, which is blind below -52 dBFS, and by
Whisper, which was trained on louder ones. docs/research/measurements.md has the measurements."""

import numpy as np

from app.audio.samples import Samples

AUDIBLE_PEAK = 10 ** (-30 / 20)
"""Peak, relative to full scale, to which softer sound is raised; what is louder is left as it is."""

MOST_GAIN = 10 ** (50 / 20)
"""More would raise the rounding of 16-bit samples to speech."""

FALL_PER_SECOND = np.log(10) / 30
"""How fast a loud sound is forgotten, as a natural logarithm: 20 dB in 30 s, lest pauses be raised."""

SILENT_PEAK = 10 ** (-75 / 20)
"""Below this there is nothing but the noise of a converter."""


class Leveller:
    """Raises a stream of frames by what its loudest moments so far leave room for."""

    def __init__(self, frames_per_second: float) -> None:
        self._fall = FALL_PER_SECOND / frames_per_second
        self._level = 0.0

    def raised(self, frames: Samples) -> Samples:
        """Frames of shape (n, samples), each at its own gain."""
        gains = _gain(self._levels(np.abs(frames).max(axis=1)))
        return np.asarray(frames * gains[:, None], np.float32)

    def _levels(self, peaks: Samples) -> Samples:
        """Peak of each frame, or what is left of an earlier and louder one."""
        fallen = self._fall * np.arange(len(peaks) + 1)
        kept = np.log(np.maximum(np.concatenate([[self._level], peaks]), np.finfo(np.float32).tiny))
        levels = np.asarray(np.exp(np.maximum.accumulate(kept + fallen) - fallen), np.float32)
        self._level = float(levels[-1])
        return levels[1:]


def is_audible(samples: Samples) -> bool:
    """Whether there is more than silence in some sound, of whatever shape."""
    return bool(np.abs(samples).max(initial=0.0) > SILENT_PEAK)


def audible(samples: Samples) -> Samples:
    """Sound that is raised as a whole if it is soft."""
    peak = np.abs(samples).max(initial=0.0)
    return samples * _gain(np.float32(peak)) if peak else samples


def _gain(peak: Samples | np.float32) -> Samples:
    return np.asarray(np.clip(AUDIBLE_PEAK / peak, 1.0, MOST_GAIN), np.float32)
