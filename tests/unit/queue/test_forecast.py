"""When waiting tasks will be done, by what runs, what waits before them, and the places that there are."""

import pytest

from app.queue.forecast import Kept, Work, ends

LONG, SHORT = Work(600.0), Work(5.0, is_short=True)
HIGH = Work(100.0, is_high=True)
UNKNOWN = Work(None)
NONE_KEPT = Kept(high=0, short=0)


@pytest.mark.parametrize(
    ("running", "waiting", "kept", "expected"),
    [
        ([], [LONG, SHORT], NONE_KEPT, [600, 605]),
        ([Work(30.0)], [LONG], NONE_KEPT, [630]),
        ([Work(30.0), Work(50.0)], [Work(100.0)] * 3, NONE_KEPT, [130, 150, 230]),
        ([LONG] * 32, [LONG, SHORT], NONE_KEPT, [1200, 605]),
        ([LONG] * 32, [LONG, SHORT, HIGH], Kept(high=1, short=1), [1200, 5, 100]),
        ([LONG] * 32, [SHORT] * 3, Kept(high=0, short=2), [5, 5, 10]),
        ([LONG, SHORT], [Work(10.0)], Kept(high=0, short=1), [610]),
        ([LONG, HIGH], [HIGH, LONG], Kept(high=1, short=0), [200, 1200]),
        ([SHORT] * 3, [Work(10.0)], Kept(high=0, short=1), [15]),
    ],
    ids=[
        "nothing runs",
        "what runs must end first",
        "two places",
        "all places taken",
        "some are kept",
        "kept places fill up, too",
        "a kept place is none for long ones",
        "those that go first",
        "more short ones than places are kept",
    ],
)
def test_each_takes_the_place_that_is_free_first(
    running: list[Work], waiting: list[Work], kept: Kept, expected: list[float]
) -> None:
    assert ends(running, waiting, kept) == expected


def test_what_is_unknown_is_taken_for_average_and_told_of_nobody() -> None:
    assert ends([UNKNOWN], [Work(10.0), UNKNOWN, Work(20.0)], NONE_KEPT) == [25, None, 60]
    assert ends([UNKNOWN], [UNKNOWN], NONE_KEPT) == [None]
