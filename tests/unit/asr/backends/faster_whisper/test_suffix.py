"""What stands in for silence: where it is put, and what it brings the real `base` model."""

from pathlib import Path

import numpy as np
import pytest
from faster_whisper import WhisperModel

from app.asr.backends.faster_whisper.encoder import Encoder
from app.asr.backends.faster_whisper.padding import SILENCE, Padding
from app.asr.backends.faster_whisper.suffix import CLASS_STATES, FITTED, FOLDER, Suffix, suffix_of
from app.asr.backends.faster_whisper.tuning import Tuning
from app.asr.base import DecodeOptions, WindowRequest
from app.asr.frames import FULL_STATES, States
from app.audio.decode import read_samples
from app.audio.samples import SAMPLE_RATE
from tests.unit.asr.engines import whole_window

ENDINGS = np.arange(6, dtype=np.float32).reshape(6, 1, 1) + np.zeros((6, 10, 4), np.float32)
SUFFIX = Suffix(np.stack([np.full((80, 200), each, np.float32) for each in (1.0, 0.5)]), ENDINGS)

AFTER_2_5_SECONDS = 1 + 0.5 * (2.5 / 8 - 1)


def test_features_begin_after_a_second_of_silence_and_count_from_its_level() -> None:
    features = np.full((80, 600), -0.5, np.float32)
    features[:, :250] = 1.0

    put = SUFFIX.put(features, samples=round(2.5 * SAMPLE_RATE))

    assert (put[:, :350] == features[:, :350]).all()
    assert (put[:, 350:550] == -0.5 + AFTER_2_5_SECONDS).all()
    assert (put[:, 550:] == -0.5).all()
    assert (features[:, 350:] == -0.5).all(), "what was given stays as it was"


def test_features_end_where_there_is_no_more_room() -> None:
    put = SUFFIX.put(np.zeros((80, 400), np.float32), samples=round(2.5 * SAMPLE_RATE))

    assert put.shape == (80, 400)
    assert (put[:, 350:] == AFTER_2_5_SECONDS).all()


def test_states_end_what_is_shown_by_how_much_that_is() -> None:
    shown = SUFFIX.end(np.full((1, 3 * CLASS_STATES, 4), 9, np.float32))

    assert shown.shape == (1, 3 * CLASS_STATES, 4)
    assert (shown[:, :-10] == 9).all()
    assert (shown[:, -10:] == 3).all()


@pytest.mark.parametrize("states", [FULL_STATES, CLASS_STATES + 1])
def test_states_are_left_where_nothing_is_missing_or_nothing_was_fitted(states: int) -> None:
    silence = np.full((1, states, 4), 9, np.float32)

    assert SUFFIX.end(silence) is silence


def test_only_weights_that_one_was_fitted_to_have_one() -> None:
    assert suffix_of("sha256:" + 64 * "0") is None
    for digest in FITTED:
        suffix = suffix_of(digest)
        assert suffix is not None
        assert np.isfinite(suffix.features).all()
        assert np.isfinite(suffix.states).all()
        assert len(suffix.states) == FULL_STATES // CLASS_STATES
    assert {path.name for path in FOLDER.iterdir()} == set(FITTED.values())


@pytest.mark.weights
@pytest.mark.parametrize("recording", ["speech_en.flac", "speech_ru.ogg", "speech_de.ogg"])
def test_it_brings_the_states_of_speech_nearer_to_those_in_thirty_seconds(
    base_weights: Path, assets: Path, recording: str
) -> None:
    runtime = WhisperModel(str(base_weights / "whisper" / "base"), device="cpu", compute_type="float32")
    [digest] = FITTED
    sound = read_samples(assets / recording)[0][: 4 * SAMPLE_RATE]
    request = WindowRequest(whole_window(sound), DecodeOptions())
    full = Encoder(runtime, Tuning(trims=False)).encode_fully([request])[0, :200]

    def distance(padding: Padding) -> float:
        states: States = Encoder(runtime, Tuning(), padding).encode([request], 2 * CLASS_STATES)[0, :200]
        return float(np.mean((states - full) ** 2))

    suffix = suffix_of(digest)
    assert suffix is not None
    assert distance(suffix) < 0.7 * distance(SILENCE)
