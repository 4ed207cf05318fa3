"""Real recordings through decoding, the real `base` model and back: what a worker does with a task."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from app.core.config import Settings
from app.core.errors import (
    AudioMissing,
    AudioUndecodable,
    EngineFailed,
    InvalidTask,
    ModelUnavailable,
    TaskCancelled,
    UnknownModel,
)
from app.schemas.task import Task
from app.schemas.transcript import Transcript
from app.services.transcription_service import TranscriptionService

pytestmark = pytest.mark.weights

Transcribe = Callable[..., Transcript]


@pytest.fixture(scope="module")
def upload_dir(tmp_path_factory: pytest.TempPathFactory, assets: Path) -> Path:
    folder = tmp_path_factory.mktemp("uploads")
    for path in assets.iterdir():
        shutil.copy(path, folder / path.name)
    return folder


@pytest.fixture(scope="module")
def service(upload_dir: Path, base_weights: Path) -> TranscriptionService:
    """One for all tests, as in a worker: the model is loaded once."""
    return TranscriptionService(
        Settings(upload_dir=upload_dir, cache_dir=base_weights, default_model="base", model_downloads=False)
    )


@pytest.fixture
def transcribe(service: TranscriptionService) -> Transcribe:
    def run(
        file_path: str, *, heard: list[float] | None = None, stop: bool = False, **fields: object
    ) -> Transcript:
        task = Task.model_validate({"task_id": "t", "file_path": file_path, **fields})
        progress = [] if heard is None else heard
        return service.transcribe(task, on_progress=progress.append, should_stop=lambda: stop)

    return run


@pytest.mark.parametrize(
    "name", ["speech_en.flac", "speech_en.mp3", "speech_en.webm", "video_with_sound.mp4"]
)
def test_speech_becomes_text(transcribe: Transcribe, name: str) -> None:
    transcript = transcribe(name)

    assert "walk to the river and have lunch under the old tree" in transcript.text.lower()
    assert transcript.language == "en"
    assert transcript.duration == pytest.approx(6.2, abs=0.05)
    assert (transcript.model, transcript.engine, transcript.device) == ("base", "faster-whisper", "cpu")
    assert transcript.processing_seconds > 0
    assert not transcript.trimmed
    assert transcript.warnings == ()


def test_segments_make_up_the_text(transcribe: Transcribe) -> None:
    transcript = transcribe("speech_en.flac")

    assert "".join(segment.text for segment in transcript.segments).strip() == transcript.text
    assert [segment.id for segment in transcript.segments] == list(range(len(transcript.segments)))
    times = [time for segment in transcript.segments for time in (segment.start, segment.end)]
    assert times == sorted(times)
    assert Transcript.model_validate_json(transcript.model_dump_json()) == transcript


def test_progress_begins_at_nothing_and_ends_at_all(transcribe: Transcribe) -> None:
    heard: list[float] = []

    transcribe("speech_en.flac", heard=heard)

    assert (heard[0], heard[-1]) == (0, 1)
    assert heard == sorted(heard)


def test_silence_has_no_text(transcribe: Transcribe) -> None:
    transcript = transcribe("silence_5s.flac")

    assert (transcript.text, transcript.segments, transcript.duration) == ("", (), 5.0)


def test_trim_shortens_and_says_so(transcribe: Transcribe) -> None:
    transcript = transcribe("speech_en.flac", trim=2)

    assert transcript.trimmed
    assert transcript.duration == 2
    assert "river" not in transcript.text


def test_trim_beyond_the_end_cuts_nothing(transcribe: Transcribe) -> None:
    assert not transcribe("speech_en.flac", trim=100).trimmed


def test_damage_is_told_in_the_result(transcribe: Transcribe) -> None:
    transcript = transcribe("truncated_after_index.m4a")

    assert "walk" in transcript.text
    assert any("breaks off" in warning for warning in transcript.warnings)


@pytest.mark.parametrize(
    "name", ["text_renamed.mp3", "zero_samples.wav", "video_without_sound.mp4", "empty.mp3"]
)
def test_a_broken_file_ends_only_its_own_task(transcribe: Transcribe, name: str) -> None:
    with pytest.raises(AudioUndecodable):
        transcribe(name)

    assert transcribe("speech_en.flac").text


def test_cancelling_stops_the_work(transcribe: Transcribe) -> None:
    with pytest.raises(TaskCancelled):
        transcribe("speech_en.flac", stop=True)


@pytest.mark.parametrize("path", ["gone.wav", "a_folder"])
def test_a_missing_file_is_told(transcribe: Transcribe, upload_dir: Path, path: str) -> None:
    (upload_dir / "a_folder").mkdir(exist_ok=True)
    with pytest.raises(AudioMissing):
        transcribe(path)


@pytest.mark.parametrize("path", ["../secret.flac", "/etc/passwd", "link.flac", "a\0b", "."])
def test_nothing_outside_the_uploads_is_read(transcribe: Transcribe, upload_dir: Path, path: str) -> None:
    secret = upload_dir.parent / "secret.flac"
    shutil.copy(upload_dir / "speech_en.flac", secret)
    (upload_dir / "link.flac").unlink(missing_ok=True)
    (upload_dir / "link.flac").symlink_to(secret)

    with pytest.raises(InvalidTask):
        transcribe(path)


def test_paths_may_be_absolute_or_begin_with_the_upload_folder(
    transcribe: Transcribe, upload_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(upload_dir.parent)

    assert transcribe(str(upload_dir / "silence_5s.flac")).duration == 5
    assert transcribe(f"{upload_dir.name}/silence_5s.flac").duration == 5


def test_models_that_do_not_exist_or_are_not_there(transcribe: Transcribe) -> None:
    with pytest.raises(UnknownModel, match="choose one of"):
        transcribe("speech_en.flac", model="gigantic")
    with pytest.raises(ModelUnavailable, match="MODEL_DOWNLOADS is off"):
        transcribe("speech_en.flac", model="medium.en")


def test_a_compute_type_that_does_not_run_here(upload_dir: Path, base_weights: Path) -> None:
    service = TranscriptionService(
        Settings(upload_dir=upload_dir, cache_dir=base_weights, device="cpu", compute_type="int16_float8")
    )

    with pytest.raises(ModelUnavailable, match="set it to auto or to one of"):
        service.transcribe(
            Task(task_id="t", file_path="speech_en.flac", model="base"),
            on_progress=lambda _: None,
            should_stop=lambda: False,
        )


def test_the_fake_engine_is_reached_by_its_setting_only(
    settings_for: Callable[..., Settings], transcribe: Transcribe, upload_dir: Path
) -> None:
    (upload_dir / "script.json").write_text(json.dumps({"text": "hello", "fail": "no luck", "once": True}))
    task = Task(task_id="t", file_path="script.json", model="base")
    service = TranscriptionService(settings_for(upload_dir=upload_dir, engine="fake"))

    with pytest.raises(AudioUndecodable):
        transcribe("script.json")
    with pytest.raises(EngineFailed, match="no luck"):
        service.transcribe(task, on_progress=lambda _: None, should_stop=lambda: False)
    assert service.transcribe(task, on_progress=lambda _: None, should_stop=lambda: False).text == "hello"
