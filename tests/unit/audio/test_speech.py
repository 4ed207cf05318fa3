from pathlib import Path

import numpy as np
import pytest

from app.audio.decode import read_samples
from app.audio.samples import SAMPLE_RATE
from app.audio.speech import FRAME_SAMPLES, Probabilities, SpeechDetector


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
