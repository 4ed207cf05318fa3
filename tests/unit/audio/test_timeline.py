from fractions import Fraction

import av
import numpy as np

from app.audio.timeline import LONGEST_SECONDS, SteadyTimeline, Timeline


def _frame(seconds: float | None) -> av.AudioFrame:
    """One second of sound at the given time."""
    frame = av.AudioFrame.from_ndarray(np.zeros((1, 1000), np.int16), "s16", "mono")
    frame.sample_rate = 1000
    frame.time_base = Fraction(1, 1000)
    frame.pts = None if seconds is None else round(seconds * 1000)
    return frame


def _silences(start: float | None, *times: float | None) -> list[float]:
    timeline = Timeline(start)
    return [round(timeline.silence_before(_frame(time)), 3) for time in times]


def test_sound_without_gaps_gets_no_silence() -> None:
    assert _silences(0.0, 0.0, 1.0, 2.0) == [0, 0, 0]


def test_small_jumps_are_rounding() -> None:
    assert _silences(0.0, 0.0, 1.2, 1.9) == [0, 0, 0]


def test_a_gap_is_filled_once() -> None:
    assert _silences(0.0, 0.0, 5.0, 6.0) == [0, 4, 0]


def test_sound_that_begins_later_than_the_picture() -> None:
    assert _silences(0.0, 2.0) == [2]


def test_without_a_start_the_first_frame_is_the_start() -> None:
    assert _silences(None, 7.0, 8.0) == [0, 0]


def test_frames_without_a_time_follow_each_other() -> None:
    assert _silences(0.0, None, None) == [0, 0]


def test_a_clock_that_starts_anew_keeps_later_gaps() -> None:
    assert _silences(0.0, 10.0, 0.0, 3.0) == [10, 0, 2]


def test_a_gap_of_hours_keeps_its_time() -> None:
    assert _silences(0.0, 0.0, 7201.0, 7202.0) == [0, 7200, 0]


def test_a_recording_is_never_longer_than_the_limit() -> None:
    timeline = Timeline(0.0, longest=100.0)

    assert timeline.silence_before(_frame(0.0)) == 0
    assert timeline.silence_before(_frame(100.0)) == 0
    assert timeline.jumped
    assert sum(_silences(0.0, *(number * 10_000.0 for number in range(1, 20)))) < LONGEST_SECONDS


def test_without_a_clock_sound_follows_sound() -> None:
    timeline = SteadyTimeline()

    assert [timeline.silence_before(_frame(time)) for time in (0.0, 5.0, 90.0)] == [0, 0, 0]
    assert timeline.position == 3.0
