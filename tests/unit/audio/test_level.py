"""Soft speech is heard as loud speech is; what is loud enough is left as it is."""

from pathlib import Path

import numpy as np
import pytest

from app.audio.decode import read_samples
from app.audio.level import AUDIBLE_PEAK, Leveller, audible, is_audible
from app.audio.samples import SAMPLE_RATE, Samples
from app.audio.windows import Window, cut_windows

ASSETS = Path(__file__).parents[2] / "assets"


@pytest.fixture(scope="module")
def speech() -> Samples:
    samples, _ = read_samples(ASSETS / "speech_en.flac")
    return np.asarray(samples / np.abs(samples).max(), np.float32)


def _softened(samples: Samples, decibels: float) -> Samples:
    """The sound at another level, in 16 bits."""
    return np.round(samples * 10 ** (decibels / 20) * 2**15).astype(np.float32) / np.float32(2**15)


def _windows(samples: Samples) -> list[Window]:
    chunks = [samples[first : first + SAMPLE_RATE] for first in range(0, len(samples), SAMPLE_RATE)]
    return list(cut_windows(chunks))


def _spoken(windows: list[Window]) -> float:
    return sum(end - start for window in windows for start, end in window.voiced)


@pytest.mark.parametrize("decibels", [-52, -60, -66])
def test_soft_speech_is_found_and_raised(speech: Samples, decibels: float) -> None:
    windows = _windows(_softened(speech, decibels))

    assert _spoken(windows) > 0.9 * _spoken(_windows(speech))
    assert all(np.abs(window.samples).max() == pytest.approx(AUDIBLE_PEAK, rel=0.05) for window in windows)


def test_loud_speech_is_left_as_it_is(speech: Samples) -> None:
    [window] = _windows(speech)

    first = round(window.start * SAMPLE_RATE)
    assert np.array_equal(window.samples, speech[first:][: len(window.samples)])


@pytest.mark.parametrize("decibels", [0, -40, -60, -75])
def test_noise_is_no_speech_at_any_level(decibels: float) -> None:
    noise = np.random.default_rng(1).normal(0, 0.2, 20 * SAMPLE_RATE)

    assert _windows(_softened(noise.astype(np.float32), decibels)) == []


def test_a_loud_moment_is_remembered_over_a_pause() -> None:
    frames = np.full((100, 512), 0.001, np.float32)
    frames[10] = 0.5

    raised = Leveller(frames_per_second=31.25).raised(frames)

    assert raised[9].max() == pytest.approx(AUDIBLE_PEAK)
    assert np.array_equal(raised[10:], frames[10:])


def test_the_gain_does_not_depend_on_how_the_stream_is_divided() -> None:
    frames = np.random.default_rng(2).random((60, 512), np.float32) * 0.01
    whole, parts = Leveller(31.25), Leveller(31.25)

    together = whole.raised(frames)
    apart = np.concatenate([parts.raised(frames[:7]), parts.raised(frames[7:8]), parts.raised(frames[8:])])

    assert np.allclose(together, apart, rtol=1e-5)


def test_silence_stays_silence() -> None:
    silence = np.zeros(SAMPLE_RATE, np.float32)

    assert not audible(silence).any()
    assert not is_audible(silence)
    assert is_audible(silence + 0.001)
