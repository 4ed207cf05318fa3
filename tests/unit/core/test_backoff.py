"""What fails again and again is logged once, and with a count."""

import logging
import sys
import threading
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core import backoff
from app.core.backoff import Backoff

logger = logging.getLogger(__name__)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The monotonic clock of this module alone, which the test moves.

    Not that of the process: services of other tests run in its threads, and their event loops would
    set timers by it that are due in an hour.
    """
    now = [1000.0]
    monkeypatch.setattr(backoff, "time", SimpleNamespace(monotonic=lambda: now[0]))
    return now


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records]


def test_a_failure_is_logged_once_and_counted(clock: list[float], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    tried = Backoff(logger, "Sending webhooks")
    for _ in range(96):
        tried.failed(ValueError("no"))
        clock[0] += 0.5
    assert lines(caplog) == ["Sending webhooks fails (ValueError: no)"]
    tried.succeeded()
    tried.succeeded()
    assert lines(caplog)[1:] == ["Sending webhooks works again after 96 failure(s) in 48 s"]


def test_what_succeeds_now_and_then_is_not_told_each_time(
    clock: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    """A round of chores with nothing to do gives no command that could be refused."""
    caplog.set_level(logging.INFO)
    tried = Backoff(logger, "Housekeeping", first_seconds=1, quiet_seconds=60)
    for _ in range(10):
        assert tried.failed(ValueError("no")) == 1, "the pause is that of a first failure again"
        clock[0] += 5
        tried.succeeded()
        clock[0] += 5
    assert lines(caplog) == ["Housekeeping fails (ValueError: no)"]
    clock[0] += 60
    tried.succeeded()
    assert lines(caplog)[1:] == ["Housekeeping works again after 10 failure(s) in 90 s"]


def test_each_reason_is_logged(clock: list[float], caplog: pytest.LogCaptureFixture) -> None:
    tried = Backoff(logger, "It")
    for number in range(10):
        tried.failed(ValueError("a" if number % 2 else "b"))
    assert lines(caplog) == ["It fails (ValueError: b)", "It fails (ValueError: a)"]


def test_what_goes_on_is_told_again_with_a_count(
    clock: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    tried = Backoff(logger, "It")
    for _ in range(61):
        tried.failed(ValueError("no"))
        clock[0] += 10
    assert lines(caplog) == [
        "It fails (ValueError: no)",
        "It fails (ValueError: no), 31 times in 300 s",
        "It fails (ValueError: no), 61 times in 600 s",
    ]


def test_after_a_long_silence_it_is_new(clock: list[float], caplog: pytest.LogCaptureFixture) -> None:
    tried = Backoff(logger, "It")
    tried.failed(ValueError("no"))
    clock[0] += 3600
    assert tried.failed(ValueError("no")) == backoff.FIRST_PAUSE_SECONDS
    assert lines(caplog) == ["It fails (ValueError: no)"] * 2


def test_the_unexpected_comes_with_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    Backoff(logger, "It").failed(ValueError("no"), unexpected=True)
    [record] = caplog.records
    assert record.levelno == logging.ERROR
    assert record.exc_info is not None


def test_the_pause_doubles_up_to_its_longest(clock: list[float]) -> None:
    tried = Backoff(logger, "It", first_seconds=1, longest_seconds=10)
    pauses = []
    for _ in range(6):
        pauses.append(tried.failed(ValueError("no")))
        clock[0] += pauses[-1]
    assert pauses == [1, 1, 2, 4, 8, 10]
    tried.succeeded()
    assert tried.failed(ValueError("no")) == 1


@given(st.lists(st.text(), min_size=200, max_size=300))
def test_reasons_without_end_are_not_kept(reasons: list[str]) -> None:
    tried = Backoff(logging.getLogger("quiet"), "It")
    for reason in reasons:
        tried.failed(ValueError(reason))
    assert len(tried._reasons) <= backoff.MOST_REASONS + 1


def test_threads_share_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the calls of the archive do, each in its thread: one succeeds while another fails."""
    monkeypatch.setattr(logger, "disabled", True)
    usual = sys.getswitchinterval()
    tried, broken = Backoff(logger, "Asking the archive"), list[Exception]()

    def use(number: int) -> None:
        try:
            for each in range(3000):
                if (each + number) % 2:
                    tried.failed(ValueError(each % 60))
                else:
                    tried.succeeded()
        except Exception as error:
            broken.append(error)

    threads = [threading.Thread(target=use, args=(number,)) for number in range(8)]
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(usual)
    assert broken == []
