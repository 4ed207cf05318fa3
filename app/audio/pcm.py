"""Decoded frames to floating point: a row for each channel, every sample a number in range."""

import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from numpy.typing import NDArray

from app.audio.layouts import is_list

Channels = NDArray[np.float32]
"""Samples of several channels, shape (channels, n)."""

LOUDEST = 8.0
"""Full scale is 1; some encoders go beyond by a few dB. No sound is louder than this."""

_FULL_SCALES = (2.0**15, 2.0**23, 2.0**31)
"""Full scales of whole numbers, which some programs write into floating-point files as they are."""

_SCALED_SHARE, _SCALED_LEAST = 0.1, 100
"""Share and number of samples beyond LOUDEST from which a file is one of those; fewer are broken samples."""

_MOST_PLANES = 7
"""PyAV (18.1) reads behind the list of planes where a frame has eight or more."""

_WHOLE_NUMBERS = {"u8": (128.0, 1 / 128), "s16": (0.0, 2.0**-15), "s32": (0.0, 2.0**-31)}
"""Offset and factor to floating point."""

_FLOATS = frozenset({"flt", "dbl"})


class PcmReader:
    """Reads the frames of one track; counts samples that were no sound."""

    def __init__(self) -> None:
        self.broken = 0
        """Samples that were no number or absurdly loud, and became silence."""
        self.scale = 1.0
        """Full scale of the samples in the file."""
        self._are_floats = False
        self._packer: AudioResampler | None = None
        self._packed_format: tuple[str, str, int] | None = None

    def read(self, frame: AudioFrame) -> Channels:
        """The samples of a frame. Raises av.FFmpegError or ValueError where FFmpeg cannot convert them."""
        kind = frame.format.name.removesuffix("p") if frame.format.is_planar else frame.format.name
        known = kind in _WHOLE_NUMBERS or kind in _FLOATS
        if not known or (frame.format.is_planar and frame.layout.nb_channels > _MOST_PLANES):
            frame, kind = self._packed(frame), "flt"
        samples = frame.to_ndarray()
        if not frame.format.is_planar:
            samples = samples.reshape(-1, frame.layout.nb_channels).T
        self._are_floats = kind in _FLOATS
        if self._are_floats:
            return samples.astype(np.float32, copy=False)
        offset, factor = _WHOLE_NUMBERS[kind]
        floats = samples.astype(np.float32)
        return (floats - np.float32(offset)) * np.float32(factor) if offset else floats * np.float32(factor)

    def repair(self, samples: Channels) -> Channels:
        """Samples with a full scale of 1; what is no number or absurdly loud becomes silence."""
        if not self._are_floats:
            return samples
        with np.errstate(over="ignore", invalid="ignore"):
            highest, lowest = np.max(samples, initial=0.0), np.min(samples, initial=0.0)
            if self.scale == 1.0 and highest <= LOUDEST and lowest >= -LOUDEST:  # False where one is NaN
                return samples
            return self._repaired(samples)

    def _packed(self, frame: AudioFrame) -> AudioFrame:
        """The frame as interleaved floating point."""
        if is_list(frame.layout):  # the resampler would free it once more
            raise ValueError("PyAV cannot convert channels of such a layout.")
        frame_format = (frame.format.name, frame.layout.name, frame.sample_rate)
        if self._packer is None or self._packed_format != frame_format:
            self._packer = AudioResampler(format="flt", layout=frame.layout, rate=frame.sample_rate)
            self._packed_format = frame_format
        [packed] = self._packer.resample(frame)
        return packed

    def _repaired(self, samples: Channels) -> Channels:
        loudness = np.abs(samples)
        self._rescale(loudness[np.isfinite(loudness)])
        samples = samples / np.float32(self.scale)
        broken = ~(np.abs(samples) <= LOUDEST)
        self.broken += int(np.count_nonzero(broken))
        return np.where(broken, np.float32(0), samples)

    def _rescale(self, loudness: NDArray[np.float32]) -> None:
        """Take a full scale for granted that explains why so many samples are beyond the present one."""
        sounding = int(np.count_nonzero(loudness))
        beyond = loudness[(loudness > LOUDEST * self.scale) & (loudness <= _FULL_SCALES[-1])]
        if len(beyond) < _SCALED_LEAST or len(beyond) < _SCALED_SHARE * sounding:
            return
        loud = float(np.percentile(beyond, 99))
        self.scale = next(scale for scale in _FULL_SCALES if loud <= scale)
