"""Calls told from ordinary stereo, and cross-talk in them."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from app.audio.calls import FRAME_SAMPLES, CallSides, call_sides, without_crosstalk
from app.audio.listening import Listening
from tests.support.recordings import RATE, planes, sentence, silence, wav
from tests.support.voices import lower

Sound = NDArray[np.float32]


def _sides() -> tuple[Sound, Sound]:
    """Two people in turn, three times each."""
    one, other = sentence(), lower(sentence())
    left = np.concatenate([one, np.zeros_like(other)] * 3)
    right = np.concatenate([np.zeros_like(one), other] * 3)
    return left, right


def _call(crosstalk_db: float | None, noise: float = 3e-4) -> Sound:
    left, right = _sides()
    leak = 0.0 if crosstalk_db is None else 10 ** (crosstalk_db / 20)
    hiss = np.random.default_rng(0).normal(0, noise, (2, len(left))).astype(np.float32)
    return planes(left + leak * right, right + leak * left) + hiss


def _music(seconds: float) -> Sound:
    """Chords whose instruments are panned to either side."""
    time = np.arange(round(seconds * RATE)) / RATE
    tones = [np.sin(2 * np.pi * hertz * time) for hertz in (220, 277, 330, 440)]
    beat = 0.2 + 0.8 * np.abs(np.sin(2 * np.pi * 0.9 * time))
    left = beat * (tones[0] + 0.6 * tones[1] + 0.3 * tones[2])
    right = beat * (0.5 * tones[0] + tones[2] + 0.8 * tones[3])
    return (0.08 * np.stack([left, right])).astype(np.float32)


def _found(folder: Path, sound: Sound) -> CallSides | None:
    return call_sides(wav(folder / "recording.wav", sound), Listening())


@pytest.mark.parametrize("crosstalk_db", [None, -30, -20, -12])
def test_a_call_is_found(tmp_path: Path, crosstalk_db: float | None) -> None:
    found = _found(tmp_path, _call(crosstalk_db))

    assert found is not None
    for side in found.crosstalk:
        assert side == pytest.approx(
            crosstalk_db or -45, abs=3 if crosstalk_db and crosstalk_db > -30 else 25
        )


def _panned(left: float, right: float) -> Sound:
    one, other = _sides()
    return planes(left * one + right * other, right * one + left * other)


@pytest.mark.parametrize(
    "sound",
    [
        pytest.param(planes(sentence(), sentence()), id="the same twice"),
        pytest.param(planes(sentence(), 0.5 * sentence()), id="one softer"),
        pytest.param(planes(sentence(), silence(len(sentence()) / RATE)), id="one channel alone"),
        pytest.param(_panned(1.0, 0.5), id="two people panned by 6 dB"),
        pytest.param(_music(20.0), id="music"),
        pytest.param(_music(len(sentence()) / RATE) + sentence(), id="music and voice"),
        pytest.param(np.zeros((2, 5 * RATE), np.float32), id="silence"),
        pytest.param(planes(sentence()), id="mono"),
        pytest.param(planes(sentence(), lower(sentence()), sentence()), id="three channels"),
    ],
)
def test_ordinary_stereo_is_no_call(tmp_path: Path, sound: Sound) -> None:
    assert _found(tmp_path, sound) is None


def test_a_file_that_is_no_recording_is_no_call(tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("no sound")

    assert call_sides(tmp_path / "text.wav", Listening()) is None


def test_crosstalk_is_silenced_and_speech_is_not(tmp_path: Path) -> None:
    sound = _call(-12.0)
    sides = _found(tmp_path, sound)
    assert sides is not None
    blocks = [sound[:, first : first + RATE] for first in range(0, sound.shape[1], RATE)]

    heard = np.concatenate(list(without_crosstalk(blocks, sides)), axis=1)

    left, right = _sides()
    for channel, (own, others) in enumerate(((left, right), (right, left))):
        alone, foreign = _loud(own), _loud(others) & ~_loud(own)
        kept = _loud(heard[channel], 1e-9)
        assert kept[alone].mean() > 0.98
        assert kept[foreign].mean() < 0.1  # what is next to speech of one's own is left


def _loud(sound: Sound, least: float = 1e-5) -> NDArray[np.bool_]:
    whole = len(sound) - len(sound) % FRAME_SAMPLES
    energy = np.square(sound[:whole].reshape(-1, FRAME_SAMPLES)).mean(axis=1)
    return np.asarray(energy > least)


def test_a_call_without_crosstalk_is_left_as_it_is() -> None:
    sound = _call(None)

    heard = next(without_crosstalk([sound], CallSides((-45.0, -50.0))))

    assert np.array_equal(heard, sound)
