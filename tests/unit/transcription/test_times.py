from hypothesis import given
from hypothesis import strategies as st

from app.schemas.transcript import Segment, Word
from app.transcription.times import SHORTEST_SECONDS, within


def _segment(start: float, end: float, *words: tuple[float, float]) -> Segment:
    found = tuple(Word(start=first, end=last, word=" word", probability=1) for first, last in words)
    return Segment(id=0, start=start, end=end, text=" word" * len(words), words=found)


def test_times_that_are_right_are_left_alone() -> None:
    segments = (_segment(0.5, 2.0, (0.5, 1.0), (1.2, 2.0)),)

    assert within(segments, 2.0) == segments


def test_nothing_ends_after_the_recording() -> None:
    [segment] = within([_segment(0.2, 1.024, (0.2, 0.9), (0.95, 1.024))], 1.0)

    assert segment.end == 1.0
    assert segment.words is not None
    assert [word.end for word in segment.words] == [0.9, 1.0]


def test_a_word_without_time_gets_the_shortest() -> None:
    [segment] = within([_segment(0.0, 1.0, (0.4, 0.4), (1.0, 1.0), (0.9, 0.3))], 1.0)

    assert segment.words is not None
    assert [(word.start, word.end) for word in segment.words] == [(0.4, 0.42), (0.98, 1.0), (0.9, 0.92)]


_times = st.floats(0, 20).map(lambda seconds: round(seconds, 3))


@given(
    st.lists(st.tuples(_times, _times, st.lists(st.tuples(_times, _times), max_size=4)), max_size=4), _times
)
def test_every_word_has_time_within_the_recording(
    spans: list[tuple[float, float, list[tuple[float, float]]]], duration: float
) -> None:
    duration = round(duration + SHORTEST_SECONDS, 3)

    for segment in within([_segment(start, end, *words) for start, end, words in spans], duration):
        assert 0 <= segment.start < segment.end <= duration
        for word in segment.words or ():
            assert 0 <= segment.start <= word.start < word.end <= segment.end
