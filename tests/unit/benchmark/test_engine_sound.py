"""Recordings made of recordings."""

from pathlib import Path

import numpy as np
import pytest

from app.audio.decode import read_samples
from benchmark.engine.corpus import Clip
from benchmark.engine.sound import joined, variants

SPEECH = Path(__file__).parents[2] / "assets" / "speech_en.flac"


@pytest.fixture
def clip() -> Clip:
    samples, _ = read_samples(SPEECH)
    return Clip(SPEECH, "en", len(samples) / 16000, "my old green house")


def test_clips_are_joined_to_a_length(clip: Clip, tmp_path: Path) -> None:
    samples, _ = read_samples(joined([clip], 2.5 * clip.seconds, tmp_path / "long.wav"))
    assert len(samples) == round(2.5 * clip.seconds * 16000)


def test_variants_say_the_same_later_and_with_noise(clip: Clip, tmp_path: Path) -> None:
    original, _ = read_samples(SPEECH)
    made = variants([clip], 3, tmp_path)

    assert [each.reference for each in made] == ["my old green house"] * 3
    assert [each.language for each in made] == ["en"] * 3
    for each in made:
        heard, _ = read_samples(each.path)
        assert len(heard) == round(each.seconds * 16000)
        assert 0 <= each.seconds - clip.seconds < 0.5
        noise = heard[-len(original) :] - original
        decibels = 10 * np.log10(np.mean(noise**2) / np.mean(original**2))
        assert -46 < decibels < -29


def test_variants_are_the_same_each_time(clip: Clip, tmp_path: Path) -> None:
    first, second = (variants([clip], 2, tmp_path / name) for name in ("a", "b"))
    assert [each.path.read_bytes() for each in first] == [each.path.read_bytes() for each in second]
    assert first[0].path.read_bytes() != first[1].path.read_bytes()
