from pathlib import Path

import numpy as np
import pytest

from app.audio.decode import read_samples
from app.audio.samples import SAMPLE_RATE, Samples
from app.audio.vad import FRAME_SAMPLES, Probabilities, SpeechDetector


def _listen(samples: "np.ndarray[tuple[int], np.dtype[np.float32]]", chunk: int) -> Probabilities:
    detector = SpeechDetector()
    heard = [detector.feed(samples[first : first + chunk]) for first in range(0, len(samples), chunk)]
    return np.concatenate([*heard, detector.flush()])


@pytest.mark.parametrize("chunk", [100, 512, 7777, SAMPLE_RATE])
def test_chunks_are_heard_as_the_whole(assets: Path, chunk: int) -> None:
    samples, _ = read_samples(assets / "speech_en.flac")

    whole = _listen(samples, len(samples))

    assert len(whole) == -(-len(samples) // FRAME_SAMPLES)
    np.testing.assert_allclose(_listen(samples, chunk), whole, atol=1e-5)


def test_speech_is_told_from_silence(assets: Path) -> None:
    speech, _ = read_samples(assets / "speech_en.flac")
    silence = np.zeros(3 * SAMPLE_RATE, np.float32)

    heard = _listen(np.concatenate([silence, speech]), SAMPLE_RATE)

    frames = len(silence) // FRAME_SAMPLES
    assert heard[: frames - 1].max() < 0.3
    assert np.median(heard[frames:]) > 0.8


def test_nothing_is_heard_of_nothing() -> None:
    detector = SpeechDetector()

    assert len(detector.feed(np.empty(0, np.float32))) == 0
    assert len(detector.flush()) == 0


def _over_the_telephone(samples: Samples) -> Samples:
    """300 to 3400 Hz."""
    spectrum = np.fft.rfft(samples)
    hertz = np.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE)
    spectrum[(hertz < 300) | (hertz > 3400)] = 0
    return np.fft.irfft(spectrum, len(samples)).astype(np.float32)


@pytest.mark.parametrize("name", ["speech_en.flac", "speech_de.ogg", "speech_ru.ogg"])
def test_speech_is_heard_over_a_telephone_line(assets: Path, name: str) -> None:
    """Silero alone hears half of it: the line takes away the pitch."""
    samples, _ = read_samples(assets / name)

    near, far = (_listen(each, SAMPLE_RATE) for each in (samples, _over_the_telephone(samples)))

    assert np.mean(far[near > 0.5] > 0.3) > 0.9


def test_a_hum_and_a_hiss_over_a_telephone_line_are_no_speech() -> None:
    seconds = np.arange(5 * SAMPLE_RATE) / SAMPLE_RATE
    hum = 0.2 * np.sin(2 * np.pi * 400 * seconds) * (1 + np.sin(2 * np.pi * 0.5 * seconds))
    hiss = 0.05 * np.random.default_rng(0).standard_normal(len(seconds))

    for sound in (hum, hiss):
        heard = _listen(_over_the_telephone(sound.astype(np.float32)), SAMPLE_RATE)
        assert np.mean(heard > 0.3) < 0.01, "but for the click at its beginning"
