"""Clips of known speakers stay no longer than they are needed, whatever becomes of the recording."""

from collections.abc import Callable
from pathlib import Path

import pytest

from app.core.config import Settings
from app.schemas.task import Task, TaskFailure
from app.storage.local import LocalStorage

TASK = Task(task_id="6b1f7a52-1e0f-4a56-9d0c-0b7a3f1f4e11", file_path="a.wav", known_speakers=("Ann",))


@pytest.fixture
def storage(settings_for: Callable[..., Settings]) -> LocalStorage:
    storage = LocalStorage(settings_for(keep_audio=True))
    upload = storage.open_upload(TASK.task_id, "wav")
    upload.write(b"sound")
    upload.commit()
    storage.save_clips(TASK.task_id, b"[]")
    storage.outbox.save(TASK)
    return storage


def _left(storage: LocalStorage) -> set[str]:
    return {path.suffix for path in Path(storage._folder).iterdir() if path.is_file()}


def test_clips_are_read_back(storage: LocalStorage) -> None:
    assert storage.clips_of(TASK) == b"[]"
    assert storage.clips_of(TASK.model_copy(update={"task_id": "another"})) is None


def test_clips_of_a_finished_task_go_though_its_recording_is_kept(storage: LocalStorage) -> None:
    storage.finish(TASK)

    assert _left(storage) == {".wav"}


def test_clips_of_a_failure_worth_another_try_stay_for_it(storage: LocalStorage) -> None:
    storage.finish(TASK, TaskFailure(code="engine_crashed", message="It died."))

    assert _left(storage) == {".wav", ".known_speaker_clips"}


def test_clips_of_a_deleted_task_go(storage: LocalStorage) -> None:
    storage.discard(TASK)

    assert ".known_speaker_clips" not in _left(storage)


def test_clips_without_a_note_are_orphans(storage: LocalStorage) -> None:
    storage.outbox.remove(TASK.task_id)

    names = {upload.name for upload in storage.old_uploads(0)}

    assert f"{TASK.task_id}.known_speaker_clips" in names
