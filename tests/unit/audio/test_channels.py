"""All channels are heard, whatever their number and phase."""

from pathlib import Path

import numpy as np
import pytest

from app.audio.decode import read_samples
from tests.support.recordings import (
    RATE,
    Part,
    channels,
    likeness,
    loudness,
    planes,
    sentence,
    silence,
    wav,
    write,
)


@pytest.mark.parametrize("count", [3, 4, 5, 6, 7, 8, 9, 12, 16, 24, 32, 64, 65, 100])
def test_the_last_of_many_channels_is_heard(tmp_path: Path, count: int) -> None:
    samples, report = read_samples(wav(tmp_path / "many.wav", channels(count, count - 1)))

    assert likeness(samples, sentence()) > 0.99
    assert loudness(samples) > 0.4 * loudness(sentence())
    assert report.damaged_packets == 0


@pytest.mark.parametrize("speaking", range(6))
def test_every_channel_of_5_1_is_heard(tmp_path: Path, speaking: int) -> None:
    path = write(tmp_path / "film.mka", Part(channels(6, speaking), codec="flac", layout="5.1"))

    samples, report = read_samples(path)

    assert likeness(samples, sentence()) > 0.99
    assert loudness(samples) > 0.4 * loudness(sentence())
    assert any("LFE" in warning for warning in report.warnings) == (speaking == 3)


def test_rumble_in_the_lfe_channel_is_left_out(tmp_path: Path) -> None:
    rumble = 0.9 * np.sin(np.arange(len(sentence())) * 2 * np.pi * 50 / RATE)
    sound = channels(6, 2)
    sound[3] = rumble

    samples, report = read_samples(write(tmp_path / "film.mka", Part(sound, codec="flac", layout="5.1")))

    assert likeness(samples, sentence()) > 0.99
    assert report.warnings == ()


@pytest.mark.parametrize("softer", [1.0, 0.9, 0.7])
def test_channels_in_opposite_phase_do_not_cancel(tmp_path: Path, softer: float) -> None:
    samples, report = read_samples(wav(tmp_path / "phase.wav", planes(sentence(), -softer * sentence())))

    assert likeness(samples, sentence()) > 0.99
    assert loudness(samples) > 0.7 * loudness(sentence())
    assert "opposite phase" in report.warnings[0]


def test_opposite_phase_is_found_under_a_common_hum(tmp_path: Path) -> None:
    hum = 0.3 * np.sin(np.arange(len(sentence())) * 2 * np.pi * 50 / RATE)
    voice = 0.5 * sentence()

    samples, _ = read_samples(wav(tmp_path / "hum.wav", planes(voice + hum, hum - voice)))

    assert likeness(np.diff(samples), np.diff(sentence())) > 0.95  # which takes the hum from both


def test_opposite_phase_among_many_channels(tmp_path: Path) -> None:
    voice = 0.5 * sentence()
    noise = np.random.default_rng(1).normal(0, 0.005, len(voice))

    samples, _ = read_samples(wav(tmp_path / "four.wav", planes(voice, -voice, noise, -voice)))

    assert likeness(samples, sentence()) > 0.95


def test_phase_that_changes_on_the_way(tmp_path: Path) -> None:
    voice = sentence()
    other = np.where(np.arange(len(voice)) < 3 * RATE, voice, -voice)

    samples, _ = read_samples(wav(tmp_path / "turns.wav", planes(voice, other)))

    for first in range(0, 6 * RATE, RATE):
        part = slice(first, first + RATE)
        assert loudness(samples[part]) > 0.9 * loudness(voice[part])


def test_ordinary_stereo_is_the_sum_of_both_sides(tmp_path: Path) -> None:
    left, right = 0.5 * sentence(), 0.5 * np.roll(sentence(), 4 * RATE)

    samples, report = read_samples(wav(tmp_path / "stereo.wav", planes(left, right)))

    expected = np.float32(0.5**0.5) * (left + right)
    assert np.abs(samples - expected).max() < 1e-4
    assert report.warnings == ()


def test_two_who_speak_at_different_times_are_both_heard(tmp_path: Path) -> None:
    voice = sentence()
    sound = planes(np.concatenate([voice, silence(6.2)]), silence(1), np.concatenate([silence(6.2), voice]))

    samples, _ = read_samples(wav(tmp_path / "turns.wav", sound))

    assert likeness(samples[: 6 * RATE], voice[: 6 * RATE]) > 0.99
    assert likeness(samples[-6 * RATE :], voice) > 0.95


def test_the_mix_does_not_depend_on_how_the_packets_are_cut(tmp_path: Path) -> None:
    sound = planes(sentence(), -0.9 * np.roll(sentence(), 2))
    in_pieces = write(tmp_path / "a.mka", Part(sound))
    in_frames = write(tmp_path / "b.mka", Part(sound, codec="flac"))

    first, second = read_samples(in_pieces)[0], read_samples(in_frames)[0]

    assert np.array_equal(first, second)


def test_the_number_of_channels_may_change(tmp_path: Path) -> None:
    mono = write(tmp_path / "mono.aac", Part(sentence()[np.newaxis], codec="aac"), format="adts")
    stereo = write(tmp_path / "stereo.aac", Part(channels(2, 1), codec="aac"), format="adts")
    path = tmp_path / "both.aac"
    path.write_bytes(mono.read_bytes() + stereo.read_bytes())

    samples, report = read_samples(path)

    assert report.seconds == pytest.approx(12.4, abs=0.3)
    assert likeness(samples[: 6 * RATE], sentence()) > 0.9
    assert likeness(samples[-6 * RATE :], sentence()) > 0.9
