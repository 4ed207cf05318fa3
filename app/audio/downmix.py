"""Many channels to one, so that none that carries sound is lost.

Mono and ordinary stereo give exactly what FFmpeg gives: 0.7071 × (left + right). Known layouts get FFmpeg's
weights (ITU-R BS.775), but the LFE channel counts too where it carries speech. Where no layout is known, the
channels that are not silent are added with equal power. Channels that would cancel each other, being in
opposite phase, are inverted first. Everything is decided for one second at a time, in the frequency band of
the telephone, where hum and rumble do not hide what is said; the same recording always gives the same sound.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.audio.pcm import Channels
from app.audio.samples import SAMPLE_RATE, Samples
from app.core.transcript_warnings import TranscriptWarning, WarningSentence

SILENT_RMS = 4e-5
"""Root mean square of what is silence: the noise of 16-bit dither has half of it."""

SPEECH_BAND_HZ = (300, 3400)
LFE_SHARE = 0.1
"""Part of the LFE channel's power in that band from which it is taken for speech: rumble has hundredths."""

CANCELLED, RESTORED = 0.25, 0.5
"""Power of the sum over that of the difference: below the first a channel is inverted, until the second."""

RAMP_SAMPLES = 160
"""Over which weights change: 10 ms, so that nothing clicks."""

TOLD_SHARE = 0.2
"""Part of the sounding seconds that must have been inverted to be told: wide stereo is, now and then."""

_HALF_POWER = 0.5**0.5
_WEIGHTS = {"FC": 1.0, "FL": _HALF_POWER, "FR": _HALF_POWER, "FLC": _HALF_POWER, "FRC": _HALF_POWER}
_SURROUND_WEIGHT = 0.5
_LFE = frozenset({"LFE", "LFE2"})


@dataclass(frozen=True, slots=True)
class Layout:
    """The channels' positions as FFmpeg names them; none where only their number is known."""

    count: int
    names: tuple[str, ...] = ()

    @property
    def is_known(self) -> bool:
        """Whether it is told where each channel belongs."""
        return self.count <= 2 or bool(self.names)


@dataclass(frozen=True, slots=True)
class MixReport:
    """What was unusual about a mix."""

    unknown_layout: int = 0
    """Number of channels whose places are not known."""
    inverted: bool = False
    lfe: bool = False

    def joined(self, other: "MixReport") -> "MixReport":
        """Both of two."""
        return MixReport(
            unknown_layout=max(self.unknown_layout, other.unknown_layout),
            inverted=self.inverted or other.inverted,
            lfe=self.lfe or other.lfe,
        )

    @property
    def warnings(self) -> tuple[WarningSentence, ...]:
        """Sentences for the reader of the transcript."""
        found = []
        if self.inverted:
            found.append(TranscriptWarning.INVERTED.sentence())
        if self.lfe:
            found.append(TranscriptWarning.LFE.sentence())
        if self.unknown_layout:
            found.append(TranscriptWarning.LAYOUT.sentence(channels=self.unknown_layout))
        return tuple(found)


class Downmix:
    """Mixes one track; to be fed slices of one second, each but the last."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._active = np.zeros(layout.count, bool)
        self._lfe = np.array([name in _LFE for name in layout.names] or [False] * layout.count)
        self._weights = _weights(layout)
        self._signs = np.ones(layout.count, np.float32)
        self._gains: NDArray[np.float32] | None = None
        self._sounding = self._inverted = 0

    @property
    def report(self) -> MixReport:
        """What was unusual so far."""
        count = self._layout.count
        return MixReport(
            unknown_layout=0 if self._layout.is_known else count,
            inverted=self._inverted > TOLD_SHARE * self._sounding,
            lfe=bool(np.any(self._lfe & self._active)),
        )

    def feed(self, samples: Channels) -> Samples:
        """The mix of a slice."""
        if self._layout.count == 1:
            return np.asarray(samples[0])
        if samples.shape[1] and samples.any():
            self._look(samples)
        return self._mixed(samples)

    def _look(self, samples: Channels) -> None:
        """Decide from a slice which channels count, and which are inverted."""
        spectra, power = _speech_band(samples)
        powers = np.einsum("cf,cf->c", spectra, spectra.conj()).real
        sounding = power > SILENT_RMS**2
        speaks = powers > SILENT_RMS**2
        self._active |= np.where(self._lfe, speaks & (powers > LFE_SHARE * power), sounding)
        if not speaks.any():
            return
        self._sounding += 1
        weighted = spectra * self._level()[:, np.newaxis]
        products = (weighted @ weighted.conj().T).real.astype(np.float32)
        self._signs = _signs(products, self._signs, speaks)
        self._inverted += len(set(self._signs[speaks])) > 1

    def _level(self) -> NDArray[np.float32]:
        """What each channel counts."""
        if self._layout.is_known:
            lfe = np.where(self._active, np.float32(_HALF_POWER), np.float32(0))
            return np.where(self._lfe, lfe, self._weights)
        share = np.float32(max(1, int(np.count_nonzero(self._active))) ** -0.5)
        return np.where(self._active, share, np.float32(0))

    def _mixed(self, samples: Channels) -> Samples:
        gains = self._level() * self._signs
        before, self._gains = self._gains, gains
        mixed = _sum(gains, samples)
        if before is not None and before.any() and not np.array_equal(before, gains):
            ramp = np.linspace(0, 1, RAMP_SAMPLES, endpoint=False, dtype=np.float32)[: samples.shape[1]]
            head = samples[:, : len(ramp)]
            mixed[: len(ramp)] = _sum(before, head) * (1 - ramp) + _sum(gains, head) * ramp
        return mixed


def _weights(layout: Layout) -> NDArray[np.float32]:
    if layout.count == 2:
        return np.array([_HALF_POWER, _HALF_POWER], np.float32)
    return np.array([_WEIGHTS.get(name, _SURROUND_WEIGHT) for name in layout.names], np.float32)


def _sum(gains: NDArray[np.float32], samples: Channels) -> Samples:
    """Two are added in the order in which FFmpeg does it, to the same bits."""
    if len(samples) == 2:
        return np.asarray(gains[0] * samples[0] + gains[1] * samples[1], np.float32)
    return np.asarray(gains @ samples, np.float32)


def _speech_band(samples: Channels) -> tuple[NDArray[np.complex64], NDArray[np.float64]]:
    """Spectra of the channels in the band of speech, scaled to its power; and the power of all bands."""
    length = samples.shape[1]
    first, last = (max(1, round(hertz * length / SAMPLE_RATE)) for hertz in SPEECH_BAND_HZ)
    spectra = np.fft.rfft(samples, axis=1)[:, first : last + 1] * (2**0.5 / length)
    return spectra, np.mean(np.square(samples, dtype=np.float64), axis=1)


def _signs(
    products: NDArray[np.float32], before: NDArray[np.float32], speaks: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Which channels to invert so that none cancels the louder ones; `products` are their inner products."""
    signs = np.ones_like(before)
    powers = [float(power) for power in np.diag(products)]
    loudest, *others = sorted(map(int, np.flatnonzero(speaks)), key=lambda each: (-powers[each], each))
    mixed = [loudest]
    for channel in others:
        cross = signs[mixed] @ products[mixed, channel]
        own = products[channel, channel] + signs[mixed] @ products[np.ix_(mixed, mixed)] @ signs[mixed]
        limit = CANCELLED if before[channel] == before[loudest] else RESTORED
        if own + 2 * cross < limit * (own - 2 * cross):
            signs[channel] = -1.0
        mixed.append(channel)
    # All inverted sounds like none: the louder part goes on as it was.
    return -signs if np.sum(signs * before * np.diag(products)) < 0 else signs
