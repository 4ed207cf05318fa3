import numpy as np

from app.speakers.features import FRAME_SAMPLES, MELS, STEP_SAMPLES, features_of
from tests.support.recordings import RATE


def test_frames_of_25_ms_every_10_ms() -> None:
    samples = np.random.default_rng(0).normal(0, 0.1, RATE).astype(np.float32)

    features = features_of(samples)

    assert features.shape == (1 + (RATE - FRAME_SAMPLES) // STEP_SAMPLES, MELS)
    assert features.dtype == np.float32


def test_a_tone_is_loudest_in_its_band() -> None:
    """Band 80 x (mel(f) - mel(20 Hz)) / (mel(8 kHz) - mel(20 Hz)), by Kaldi's formula of the mel scale."""
    for hertz, band in ((300.0, 10), (1000.0, 27), (4000.0, 60)):
        tone = 0.3 * np.sin(2 * np.pi * hertz * np.arange(RATE) / RATE).astype(np.float32)

        loudest = features_of(tone).mean(axis=0).argmax()

        assert abs(int(loudest) - band) <= 1


def test_less_than_a_frame_has_no_features() -> None:
    assert features_of(np.zeros(FRAME_SAMPLES - 1, np.float32)).shape == (0, MELS)


def test_silence_has_finite_features() -> None:
    assert np.isfinite(features_of(np.zeros(RATE, np.float32))).all()
