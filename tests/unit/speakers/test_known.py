from pathlib import Path

import numpy as np
import pytest

from app.core.errors import AudioUndecodable
from app.speakers.encoder import VoiceEncoder, unit
from app.speakers.known import clip_vector, names_of
from tests.support.recordings import sentence, silence, wav
from tests.support.voices import lower

ANN, BOB, EVE = unit(np.random.default_rng(5).normal(size=(3, 192)).astype(np.float32))


def _near(voice: np.ndarray, other: np.ndarray, share: float) -> np.ndarray:
    mixed = (1 - share) * voice + share * other
    return np.asarray(unit(mixed[np.newaxis].astype(np.float32))[0])


def test_voices_get_the_names_of_their_clips() -> None:
    voices = {0: _near(BOB, EVE, 0.3), 1: _near(ANN, EVE, 0.3)}

    assert names_of(voices, {"Ann": ANN, "Bob": BOB}) == {0: "Bob", 1: "Ann"}


def test_a_voice_that_no_clip_is_of_has_no_name() -> None:
    assert names_of({0: ANN, 1: EVE}, {"Ann": ANN, "Bob": BOB}) == {0: "Ann"}


def test_where_two_clips_are_alike_nobody_is_named() -> None:
    assert names_of({0: ANN}, {"Ann": ANN, "Anne": _near(ANN, BOB, 0.1)}) == {}


def test_a_name_is_given_once() -> None:
    assert names_of({0: ANN, 1: _near(ANN, BOB, 0.05)}, {"Ann": ANN}) == {}


def test_nobody_to_name() -> None:
    assert names_of({}, {"Ann": ANN}) == {}
    assert names_of({0: ANN}, {}) == {}


@pytest.mark.weights
def test_a_clip_is_like_its_voice_and_not_like_another(tmp_path: Path, speaker_weights: Path) -> None:
    encoder = VoiceEncoder(speaker_weights)
    one, same, other = (
        clip_vector(wav(tmp_path / f"{place}.wav", sound[np.newaxis]), "Ann", encoder)
        for place, sound in enumerate((sentence()[:48_000], sentence()[48_000:], lower(sentence())))
    )

    assert one @ same > 0.5 > one @ other


@pytest.mark.weights
def test_a_clip_without_a_voice_is_an_error_that_names_it(tmp_path: Path, speaker_weights: Path) -> None:
    encoder = VoiceEncoder(speaker_weights)

    with pytest.raises(AudioUndecodable, match="Nobody speaks in the clip of 'Ann'"):
        clip_vector(wav(tmp_path / "a.wav", silence(3.0)[np.newaxis]), "Ann", encoder)
    (tmp_path / "b.wav").write_bytes(b"no sound")
    with pytest.raises(AudioUndecodable, match="The clip of 'Ann' cannot be decoded"):
        clip_vector(tmp_path / "b.wav", "Ann", encoder)
