import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from app.asr.backends import fake
from app.core.errors import (
    AudioMissing,
    AudioUndecodable,
    DeviceLost,
    EngineFailed,
    ModelOutOfMemory,
    ModelUnavailable,
    TaskCancelled,
)
from app.schemas.transcript import Transcript
from app.schemas.window import Checkpoint, WindowDone

PROGRAM = """
import sys
from pathlib import Path
from app.asr.backends import fake
nothing = lambda *_: None
fake.play(Path(sys.argv[1]), model="base", cache_dir=Path("none"), checkpoint=None, on_loading=nothing,
on_loaded=nothing, on_window=nothing, check=nothing)
"""


def _script(tmp_path: Path, **fields: object) -> Path:
    path = tmp_path / "recording.wav"
    path.write_text(json.dumps(fields))
    return path


def _play(
    path: Path,
    *,
    stop: bool = False,
    heard: list[WindowDone] | None = None,
    checkpoint: Checkpoint | None = None,
) -> Transcript:
    windows = [] if heard is None else heard

    def check() -> None:
        if stop:
            raise TaskCancelled("told to")

    return fake.play(
        path,
        model="base",
        cache_dir=path.parent / "_cache",
        checkpoint=checkpoint,
        on_loading=lambda: None,
        on_loaded=lambda: None,
        on_window=windows.append,
        check=check,
    )


def test_says_what_the_script_says(tmp_path: Path) -> None:
    transcript = _play(_script(tmp_path, text="hello", seconds=0.1, duration=3))

    assert (transcript.text, transcript.duration, transcript.engine) == ("hello", 3, "fake")


def test_broken_weights(tmp_path: Path) -> None:
    weights = tmp_path / "_cache" / "fake" / "base.json"
    weights.parent.mkdir(parents=True)

    weights.write_text('{"broken": true}')
    with pytest.raises(ModelUnavailable):
        _play(_script(tmp_path))
    weights.write_text(f'{{"allocate_mb": {2**60}}}')
    with pytest.raises(ModelOutOfMemory, match="memory"):
        _play(_script(tmp_path))


def test_goes_on_where_it_was(tmp_path: Path) -> None:
    path = _script(tmp_path, text="one two three four five", windows=3, duration=6)
    heard: list[WindowDone] = []

    whole = _play(path, heard=heard)
    checkpoint = Checkpoint(plan=heard[0].plan, windows=tuple(done.window for done in heard[:2]))
    again: list[WindowDone] = []
    resumed = _play(path, heard=again, checkpoint=checkpoint)

    assert [done.covered for done in heard] == [2, 2, 2]
    assert again == heard[2:]
    assert (resumed.text, resumed.segments) == (whole.text, whole.segments)
    assert resumed.provenance is not None
    assert resumed.provenance.windows_resumed == 2


def test_notes_executions(tmp_path: Path) -> None:
    path = _script(tmp_path, journal=str(tmp_path / "journal"))

    _play(path)
    _play(path)

    me = str(os.getpid())
    assert (tmp_path / "journal").read_text().split() == ["start", me, "window-0", me, "end", me] * 2


def test_stops_when_told(tmp_path: Path) -> None:
    with pytest.raises(TaskCancelled):
        _play(_script(tmp_path, seconds=60), stop=True)


@pytest.mark.parametrize(("field", "error"), [("fail", EngineFailed), ("undecodable", AudioUndecodable)])
def test_fails_with_the_given_sentence(tmp_path: Path, field: str, error: type[Exception]) -> None:
    with pytest.raises(error, match="no luck"):
        _play(_script(tmp_path, **{field: "no luck"}))


def test_a_gpu_that_is_lost_is_lost_to_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fake, "_device_lost", threading.Event())
    assert _play(_script(tmp_path, text="before")).text == "before"

    for fields in ({"lose_device": True}, {"text": "after"}):
        with pytest.raises(DeviceLost):
            _play(_script(tmp_path, **fields))


def test_a_gpu_may_be_lost_to_a_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fake, "_device_lost", threading.Event())
    weights = tmp_path / "_cache" / "fake" / "base.json"
    weights.parent.mkdir(parents=True)
    weights.write_text('{"lose_device": true}')
    with pytest.raises(DeviceLost):
        _play(_script(tmp_path))
    weights.unlink()
    with pytest.raises(DeviceLost):
        _play(_script(tmp_path))


def test_a_fault_may_happen_once(tmp_path: Path) -> None:
    path = _script(tmp_path, once=True, fail="no luck", text="second try")

    with pytest.raises(EngineFailed):
        _play(path)

    assert _play(path).text == "second try"


@pytest.mark.parametrize(("field", "number"), [("crash", signal.SIGKILL), ("segfault", signal.SIGSEGV)])
def test_takes_the_process_down(tmp_path: Path, field: str, number: signal.Signals) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(_script(tmp_path, **{field: True}))], check=False
    )

    assert ended.returncode == -number


@pytest.mark.parametrize("field", ["hang", "spin"])
def test_never_ends(tmp_path: Path, field: str) -> None:
    path = _script(tmp_path, **{field: True}, journal=str(tmp_path / "journal"))

    with pytest.raises(subprocess.TimeoutExpired):
        subprocess.run([sys.executable, "-c", PROGRAM, str(path)], timeout=2, check=False)

    assert (tmp_path / "journal").read_text().startswith("start")
    assert "end" not in (tmp_path / "journal").read_text()


def test_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "speech.wav").write_bytes(b"RIFF")

    with pytest.raises(AudioUndecodable, match="JSON scripts"):
        _play(tmp_path / "speech.wav")
    with pytest.raises(AudioMissing):
        _play(tmp_path / "gone.wav")
