"""Each stage says when it began, ended, how long it took and why it failed."""

import logging

import pytest

from app.core.decorators import timed_stage
from app.core.errors import AudioMissing


@pytest.fixture(autouse=True)
def everything_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="app.stage")


def events(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str, str]]:
    return [(record.levelname, vars(record)["stage"], vars(record)["event"]) for record in caplog.records]


def test_a_function(caplog: pytest.LogCaptureFixture) -> None:
    @timed_stage("decode")
    def double(number: int) -> int:
        """Twice as much."""
        return 2 * number

    assert double(21) == 42
    assert double.__doc__ == "Twice as much."
    assert events(caplog) == [("DEBUG", "decode", "start"), ("INFO", "decode", "end")]
    assert vars(caplog.records[1])["seconds"] >= 0


@pytest.mark.parametrize(
    ("error", "code"), [(AudioMissing("It is gone."), "audio_missing"), (OSError("No disk."), "OSError")]
)
def test_a_failure(caplog: pytest.LogCaptureFixture, error: Exception, code: str) -> None:
    with pytest.raises(type(error)), timed_stage("decode"):
        raise error
    assert events(caplog)[-1] == ("WARNING", "decode", "failure")
    assert vars(caplog.records[-1])["error_code"] == code
    assert str(error) in caplog.messages[-1]
