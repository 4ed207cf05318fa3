from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.audio.chunker import Chunker, ChunkRules, Cut
from app.audio.decode import read_samples, stream_samples
from app.audio.samples import SAMPLE_RATE, Samples
from app.audio.vad import FRAMES_PER_SECOND
from app.audio.windows import Window, cut_windows
from tests.unit.asr.engines import whole_window

RULES = ChunkRules()


def _cut(probabilities: Iterable[float], rules: ChunkRules = RULES) -> list[Cut]:
    cutter = Chunker(rules)
    cuts = [cutter.feed(probability) for probability in probabilities]
    return [cut for cut in (*cuts, cutter.flush()) if cut is not None]


def _frames(*parts: tuple[float, float]) -> list[float]:
    """Probabilities of parts of (seconds, probability)."""
    return [each for seconds, each in parts for _ in range(round(seconds * FRAMES_PER_SECOND))]


def _seconds(cut: Cut) -> tuple[float, float]:
    return round(cut.start / FRAMES_PER_SECOND, 1), round(cut.end / FRAMES_PER_SECOND, 1)


def test_silence_has_no_window() -> None:
    assert _cut(_frames((60, 0.1))) == []
    assert _cut([]) == []


def test_a_window_keeps_some_silence_around_speech() -> None:
    [cut] = _cut(_frames((3, 0.1), (4, 0.9), (5, 0.1)))

    assert _seconds(cut) == (2.4, 7.6)
    assert [(round(a / FRAMES_PER_SECOND, 1), round(b / FRAMES_PER_SECOND, 1)) for a, b in cut.speech] == [
        (3.0, 7.0)
    ]


def test_a_long_pause_ends_a_window_a_short_one_does_not() -> None:
    together = _cut(_frames((2, 0.9), (1, 0.1), (2, 0.9)))
    apart = _cut(_frames((2, 0.9), (3, 0.1), (2, 0.9)))

    assert [len(cut.speech) for cut in together] == [2]
    assert [_seconds(cut) for cut in apart] == [(0, 2.6), (4.4, 7.0)]


def test_a_window_that_is_long_enough_ends_at_the_next_pause() -> None:
    cuts = _cut(_frames((RULES.soft_max + 1, 0.9), (0.5, 0.1), (3, 0.9)))

    assert [_seconds(cut) for cut in cuts] == [(0, 26.1), (26.1, 29.5)]


def test_speech_without_end_is_cut_at_its_longest_late_pause() -> None:
    cuts = _cut(_frames((10, 0.9), (0.25, 0.1), (8, 0.9), (0.2, 0.1), (4, 0.9), (0.13, 0.1), (20, 0.9)))

    assert _seconds(cuts[0])[1] == 18.3


def test_speech_without_a_pause_is_cut_where_it_is_least_likely() -> None:
    cuts = _cut(_frames((20, 0.95), (0.064, 0.6), (30, 0.95)))

    assert _seconds(cuts[0])[1] == 20.0
    assert cuts[1].start == cuts[0].end


def test_a_doubtful_sound_goes_on_but_does_not_begin() -> None:
    doubtful = (RULES.speech + RULES.silence) / 2

    assert _cut(_frames((2, doubtful))) == []
    [cut] = _cut(_frames((1, 0.9), (2, doubtful)))
    assert cut.end == len(_frames((1, 0.9), (2, doubtful)))


def test_without_detection_all_is_cut_and_speech_is_still_known(assets: Path) -> None:
    speech, _ = read_samples(assets / "speech_en.flac")
    samples = np.concatenate([np.zeros(40 * SAMPLE_RATE, np.float32), speech])

    windows = list(cut_windows([samples], vad=False))

    assert sum(window.seconds for window in windows) == pytest.approx(len(samples) / SAMPLE_RATE, abs=0.05)
    assert all(len(window.speech) == 1 for window in windows)
    assert [window.speech[0][0] for window in windows] == [window.start for window in windows]
    voiced = [span for window in windows for span in window.voiced]
    assert sum(last - first for first, last in voiced) > 4
    assert min(first for first, _ in voiced) == pytest.approx(40, abs=0.5)


@given(st.lists(st.tuples(st.floats(0, 20), st.floats(0, 1)), max_size=30))
def test_windows_are_in_order_and_lose_no_speech(parts: list[tuple[float, float]]) -> None:
    probabilities = _frames(*parts)

    cuts = _cut(probabilities)

    longest = RULES.hard_max * FRAMES_PER_SECOND + 1
    assert all(0 <= cut.start < cut.end <= len(probabilities) for cut in cuts)
    assert all(cut.end - cut.start <= longest for cut in cuts)
    assert all(one.end <= other.start for one, other in pairwise(cuts))
    assert all(cut.start <= start < end <= cut.end for cut in cuts for start, end in cut.speech)
    covered = {frame for cut in cuts for frame in range(cut.start, cut.end)}
    assert covered >= {frame for frame, each in enumerate(probabilities) if each >= RULES.speech}


def _chunks(samples: Samples, size: int) -> list[Samples]:
    return [samples[first : first + size] for first in range(0, len(samples), size)]


def _same(windows: list[Window], others: list[Window]) -> bool:
    return len(windows) == len(others) and all(
        (one.number, one.start, one.speech) == (other.number, other.start, other.speech)
        and np.array_equal(one.samples, other.samples)
        for one, other in zip(windows, others, strict=True)
    )


@pytest.mark.parametrize("size", [999, 50_000])
def test_a_recording_always_gives_the_same_windows(assets: Path, size: int) -> None:
    speech, _ = read_samples(assets / "speech_en.flac")
    samples = np.concatenate([np.tile(speech, 6), np.zeros(4 * SAMPLE_RATE, np.float32), speech])

    windows = list(cut_windows(_chunks(samples, SAMPLE_RATE)))

    assert len(windows) >= 3
    assert _same(windows, list(cut_windows(_chunks(samples, size))))
    for window in windows:
        assert window.seconds <= window.end - window.start + 1e-9 <= RULES.hard_max + 0.1
        for place in range(0, len(window.samples) - 100, 5000):
            first = round(window.time_of(place / SAMPLE_RATE) * SAMPLE_RATE)
            assert np.array_equal(window.samples[place : place + 100], samples[first : first + 100])


def test_long_pauses_are_shortened(assets: Path) -> None:
    speech, _ = read_samples(assets / "speech_en.flac")
    pause = np.zeros(round(1.5 * SAMPLE_RATE), np.float32)

    [window] = cut_windows([np.concatenate([speech, pause, speech])])

    kept = sum(end - start for start, end in window.speech)
    assert window.end - window.start > 13
    assert window.seconds < kept + 2 * RULES.padding + len(window.speech) * RULES.max_pause
    assert window.time_of(0) == window.start
    assert window.time_of(window.seconds) == pytest.approx(window.end)


def test_windows_come_while_the_recording_is_read(assets: Path) -> None:
    """Memory does not grow with the recording: no window waits for the end."""
    speech, _ = read_samples(assets / "speech_en.flac")
    read = 0

    def chunks() -> Iterable[Samples]:
        nonlocal read
        for _ in range(10):
            read += 1
            yield speech

    next(iter(cut_windows(chunks())))

    assert read < 6


def test_noise_gives_no_window(assets: Path) -> None:
    assert list(cut_windows(stream_samples(assets / "silence_5s.flac"))) == []


def test_a_window_is_halved_at_the_pause_nearest_to_its_middle(assets: Path) -> None:
    sentence, _ = read_samples(assets / "speech_en.flac")
    parts = [sentence, np.zeros(SAMPLE_RATE, np.float32)] * 3  # the seconds of silence are shortened
    [window] = cut_windows([np.concatenate(parts)])

    first, second = window.halves()

    assert first.number == second.number == window.number
    assert (first.start, second.end) == (window.start, window.end)
    assert np.array_equal(np.concatenate([first.samples, second.samples]), window.samples)
    assert first.speech + second.speech == window.speech
    assert first.speech[-1][1] < first.end == second.start < second.speech[0][0]
    assert [second.time_of(place) for place in (0.0, 1.0, 3.0)] == pytest.approx(
        [window.time_of(first.seconds + place) for place in (0.0, 1.0, 3.0)]
    )


def test_a_window_without_a_pause_is_halved_in_its_middle() -> None:
    window = whole_window(np.zeros(10 * SAMPLE_RATE, np.float32), start=5.0)

    first, second = window.halves()

    assert (first.start, first.end, second.end) == (5, 10, 15)
    assert (first.speech, second.speech) == (((5, 10),), ((10, 15),))


def test_a_part_of_a_window_is_a_window() -> None:
    samples = np.arange(10 * SAMPLE_RATE, dtype=np.float32)
    window = whole_window(samples, (5.0, 8.0), (9.0, 14.0), start=5.0)

    part = window.part(2.0, 6.0)

    assert (part.start, part.end, part.seconds) == (7.0, 11.0, 4.0)
    assert part.speech == part.voiced == ((7.0, 8.0), (9.0, 11.0))
    assert part.samples[0] == 2 * SAMPLE_RATE
    assert part.time_of(1.5) == 8.5
    assert part.place_of(8.5) == 1.5
