import pytest

from app.core.wording import span


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(604_800, "7 days"), (86_400, "1 day"), (7200, "2 hours"), (90, "2 minutes"), (1, "1 second")],
)
def test_spans_for_people(seconds: int, words: str) -> None:
    assert span(seconds) == words
