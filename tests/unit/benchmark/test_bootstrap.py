import pytest

from benchmark.bootstrap import Interval, difference_interval, rate_interval
from benchmark.results import Errors


def _errors(*substitutions: int, words: int = 10) -> list[Errors]:
    return [Errors(words, each, 0, 0) for each in substitutions]


def _bounds(interval: Interval | None) -> tuple[float, float]:
    assert interval is not None
    return interval.low, interval.high


def test_recordings_that_are_all_alike_leave_nothing_to_chance() -> None:
    assert _bounds(rate_interval(_errors(2, 2, 2))) == pytest.approx((0.2, 0.2))


def test_the_interval_holds_the_rate_and_narrows_with_more_recordings() -> None:
    few, many = (_bounds(rate_interval(_errors(*[0, 4] * count))) for count in (1, 100))

    assert few[0] < many[0] < 0.2 < many[1] < few[1]


def test_a_difference_is_that_of_the_same_recordings() -> None:
    """Hard recordings are hard for both: their difference is surer than either rate."""
    first, second = _errors(1, 5, 9, 3), _errors(2, 6, 10, 4)

    assert _bounds(difference_interval(second, first)) == pytest.approx((0.1, 0.1))


def test_without_words_there_is_no_rate() -> None:
    assert rate_interval(_errors(1, words=0)) is None


def test_one_recording_does_not_tell_how_others_differ() -> None:
    """An interval of no width would be taken for certainty."""
    assert rate_interval(_errors(2)) is None
    assert rate_interval([*_errors(2), *_errors(1, words=0)]) is None
    assert difference_interval(_errors(2), _errors(1)) is None
