import pytest

from app.core.wording import clock, span


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(604_800, "7 days"), (86_400, "1 day"), (7200, "2 hours"), (90, "2 minutes"), (1, "1 second")],
)
def test_spans_for_people(seconds: int, words: str) -> None:
    assert span(seconds) == words


@pytest.mark.parametrize(("seconds", "shown"), [(0, "0:00"), (61.9, "1:01"), (3723, "1:02:03")])
def test_times_for_people(seconds: float, shown: str) -> None:
    assert clock(seconds) == shown
