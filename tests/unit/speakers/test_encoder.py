"""The real network on made voices."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from app.audio.windows import TimeAnchor, Window, cut_windows
from app.speakers.clustering import SpeakerCount
from app.speakers.encoder import VoiceEncoder
from app.speakers.features import features_of
from app.speakers.stretches import STRETCH_SECONDS, spans_of, voices_of
from app.speakers.turns import turns_of
from tests.support.recordings import RATE, sentence, silence
from tests.support.voices import lower

pytestmark = pytest.mark.weights


@pytest.fixture(scope="module")
def encoder(speaker_weights: Path) -> VoiceEncoder:
    return VoiceEncoder(speaker_weights)


def _window(sound: NDArray[np.float32], *voiced: tuple[float, float], start: float = 0.0) -> Window:
    end = start + len(sound) / RATE
    return Window(0, start, end, sound, voiced, (TimeAnchor(start, 0.0),), voiced)


def test_a_vector_has_length_one_and_does_not_depend_on_its_batch(encoder: VoiceEncoder) -> None:
    stretches = [features_of(sentence()[first : first + 24_000]) for first in range(0, 72_000, 4_000)]

    together = encoder.encode(stretches)
    alone = np.concatenate([encoder.encode([stretch]) for stretch in stretches])

    assert np.allclose(np.linalg.norm(together, axis=1), 1.0, atol=1e-5)
    assert np.allclose(together, alone, atol=1e-4)


def test_a_voice_is_more_like_itself_than_like_another(encoder: VoiceEncoder) -> None:
    one, other = sentence(), lower(sentence())
    first, second, third = encoder.encode(
        [features_of(sound) for sound in (one[8_000:32_000], one[48_000:72_000], other[48_000:72_000])]
    )

    assert first @ second > first @ third + 0.2


def test_a_short_stretch_is_repeated(encoder: VoiceEncoder) -> None:
    assert encoder.encode([features_of(sentence()[8_000:12_000])]).shape == (1, 192)


def test_nothing_gives_nothing(encoder: VoiceEncoder) -> None:
    assert encoder.encode([]).shape == (0, 192)
    voices = voices_of(_window(silence(3.0)), encoder)
    assert (voices.spans, voices.vectors.shape) == ((), (0, 192))


def test_stretches_cover_their_span_and_stay_within_the_window(encoder: VoiceEncoder) -> None:
    window = _window(sentence(), (100.05, 106.0), start=100.0)
    voices = voices_of(window, encoder)

    assert spans_of(window) == voices.spans == ((100.0, 106.15),)
    assert len(voices.vectors) == len(voices.stretches)
    starts, ends = voices.stretches.T
    assert (starts[0], round(ends[-1], 6)) == (100.0, 106.15)
    assert np.allclose(ends - starts, STRETCH_SECONDS)
    assert (np.diff(starts) <= 1.0).all()


def test_two_made_voices_are_told_apart(encoder: VoiceEncoder) -> None:
    one, other, pause = sentence(), lower(sentence()), silence(0.6)
    sound = np.concatenate([one, pause, other, pause, one, pause, other])
    heard = [voices_of(window, encoder) for window in cut_windows([sound])]

    turns = turns_of(heard, SpeakerCount())

    assert [turn.voice for turn in turns] == [0, 1, 0, 1]
    starts = np.cumsum([0, len(one), len(other), len(one)]) + np.arange(4) * len(pause)
    assert np.allclose([turn.start for turn in turns], starts / RATE, atol=1.0)
