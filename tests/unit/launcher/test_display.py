"""What `make run` shows, and what it keeps for itself."""

from io import StringIO

import pytest
from rich.console import Console

from app.launcher.display import Display


def make() -> tuple[Display, StringIO]:
    out = StringIO()
    return Display(Console(file=out, highlight=False, soft_wrap=True, width=20)), out


def test_ready_gives_lines_to_paste() -> None:
    display, out = make()
    display.ready("http://127.0.0.1:8000", "base", 1)
    lines = [line.strip() for line in out.getvalue().splitlines()]
    assert "curl -F file=@recording.mp3 http://127.0.0.1:8000/transcribe/" in lines
    assert "curl http://127.0.0.1:8000/transcribe/TASK_ID" in lines
    assert "API documentation: http://127.0.0.1:8000/docs" in lines
    assert any("1 worker;" in line for line in lines)


@pytest.mark.parametrize("is_open", [True, False])
def test_what_others_may_do_is_said(is_open: bool) -> None:
    display, out = make()
    display.reachable("http://192.168.1.5:8000", is_open=is_open)
    assert "reach it at http://192.168.1.5:8000." in out.getvalue()
    assert ("read all transcripts and delete them" in out.getvalue()) is is_open


def test_children_are_quiet_until_the_service_is_ready() -> None:
    display, out = make()
    display.child_line("api", "[early] line")
    assert out.getvalue() == ""
    display.ready("http://127.0.0.1:8000", "base", 2)
    display.child_line("worker-1", "[bold]a late line[/bold] that is longer than the terminal is wide")
    assert "early" not in out.getvalue()
    assert out.getvalue().endswith(
        "worker-1 | [bold]a late line[/bold] that is longer than the terminal is wide\n"
    )


def test_a_failure_shows_the_last_words() -> None:
    display, out = make()
    display.step("Starting")
    for number in range(40):
        display.child_line("api", f"line {number}.")
    display.warn("Careful.")
    display.fail("It did not start.")
    text = out.getvalue()
    assert "line 9." not in text
    assert "line 10." in text
    assert "warning: Careful." in text
    assert text.endswith("error: It did not start.\n")


def test_nothing_that_a_child_writes_moves_the_cursor() -> None:
    display, out = make()
    display.ready("http://127.0.0.1:8000", "base", 1)
    display.child_line("api", "\x1b]0;title\x07\x1b[2Jerased")
    assert out.getvalue().endswith("api      | \\x1b]0;title\\x07\\x1b[2Jerased\n")
