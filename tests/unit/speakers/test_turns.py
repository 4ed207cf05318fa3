import numpy as np

from app.speakers.clustering import SpeakerCount
from app.speakers.encoder import unit
from app.speakers.stretches import Voices
from app.speakers.turns import VoiceTurn, channel_turns, merged, turns_of

A, B = unit(np.random.default_rng(3).normal(size=(2, 192)).astype(np.float32))
BOTH = SpeakerCount(2, 2)


def _window(first: float, *voices: np.ndarray, channel: int | None = None) -> Voices:
    """One span, each voice of which speaks for 10 s."""
    stretches, vectors = [], []
    for number, voice in enumerate(voices):
        for second in range(9):
            start = first + number * 10 + second
            stretches.append((start, start + 1.5))
            vectors.append(np.rint(voice * 127 / np.abs(voice).max()))
    spans = ((first, first + 10.0 * len(voices)),)  # the last half second has no stretch of its own
    return Voices(spans, np.array(stretches), np.array(vectors, np.int8), channel)


def test_a_span_is_divided_where_the_voice_changes() -> None:
    one, other = turns_of([_window(5.0, A, B)], BOTH)

    assert (one.voice, one.start, other.voice, other.end) == (0, 5.0, 1, 25.0)
    assert one.end == other.start
    assert abs(one.end - 15.0) <= 0.75


def test_voices_count_from_the_first_that_speaks() -> None:
    for windows in ([_window(0.0, A), _window(20.0, B)], [_window(0.0, B), _window(20.0, A)]):
        assert [turn.voice for turn in turns_of(windows, BOTH)] == [0, 1]


def test_a_short_pause_of_one_speaker_is_within_his_turn() -> None:
    parts = [VoiceTurn(0, 1, 0), VoiceTurn(1.5, 2, 0), VoiceTurn(3, 4, 0), VoiceTurn(4.1, 5, 1)]

    assert merged(parts) == [VoiceTurn(0, 2, 0), VoiceTurn(3, 4, 0), VoiceTurn(4.1, 5, 1)]


def test_the_same_windows_give_the_same_turns() -> None:
    windows = [_window(0.0, A, B), _window(40.0, B), _window(60.0, A)]

    assert turns_of(windows, SpeakerCount()) == turns_of(windows, SpeakerCount())


def test_nobody_speaks() -> None:
    assert turns_of([], SpeakerCount()) == []
    silent = Voices((), np.empty((0, 2)), np.empty((0, 192), np.int8))
    assert turns_of([silent], SpeakerCount()) == []


def test_channels_are_voices_that_may_overlap() -> None:
    windows = [_window(0.0, A, channel=1), _window(5.0, A, channel=0)]

    assert channel_turns(windows) == [VoiceTurn(0.0, 10.0, 1), VoiceTurn(5.0, 15.0, 0)]
