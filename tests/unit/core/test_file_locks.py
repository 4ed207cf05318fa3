"""Files that somebody writes are told from files that were left behind."""

import subprocess
import sys
from pathlib import Path

from app.core.file_locks import hold, is_held

WRITER = """
import sys, time
from app.core.file_locks import hold
file = open(sys.argv[1], "wb")
hold(file)
print("held", flush=True)
time.sleep(600)
"""


def test_a_file_is_held_until_it_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "a.part"
    with path.open("wb") as file:
        assert not is_held(path)
        hold(file)
        assert is_held(path)
    assert not is_held(path)


def test_a_process_that_is_killed_holds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.part"
    with subprocess.Popen([sys.executable, "-c", WRITER, path], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"held\n"
        assert is_held(path)
        writer.kill()
    assert not is_held(path)


def test_what_is_gone_is_held_by_nobody(tmp_path: Path) -> None:
    assert not is_held(tmp_path / "gone")
