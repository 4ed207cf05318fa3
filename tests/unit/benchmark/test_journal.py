"""What an interrupted run leaves is used for the same work only."""

from pathlib import Path

import pytest

from benchmark.journal import Journal
from benchmark.messages import Failed, Loaded, Transcribed

LOADED = Loaded(device="cpu", compute_type="int8", load_seconds=1.0)


def _done(audio: Path, text: str = "so") -> Transcribed:
    return Transcribed(
        audio=str(audio),
        text=text,
        language="en",
        audio_seconds=1.0,
        processing_seconds=0.5,
        peak_memory_mb=10.0,
    )


@pytest.fixture
def audio(tmp_path: Path) -> Path:
    path = tmp_path / "a.wav"
    path.write_bytes(b"sound")
    return path


def test_events_come_back_once_and_for_their_key(tmp_path: Path, audio: Path) -> None:
    with Journal(tmp_path / "results" / "journal") as journal:
        for event in (LOADED, _done(audio, "old"), _done(audio), Failed(audio=None, message="no weights")):
            journal.add("one", event)
        journal.add("two", Failed(audio=str(audio), message="Broken."))

    with Journal(tmp_path / "results" / "journal") as journal:
        assert journal.events("one") == [LOADED, _done(audio)]
        assert journal.events("two") == [Failed(audio=str(audio), message="Broken.")]
        assert journal.events("three") == []
        journal.remove()
    with Journal(tmp_path / "results" / "journal") as journal:
        assert journal.events("one") == []


def test_a_recording_that_changed_is_measured_again(tmp_path: Path, audio: Path) -> None:
    gone = tmp_path / "gone.wav"
    gone.write_bytes(b"sound")
    with Journal(tmp_path / "journal") as journal:
        journal.add("one", _done(audio))
        journal.add("one", _done(gone))
    audio.write_bytes(b"another sound")
    gone.unlink()

    with Journal(tmp_path / "journal") as journal:
        assert journal.events("one") == []


def test_a_torn_line_counts_as_not_written(tmp_path: Path, audio: Path) -> None:
    path = tmp_path / "journal"
    with Journal(path) as journal:
        journal.add("one", LOADED)
        journal.add("one", _done(audio))
    path.write_bytes(path.read_bytes()[:-10])
    with Journal(path) as journal:
        assert journal.events("one") == [LOADED]
        journal.add("one", _done(audio))

    with Journal(path) as journal:
        assert journal.events("one") == [LOADED, _done(audio)]


def test_a_fresh_run_forgets(tmp_path: Path, audio: Path) -> None:
    with Journal(tmp_path / "journal") as journal:
        journal.add("one", _done(audio))
    with Journal(tmp_path / "journal", fresh=True) as journal:
        assert journal.events("one") == []


def test_a_run_that_measured_nothing_leaves_nothing(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal"):
        pass
    assert not (tmp_path / "journal").exists()
