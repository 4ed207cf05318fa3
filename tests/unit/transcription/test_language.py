import pytest

from app.schemas.window import WindowTranscript
from app.transcription.language import ENOUGH_SECONDS, LanguageVote


def _window(seconds: float, **languages: float) -> WindowTranscript:
    return WindowTranscript(number=0, start=10, end=10 + seconds, languages=languages)


def test_a_language_that_is_given_is_not_asked() -> None:
    vote = LanguageVote("ru")

    vote.add(_window(10, en=0.99))

    assert (vote.decided, vote.best, vote.probability) == ("ru", "ru", 1.0)


def test_a_clear_window_decides() -> None:
    vote = LanguageVote(None)
    assert (vote.decided, vote.best, vote.probability) == (None, None, None)

    vote.add(_window(5, de=0.9, nl=0.05))
    vote.add(_window(25, nl=0.99))

    assert (vote.decided, vote.best, vote.probability) == ("de", "de", 0.9)


def test_unsure_windows_are_added_up_by_their_length() -> None:
    vote = LanguageVote(None)

    vote.add(_window(1, cy=0.45, en=0.3))
    assert (vote.decided, vote.best) == (None, "cy")
    vote.add(_window(9, en=0.6, cy=0.1))

    assert vote.decided == "en"
    assert vote.probability == pytest.approx(0.57)


def test_at_some_time_it_is_decided() -> None:
    vote = LanguageVote(None)

    while vote.decided is None:
        vote.add(_window(20, la=0.3, en=0.29))

    assert vote.decided == "la"
    assert vote._seconds >= ENOUGH_SECONDS


def test_windows_that_were_not_asked_say_nothing() -> None:
    vote = LanguageVote(None)

    vote.add(_window(30))

    assert (vote.decided, vote.best, vote.probability) == (None, None, None)
