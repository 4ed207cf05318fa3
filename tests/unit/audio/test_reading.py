"""Recordings are read by threads or by processes: the windows are the same, and a crash costs nobody else."""

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from multiprocessing import Pipe
from pathlib import Path

import numpy as np
import psutil
import pytest

from app.audio.calls import CallSides
from app.audio.channels import ChannelWindow
from app.audio.chunker import ChunkRules
from app.audio.listening import Listening
from app.audio.reading import pool
from app.audio.reading.cutting import Cutting, WindowSource
from app.audio.reading.pool import ProcessReaders, Readers, ThreadReaders, readers_for
from app.core.config import Settings
from app.core.errors import AudioMissing, AudioUndecodable, EngineFailed, TaskCancelled
from tests.support.processes import kill_readers
from tests.support.recordings import planes, sentence, silence, wav
from tests.support.serving import until

RULES = ChunkRules()


@pytest.fixture(scope="module")
def processes() -> Iterator[ProcessReaders]:
    """One process, warm; a test that kills it has it replaced."""
    readers = ProcessReaders(1)
    yield readers
    readers.close()


@pytest.fixture
def long_recording(tmp_path: Path) -> Path:
    """Five windows, which long pauses part."""
    return wav(tmp_path / "long.wav", planes(np.concatenate([sentence(), silence(4)] * 5)))


def opened(
    readers: Readers,
    path: Path,
    *,
    check: Callable[[], object] = lambda: None,
    listening: Listening | None = None,
    vad: bool = True,
    sides: CallSides | None = None,
) -> WindowSource:
    cutting = Cutting(path, listening or Listening(), RULES, vad=vad, sides=sides)
    return readers.open(cutting, check, lambda: None)


def plain(windows: list[ChannelWindow]) -> list[tuple[object, ...]]:
    return [
        (
            each.channel,
            *(each.window.number, each.window.start, each.window.end, each.window.speech),
            each.window.samples.tobytes(),
        )
        for each in windows
    ]


@pytest.mark.parametrize(
    "how",
    [{}, {"vad": False}, {"listening": Listening(split=True)}, {"sides": CallSides((-20.0, -20.0))}],
    ids=["plain", "no detection", "split", "call"],
)
def test_processes_read_as_threads_do(
    processes: ProcessReaders, tmp_path: Path, how: dict[str, object]
) -> None:
    left, right = np.concatenate([sentence(), silence(7)]), np.concatenate([silence(7), sentence()])
    path = wav(tmp_path / "call.wav", planes(left, right))
    if "sides" in how:
        how |= {"listening": Listening(split=True)}
    here, there = opened(ThreadReaders(), path, **how), opened(processes, path, **how)  # type: ignore[arg-type]
    expected = plain(list(here))
    assert expected
    assert plain(list(there)) == expected
    assert there.report == here.report


@pytest.mark.parametrize("readers", ["threads", "processes"])
def test_what_cannot_be_read_says_why(
    readers: str, processes: ProcessReaders, assets: Path, tmp_path: Path
) -> None:
    chosen: Readers = processes if readers == "processes" else ThreadReaders()
    with pytest.raises(AudioUndecodable, match="holds no sound"):
        list(opened(chosen, assets / "zero_samples.wav"))
    with pytest.raises(AudioMissing):
        list(opened(chosen, tmp_path / "gone.wav"))
    with pytest.raises((EngineFailed, IsADirectoryError)):
        list(opened(chosen, tmp_path))
    assert list(opened(chosen, assets / "speech_en.flac"))


def test_an_error_of_ours_is_logged_whole(
    processes: ProcessReaders, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(EngineFailed, match="failed unexpectedly"):
        list(opened(processes, tmp_path))
    assert "Traceback" in caplog.text
    assert "IsADirectoryError" in caplog.text


def test_whoever_is_not_wanted_any_more_is_not_read_on(
    processes: ProcessReaders, long_recording: Path, assets: Path
) -> None:
    def cancelled() -> None:
        raise TaskCancelled("no more")

    assert list(opened(processes, assets / "speech_en.flac"))
    [pid] = processes.pids
    idle = psutil.Process(pid).num_fds()
    source = opened(processes, long_recording, check=cancelled)
    with pytest.raises(TaskCancelled):
        list(source)
    begun = opened(processes, long_recording)
    assert next(iter(begun))
    begun.close()
    begun.close()
    until(lambda: psutil.Process(pid).num_fds() <= idle)
    assert list(opened(processes, assets / "speech_en.flac"))


def test_a_crash_costs_no_recording(
    processes: ProcessReaders, long_recording: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    expected = plain(list(opened(ThreadReaders(), long_recording)))
    first, second = (opened(processes, long_recording) for _ in range(2))
    begun = [next(iter(first)), next(iter(second))]
    [pid] = processes.pids
    os.kill(pid, signal.SIGSEGV)
    windows = [[each, *source] for each, source in zip(begun, (first, second), strict=True)]
    assert [plain(each) for each in windows] == [expected, expected]
    assert caplog.text.count("killed by SIGSEGV") == 2
    assert list(opened(processes, long_recording))
    assert processes.pids != (pid,)


def test_a_process_that_was_found_dead_meanwhile_is_lost_for_the_next_recording(
    processes: ProcessReaders, long_recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = plain(list(opened(ThreadReaders(), long_recording)))
    other = opened(processes, long_recording)
    begun = next(iter(other))
    [pid] = processes.pids

    def between_choice_and_connection() -> object:
        monkeypatch.setattr(pool, "Pipe", Pipe)
        os.kill(pid, signal.SIGKILL)
        assert plain([begun, *other]) == expected
        return Pipe()

    monkeypatch.setattr(pool, "Pipe", between_choice_and_connection)
    assert plain(list(opened(processes, long_recording))) == expected


def test_a_process_that_is_stuck_is_killed(long_recording: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "END_SECONDS", 1.0)
    readers = ProcessReaders(1)
    assert list(opened(readers, long_recording))
    [pid] = readers.pids
    os.kill(pid, signal.SIGSTOP)
    readers.close()
    until(lambda: not psutil.pid_exists(pid))


def test_a_recording_that_ends_every_reader_fails_alone(
    processes: ProcessReaders, long_recording: Path
) -> None:
    with pytest.raises(EngineFailed, match="killed by SIGKILL"):
        list(opened(processes, long_recording, check=kill_readers))
    assert list(opened(processes, long_recording))


def test_processes_are_no_more_than_there_may_be(long_recording: Path) -> None:
    readers = ProcessReaders(2)
    sources = [opened(readers, long_recording) for _ in range(5)]
    assert all(next(iter(source)) for source in sources)
    assert len(readers.pids) == 2
    for source in sources:
        source.close()
    readers.close()
    assert not readers.pids


PARENT = """
import os, signal, sys
from multiprocessing import forkserver
from pathlib import Path
from app.audio.chunker import ChunkRules
from app.audio.listening import Listening
from app.audio.reading.cutting import Cutting
from app.audio.reading.pool import ProcessReaders
readers = ProcessReaders(1)
next(iter(readers.open(Cutting(Path(sys.argv[1]), Listening(), ChunkRules()), lambda: None, lambda: None)))
if "stuck" in sys.argv:
    os.kill(*readers.pids, signal.SIGSTOP)
print(*readers.pids, forkserver._forkserver._forkserver_pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("state", ["well", "stuck"])
def test_readers_end_with_who_started_them(long_recording: Path, tmp_path: Path, state: str) -> None:
    printed = tmp_path / "pids"  # no pipe, which whoever is left over would hold
    with printed.open("w") as file:
        parent = subprocess.run(
            [sys.executable, "-c", PARENT, str(long_recording), state], stdout=file, check=False
        )
    assert parent.returncode == -signal.SIGKILL
    pids = [int(pid) for pid in printed.read_text().split()]
    assert len(pids) == 2
    for pid in pids:
        until(lambda pid=pid: not psutil.pid_exists(pid))  # type: ignore[misc]


@pytest.mark.parametrize(
    ("values", "cores", "gpu", "kind"),
    [
        ({}, 2, False, ThreadReaders),
        ({}, 8, False, ProcessReaders),
        ({}, 2, True, ProcessReaders),
        ({"device": "cpu"}, 2, True, ThreadReaders),
        ({"cpu_threads": 2}, 16, False, ThreadReaders),
        ({"readers": "processes"}, 1, False, ProcessReaders),
        ({"readers": "threads"}, 16, True, ThreadReaders),
        ({"engine": "remote", "remote_url": "http://127.0.0.1:1/v1"}, 2, False, ProcessReaders),
    ],
)
def test_who_reads(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, object], cores: int, gpu: bool, kind: type
) -> None:
    monkeypatch.setattr(pool, "usable_cores", lambda: cores)
    monkeypatch.setattr(pool, "has_gpu", lambda: gpu)
    assert isinstance(readers_for(Settings(**values)), kind)  # type: ignore[arg-type]
