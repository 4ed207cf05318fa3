import numpy as np
import pytest
from numpy.typing import NDArray

from app.speakers.clustering import MOST_VECTORS, SpeakerCount, voice_means
from app.speakers.encoder import Vectors, unit

DIMENSIONS = 192


def _voices(number: int, seed: int = 0) -> Vectors:
    return unit(np.random.default_rng(seed).normal(size=(number, DIMENSIONS)).astype(np.float32))


def _vectors(voices: Vectors, said: list[int], noise: float = 0.05, seed: int = 1) -> Vectors:
    random = np.random.default_rng(seed)
    return unit(voices[said] + random.normal(0, noise, (len(said), DIMENSIONS)).astype(np.float32))


def _seconds(count: int) -> NDArray[np.float64]:
    return np.full(count, 1.5)


@pytest.mark.parametrize("number", [1, 2, 3, 5, 10])
def test_finds_how_many_voices_there_are(number: int) -> None:
    said = [place % number for place in range(number * 20)]

    means = voice_means(_vectors(_voices(number), said), _seconds(len(said)), SpeakerCount())

    assert len(means) == number
    assert sorted((means @ _voices(number).T).argmax(axis=0)) == list(range(number))


def test_a_given_number_is_kept() -> None:
    said = [place % 4 for place in range(80)]

    means = voice_means(_vectors(_voices(4), said), _seconds(80), SpeakerCount(2, 2))

    assert len(means) == 2


@pytest.mark.parametrize(("least", "most", "expected"), [(1, 2, 2), (2, 5, 3), (5, 8, 5)])
def test_the_number_stays_within_bounds(least: int, most: int, expected: int) -> None:
    said = [place % 3 for place in range(60)]

    means = voice_means(_vectors(_voices(3), said), _seconds(60), SpeakerCount(least, most))

    assert len(means) == expected


def test_who_says_next_to_nothing_is_not_told_apart() -> None:
    said = [0] * 40 + [1] * 40 + [2]

    assert len(voice_means(_vectors(_voices(3), said), _seconds(81), SpeakerCount())) == 2


def test_of_a_long_recording_evenly_spread_vectors_are_clustered() -> None:
    said = [0] * 4000 + [1] * 4000
    assert len(said) > MOST_VECTORS

    assert len(voice_means(_vectors(_voices(2), said), _seconds(len(said)), SpeakerCount())) == 2


def test_the_same_vectors_give_the_same_voices() -> None:
    said = [place % 5 for place in range(200)]
    vectors = _vectors(_voices(5), said, noise=0.08)

    one, other = (voice_means(vectors, _seconds(200), SpeakerCount()) for _ in range(2))

    assert np.array_equal(one, other)


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_few_vectors_are_one_voice(count: int) -> None:
    means = voice_means(_vectors(_voices(1), [0] * count), _seconds(count), SpeakerCount())

    assert len(means) == min(1, count)


def test_more_voices_asked_for_than_there_are_vectors() -> None:
    means = voice_means(_vectors(_voices(2), [0, 1]), _seconds(2), SpeakerCount(5, 5))

    assert len(means) == 2
