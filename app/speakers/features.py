"""Kaldi's log mel energies, which CAM++ was trained on: 80 bands, frames of 25 ms every 10 ms, no dither.

https://kaldi-asr.org/doc/feat.html, with the defaults of `compute-fbank-feats` ("povey" window, pre-emphasis
0.97, 20 Hz to half the sampling rate).
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from app.audio.samples import SAMPLE_RATE, Samples

MELS = 80
FRAME_SAMPLES, STEP_SAMPLES, FFT_SAMPLES = 400, 160, 512
LOWEST_HZ, HIGHEST_HZ = 20.0, SAMPLE_RATE / 2
PRE_EMPHASIS = np.float32(0.97)
LEAST_ENERGY = np.float32(np.finfo(np.float32).eps)

Features = NDArray[np.float32]
"""Log energies, shape (frames, MELS)."""


def features_of(samples: Samples) -> Features:
    """The features of some sound; empty where it is shorter than a frame."""
    if len(samples) < FRAME_SAMPLES:
        return np.empty((0, MELS), np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(samples, FRAME_SAMPLES)[::STEP_SAMPLES]
    frames = frames - frames.mean(axis=1, keepdims=True)
    before = np.concatenate([frames[:, :1], frames[:, :-1]], axis=1)
    spectrum = np.fft.rfft((frames - PRE_EMPHASIS * before) * _window(), FFT_SAMPLES, axis=1)
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    return np.asarray(np.log(np.maximum(power @ _mel_bank(), LEAST_ENERGY)), np.float32)


@cache
def _window() -> NDArray[np.float32]:
    return (np.hanning(FRAME_SAMPLES) ** 0.85).astype(np.float32)


@cache
def _mel_bank() -> NDArray[np.float32]:
    """Triangles that are even on the mel scale, shape (bins, MELS)."""
    edges = np.linspace(_mel(LOWEST_HZ), _mel(HIGHEST_HZ), MELS + 2)
    bins = _mel(np.arange(FFT_SAMPLES // 2 + 1) * SAMPLE_RATE / FFT_SAMPLES)[:, None]
    left, middle, right = edges[:-2], edges[1:-1], edges[2:]
    bank = np.minimum((bins - left) / (middle - left), (right - bins) / (right - middle))
    bank = np.maximum(bank, 0.0)
    bank[-1] = 0.0  # Kaldi leaves the last bin out
    return bank.astype(np.float32)


def _mel(hertz: "NDArray[np.float64] | float") -> "NDArray[np.float64]":
    return np.asarray(1127.0 * np.log1p(np.asarray(hertz) / 700.0))
