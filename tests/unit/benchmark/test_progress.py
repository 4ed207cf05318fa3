"""The bars of a run stay readable in a narrow terminal."""

import io

import pytest
from rich.console import Console

from benchmark import progress


def test_names_are_cut_before_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    console = Console(file=screen, width=80, force_terminal=True, no_color=True)
    monkeypatch.setattr(progress, "Console", lambda stderr: console)
    with progress.run_progress(20) as bars:
        on_done = bars.row("base · faster-whisper · float32 · beam 5", 20)
        for _ in range(13):
            on_done("a recording with a long name, taken [/home] at noon.wav")

    last = screen.getvalue().splitlines()[-2]  # the last one shows the cursor again
    assert " 13/20 " in last
    assert "left: " in last
    assert "a recording" in last
