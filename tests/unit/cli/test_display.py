"""Progress on a terminal and elsewhere."""

import io

import pytest

from app.cli.display import Display
from app.schemas.task import TaskState, TaskStatus
from tests.support.serving import until


def test_bars_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    with Display(2) as display, display.row("talks/[x] a long name of a recording.mp3") as row:
        row.sent(1, 4)
        until(lambda: screen.shows("sending", "25%", "a long name of a recording.mp3", "0 of 2"))
        row.state(TaskState(task_id="a", status=TaskStatus.PROCESSING, progress=0.5, eta_seconds=61))
        until(lambda: screen.shows("1:01 left", "50%"))
        row.state(TaskState(task_id="a", status=TaskStatus.QUEUED))
        until(lambda: screen.shows("queued"))
        display.say("[b]: something failed")
    assert screen.shows("[b]: something failed", "1 of 2")


def test_only_sentences_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    monkeypatch.setattr("sys.stderr", screen)
    with Display(2) as display, display.row("a.mp3") as row:
        row.state(TaskState(task_id="a", status=TaskStatus.QUEUED))
        display.say("Something failed.")
    assert not display.live
    assert screen.getvalue() == "Something failed.\n"


class Terminal(io.StringIO):
    """Keeps what is drawn."""

    def isatty(self) -> bool:
        """As a terminal answers."""
        return True

    def shows(self, *words: str) -> bool:
        """All of them were drawn at some time."""
        return all(word in self.getvalue() for word in words)
