"""Any sample rate to SAMPLE_RATE, each channel by itself, in slices of bounded size."""

from collections.abc import Iterator

import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler

from app.audio.pcm import Channels
from app.audio.samples import SAMPLE_RATE

SLICE_BYTES = 4 * 1024 * 1024
"""Most that is resampled at once, before and after: a frame may hold minutes, and any number of channels."""

_LAYOUTS = ("mono", "stereo", "3.0", "4.0", "5.0", "6.0", "7.0", "7.1")
"""One for each number of channels; the same before and after, so that FFmpeg mixes nothing."""


class Resampler:
    """Resamples sound of one rate and number of channels, of up to eight channels at a time."""

    def __init__(self, rate: int, channels: int) -> None:
        self._rate = rate
        self._channels = channels
        widths = [min(len(_LAYOUTS), channels - first) for first in range(0, channels, len(_LAYOUTS))]
        self._groups = [
            (width, AudioResampler(format="flt", layout=_LAYOUTS[width - 1], rate=SAMPLE_RATE))
            for width in widths
        ]
        self._slice = max(1, SLICE_BYTES // (4 * channels * max(1, SAMPLE_RATE // rate)))

    def feed(self, samples: Channels) -> Iterator[Channels]:
        """What the samples give; the filter holds a little back."""
        if self._rate == SAMPLE_RATE:
            yield samples
            return
        for first in range(0, samples.shape[1], self._slice):
            yield self._resampled(samples[:, first : first + self._slice])

    def flush(self) -> Channels:
        """What the filter still holds at the end."""
        parts = [_channels(resampler.resample(None), width) for width, resampler in self._groups]
        return np.concatenate(parts)

    def _resampled(self, samples: Channels) -> Channels:
        parts, first = [], 0
        for width, resampler in self._groups:
            packed = np.ascontiguousarray(samples[first : first + width].T).reshape(1, -1)
            frame = AudioFrame.from_ndarray(packed, "flt", _LAYOUTS[width - 1])
            frame.sample_rate = self._rate
            parts.append(_channels(resampler.resample(frame), width))
            first += width
        return np.concatenate(parts)


def _channels(frames: list[AudioFrame], width: int) -> Channels:
    parts = [frame.to_ndarray().astype(np.float32, copy=False).reshape(-1, width) for frame in frames]
    return np.concatenate(parts).T if parts else np.empty((width, 0), np.float32)
