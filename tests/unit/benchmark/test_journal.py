"""What an interrupted run leaves is used for the same work only."""

from pathlib import Path

import pytest

from benchmark.journal import Journal
from benchmark.messages import Failed, Loaded, Served, Transcribed
from benchmark.recordings import Recording
from benchmark.service import ServiceClient

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


def test_what_a_service_has_served_is_not_asked_for_again(tmp_path: Path, audio: Path) -> None:
    """Nothing listens at its address, and only the recording that is not in the journal is missed."""
    url = "http://127.0.0.1:9"
    result = {"text": "so", "duration": 3.0, "model": "base", "engine": "fake", "warnings": ["Soft."]}
    with Journal(tmp_path / "journal") as journal:
        journal.add(f'["{url}", null]', Served(audio=str(audio), seconds=0.5, result=result))
    other = audio.with_name("b.wav")
    other.write_bytes(b"sound")
    heard: list[str] = []
    with Journal(tmp_path / "journal") as journal, ServiceClient(url, timeout_seconds=1) as client:
        recordings = [Recording(path, None) for path in (audio, other)]
        measured = client.measure(None, recordings, heard.append, journal)

    (done,) = measured.transcriptions
    assert (done.name, done.text, done.processing_seconds) == ("a.wav", "so", 0.5)
    assert measured.variant.label == "base · service (fake)"
    assert [problem.name for problem in measured.problems] == ["a.wav", "b.wav"]
    assert heard == ["a.wav", "b.wav"]
