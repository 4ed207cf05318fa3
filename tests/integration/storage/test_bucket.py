"""Recordings, notes and results in a bucket."""

import io
import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from app.audio.chunker import ChunkRules
from app.audio.listening import Listening
from app.audio.reading.cutting import Cutting
from app.audio.reading.pool import ProcessReaders
from app.core.config import Settings
from app.core.errors import (
    RecordingUnreachable,
)
from app.launcher.redis_server import free_port
from app.schemas.task import Task
from app.storage.bucket import object_path, outbox
from app.storage.bucket.connection import connect
from app.storage.bucket.objects import StoredObject
from app.storage.bucket.storage import BucketStorage
from app.storage.bucket.upload import PART_BYTES
from tests.integration.storage.contents import TASK, TASK_ID, stored
from tests.support.places import files_of
from tests.support.serving import PATIENCE_SECONDS, until

pytestmark = pytest.mark.bucket

SIZES = (1, PART_BYTES, PART_BYTES + 1, 2 * PART_BYTES + 12345)


def in_pieces(content: bytes) -> list[bytes]:
    return [content[start : start + 1_000_000] for start in range(0, len(content), 1_000_000)]


def test_uploads_of_all_sizes_are_read_as_they_were_written(storage: BucketStorage) -> None:
    for size in SIZES:
        content = random.Random(size).randbytes(size)
        upload = storage.open_upload(TASK_ID, "wav")
        for piece in in_pieces(content):
            upload.write(piece)
        path = upload.recording()
        assert (path.name, path.suffix) == (TASK.file_path, ".wav")
        with path.open("rb", 0) as file:
            assert file.readall() == content
        assert upload.commit() == TASK.file_path


def test_an_upload_is_not_seen_before_it_is_whole_nor_after_it_was_given_up(
    storage: BucketStorage, settings: Settings
) -> None:
    for size in SIZES:
        upload = storage.open_upload(TASK_ID, "wav")
        for piece in in_pieces(bytes(size)):
            upload.write(piece)
        assert storage.recording_of(TASK) is None
        upload.abort()
        upload.abort()
        assert files_of(settings) == []
    upload = storage.open_upload(TASK_ID, "wav")
    upload.write(b"sound")
    upload.recording()
    assert storage.recording_of(TASK) is not None
    upload.abort()
    assert files_of(settings) == []


def test_places_are_read_as_those_of_a_file(storage: BucketStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(object_path, "BLOCK_BYTES", 100)
    content = random.Random(1).randbytes(1234)
    path = storage.recording_of(stored(storage, content))
    assert path is not None
    draw, same = random.Random(2), io.BytesIO(content)
    with path.open() as file:
        for _ in range(300):
            place, size = draw.randrange(1500), draw.randrange(400)
            assert file.seek(place) == same.seek(place)
            assert file.read(size) == same.read(size)
            assert file.tell() == (same.tell() if place <= len(content) else place)
        assert file.seek(-34, io.SEEK_END) == 1200
        assert file.readall() == content[1200:]
        buffer = bytearray(2000)
        file.seek(0)
        assert file.readinto(buffer) == 1234
        assert buffer[:1234] == content
        with pytest.raises(OSError, match="before the beginning"):
            file.seek(-1)


def test_a_store_that_is_away_is_never_the_end_of_the_file(
    s3_settings: Callable[..., Settings],
) -> None:
    settings = s3_settings()
    storage = BucketStorage(settings)
    path = storage.recording_of(stored(storage, bytes(object_path.BLOCK_BYTES + 1)))
    assert path is not None
    hasty = settings.model_copy(update={"storage_timeout_seconds": 0.5})
    away = connect(hasty, endpoint=f"http://127.0.0.1:{free_port()}")
    with replace(path, store=away).open() as file, pytest.raises(RecordingUnreachable):
        file.read(1)
    storage.delete(TASK)
    with path.open() as file, pytest.raises(FileNotFoundError):
        file.read(1)


def test_notes_results_and_tombstones(storage: BucketStorage, settings: Settings) -> None:
    kept = storage.outbox
    task = stored(storage)
    assert (kept.holds(TASK_ID), kept.read(TASK_ID)) == (True, task)
    assert (kept.holds("other"), kept.read("other"), kept.result(TASK_ID)) == (False, None, None)
    assert storage.keep_result(TASK, "first") == "first"
    assert storage.keep_result(TASK, "second") == "first"
    storage.save_clips(TASK_ID, b"clips")
    assert storage.clips_of(TASK) == b"clips"
    assert kept.listing().results == {TASK_ID}

    storage.discard(TASK)
    assert files_of(settings) == [f".outbox/deleted/{TASK_ID}.deleted"]
    assert storage.keep_result(TASK, "third") is None
    [tombstone] = kept.tombstones()
    assert (tombstone.task_id, kept.listing().tombstones) == (TASK_ID, frozenset([TASK_ID]))
    assert kept.buried(TASK_ID).file_path == TASK.file_path
    assert -2 < tombstone.age_seconds < 60
    kept.remove_tombstone(TASK_ID)
    assert (kept.deleted([TASK_ID]), files_of(settings)) == (set(), [])


def test_one_result_of_many_who_are_first(storage: BucketStorage) -> None:
    stored(storage)
    results = [f"result {number}" for number in range(16)]
    with ThreadPoolExecutor(16) as pool:
        [kept] = set(pool.map(lambda result: storage.keep_result(TASK, result), results))
    assert storage.outbox.result(TASK_ID) == kept


def test_another_process_sees_a_tombstone_a_moment_later(
    storage: BucketStorage, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "BELIEVED_SECONDS", 0.1)
    other = BucketStorage(settings)
    assert other.outbox.deleted([TASK_ID]) == set()
    storage.discard(stored(storage))
    assert storage.outbox.deleted([TASK_ID, "x"]) == {TASK_ID}
    until(lambda: other.outbox.deleted([TASK_ID, "x"]) == {TASK_ID})


def test_while_a_listing_of_the_tombstones_hangs_others_go_by_the_one_before(
    storage: BucketStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each look at a task asks for them, and Redis tells of deletions itself: a bucket that hangs is no
    reason to hold all of these up."""
    monkeypatch.setattr(outbox, "BELIEVED_SECONDS", -1.0)
    kept = storage.outbox
    kept.bury(TASK)
    assert kept.deleted([TASK_ID]) == {TASK_ID}
    hangs, may_answer = threading.Event(), threading.Event()

    def hanging(folder: str) -> list[StoredObject]:
        hangs.set()
        assert may_answer.wait(PATIENCE_SECONDS)
        return []

    monkeypatch.setattr(storage._bucket, "objects", hanging)
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(kept.deleted, [TASK_ID])
        assert hangs.wait(PATIENCE_SECONDS)
        assert threads.submit(kept.deleted, [TASK_ID]).result(PATIENCE_SECONDS / 2) == {TASK_ID}
        assert not first.done()
        may_answer.set()
        assert first.result(PATIENCE_SECONDS) == set()


def test_uploads_without_a_note_are_found_at_the_second_look(storage: BucketStorage) -> None:
    """A store may tell of a large one that it is as old as its first part."""
    noted, other = stored(storage), "1" + TASK_ID[1:]
    upload = storage.open_upload(other, "wav")
    upload.write(b"sound")
    upload.commit()
    storage.save_clips("foreign name", b"no upload of this service")
    assert storage.old_uploads(-5) == []
    [orphan] = storage.old_uploads(-5)
    assert (orphan.task_id, orphan.complete) == (other, True)
    assert storage.old_uploads(3600) == []
    storage.remove_upload(orphan)
    assert storage.recording_of(noted) is not None


def test_what_a_worker_fetches_is_kept_under_the_name_of_its_task(
    storage: BucketStorage, settings: Settings
) -> None:
    task = Task(task_id="t", file_path="elsewhere/x.mp3", url="https://example.org/x")

    def fail(path: Path) -> None:
        path.write_bytes(b"half")
        raise ConnectionError

    with pytest.raises(ConnectionError):
        storage.keep_fetched(task, fail)
    assert (storage.recording_of(task), files_of(settings)) == (None, [])
    storage.keep_fetched(task, lambda path: path.write_bytes(b"sound"))
    assert files_of(settings) == ["t.mp3"]
    assert storage.recording_of(task) is not None
    storage.finish(task)
    assert files_of(settings) == []


async def test_reader_processes_read_from_the_bucket(
    s3_settings: Callable[..., Settings], assets: Path
) -> None:
    """Which get the client of the bucket by pickle, and its key from their environment."""
    speech = assets / "speech_en.flac"
    path = BucketStorage(s3_settings()).recording_of(
        stored(BucketStorage(s3_settings()), speech.read_bytes())
    )
    assert path is not None
    readers = ProcessReaders(1)
    try:
        found = [
            [
                each.window.end
                for each in readers.open(Cutting(each, Listening(), ChunkRules()), bool, lambda: None)
            ]
            for each in (path, speech)
        ]
    finally:
        readers.close()
    assert found[0] == found[1] != []
