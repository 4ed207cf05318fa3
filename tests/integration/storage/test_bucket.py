"""Recordings in a bucket: by a folder, and on a real S3 server."""

import io
import random
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest

from app.core.config import Settings
from app.core.errors import (
    InvalidTask,
    RecordingUnreachable,
    StorageMisconfigured,
    StorageUnavailable,
    UploadLocked,
    UploadNotFound,
)
from app.launcher.redis_server import free_port
from app.schemas.resumable import ResumableUpload
from app.schemas.task import Task
from app.storage.bucket import object_path, outbox
from app.storage.bucket.connection import connect
from app.storage.bucket.storage import BucketStorage
from app.storage.bucket.upload import PART_BYTES
from app.storage.marker import Marker
from tests.places import files_of
from tests.processes import ROOT, environment_of
from tests.serving import until

pytestmark = pytest.mark.bucket

TASK_ID = "0b9e3b5c-6f0a-4f1c-9d39-5c9f6d3a1c55"
TASK = Task(task_id=TASK_ID, file_path=f"{TASK_ID}.wav")
UPLOAD_ID = "0123456789abcdef0123456789abcdef"
SIZES = (1, PART_BYTES, PART_BYTES + 1, 2 * PART_BYTES + 12345)


@pytest.fixture
def settings(bucket_settings: Callable[..., Settings]) -> Settings:
    return bucket_settings()


@pytest.fixture
def storage(settings: Settings) -> BucketStorage:
    return BucketStorage(settings)


def stored(storage: BucketStorage, content: bytes = b"sound", name: str = TASK_ID) -> Task:
    upload = storage.open_upload(name, "wav")
    upload.write(content)
    task = Task(task_id=name, file_path=upload.commit())
    storage.outbox.save(task)
    return task


def in_pieces(content: bytes) -> list[bytes]:
    return [content[start : start + 1_000_000] for start in range(0, len(content), 1_000_000)]


def begun(storage: BucketStorage, content: bytes = b"") -> ResumableUpload:
    upload = ResumableUpload(upload_id=UPLOAD_ID, owner=None, length=None, filename="talk.wav")
    storage.resumables.create(upload)
    if content:
        sink = storage.resumables.lock(UPLOAD_ID)
        sink.write(content)
        sink.close()
    return upload


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
    settings = s3_settings(storage_timeout_seconds=0.5)
    storage = BucketStorage(settings)
    path = storage.recording_of(stored(storage, bytes(object_path.BLOCK_BYTES + 1)))
    assert path is not None
    away = connect(settings, endpoint=f"http://127.0.0.1:{free_port()}")
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
    assert (tombstone.task.file_path, kept.listing().tombstones) == (TASK.file_path, frozenset([TASK_ID]))
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


@pytest.mark.parametrize(
    "path",
    ["../x.wav", "/etc/passwd", ".outbox/x.json", ".service.json", "a/../b.wav", "x\0.wav", "a//b"],
)
def test_nothing_outside_the_folder_is_read(storage: BucketStorage, path: str) -> None:
    with pytest.raises(InvalidTask):
        storage.recording_of(Task(task_id="x", file_path=path))


def test_foreign_recordings_are_read_and_stay(storage: BucketStorage, settings: Settings) -> None:
    upload = storage.open_upload("theirs", "wav")
    upload.write(b"sound")
    upload.commit()
    for path in ("theirs.wav", f"{settings.storage_url}/theirs.wav"):
        task = Task(task_id="x", file_path=path)
        assert storage.recording_of(task) is not None
        storage.finish(task)
        assert storage.recording_of(task) is not None
        assert storage.kept_recording(task) is None


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


def test_pieces_follow_each_other(storage: BucketStorage, settings: Settings) -> None:
    begun(storage, b"one")
    first = storage.resumables.lock(UPLOAD_ID)
    with pytest.raises(UploadLocked):
        BucketStorage(settings).resumables.lock(UPLOAD_ID)
    first.write(b"two")
    first.close()
    second = BucketStorage(settings).resumables.lock(UPLOAD_ID)
    assert second.offset == 6
    second.close()
    found = storage.resumables.read(UPLOAD_ID)
    assert found is not None
    assert (found.offset, found.is_taken) == (6, False)
    upload = storage.open_received(UPLOAD_ID, TASK_ID, "wav")
    with upload.recording().open("rb", 0) as file:
        assert file.readall() == b"onetwo"


def test_of_two_who_go_on_from_the_same_place_one_succeeds(storage: BucketStorage) -> None:
    """Where a lock was lost: the pieces themselves tell."""
    begun(storage)
    first = storage.resumables.lock(UPLOAD_ID)
    first._lease.end()
    second = storage.resumables.lock(UPLOAD_ID)
    second.write(b"second")
    with pytest.raises(UploadLocked):
        first.write(b"1")
    second.write(b"!")
    second.close()
    found = storage.resumables.read(UPLOAD_ID)
    assert found is not None
    assert found.offset == 7


def test_an_upload_that_became_a_task(storage: BucketStorage, settings: Settings) -> None:
    upload = begun(storage, b"sound")
    storage.resumables.save(upload.model_copy(update={"task_id": TASK_ID, "length": 5}))
    storage.resumables.remove_bytes(UPLOAD_ID)
    found = storage.resumables.read(UPLOAD_ID)
    assert found is not None
    assert (found.is_taken, found.offset) == (True, 5)
    with pytest.raises(UploadNotFound):
        storage.resumables.lock(UPLOAD_ID)
    storage.resumables.remove(UPLOAD_ID)
    assert (storage.resumables.read(UPLOAD_ID), files_of(settings)) == (None, [])
    assert storage.resumables.read("../x") is None


def test_who_writes_is_not_silent(storage: BucketStorage) -> None:
    begun(storage, b"sound")
    assert storage.resumables.old(-5) == storage.resumables.silent(-5) == [UPLOAD_ID]
    assert storage.resumables.old(3600) == storage.resumables.silent(3600) == []
    assert storage.resumables.silent_seconds(UPLOAD_ID) < 60
    sink = storage.resumables.lock(UPLOAD_ID)
    assert storage.resumables.old(-5) == storage.resumables.silent(-5) == []
    sink.close()


def test_a_lock_ends_with_its_process(
    storage: BucketStorage, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun(storage)
    storage.resumables.lock(UPLOAD_ID)
    monkeypatch.setattr("app.storage.bucket.lease.LEASE_SECONDS", -5.0)
    BucketStorage(settings).resumables.lock(UPLOAD_ID).close()


def test_the_marker_is_written_once(storage: BucketStorage) -> None:
    mine, theirs = Marker.new("mine", "redis"), Marker.new("theirs", "redis")
    assert storage.marker.read() is None
    assert storage.marker.write(mine, replace=False)
    assert not storage.marker.write(theirs, replace=False)
    assert storage.marker.read() == mine
    assert storage.marker.write(theirs, replace=True)
    assert storage.marker.read() == theirs
    assert not storage.marker.is_abandoned()


def test_links_lead_into_the_bucket(s3_settings: Callable[..., Settings]) -> None:
    storage = BucketStorage(s3_settings())
    begun(storage)
    link = storage.resumables.link_to(UPLOAD_ID)
    assert link is not None
    assert httpx2.put(link.url, content=b"sound", headers=dict(link.headers)).status_code == 200
    found = storage.resumables.read(UPLOAD_ID)
    assert found is not None
    assert found.offset == 5
    path = storage.recording_of(stored(storage, b"more sound"))
    assert path is not None
    link = storage.link_to(path)
    assert link is not None
    assert httpx2.get(link.url, headers={"Range": "bytes=5-9"}).content == b"sound"
    assert httpx2.get(link.url.replace("X-Amz-Signature=", "X-Amz-Signature=0")).status_code == 403


def test_a_folder_gives_no_links(
    settings_for: Callable[..., Settings], storage_values: Callable[[str], dict[str, object]]
) -> None:
    assert BucketStorage(settings_for(**storage_values("file"))).resumables.link_to(UPLOAD_ID) is None


def test_what_is_wrong_with_a_bucket_is_told(
    s3_settings: Callable[..., Settings], caplog: pytest.LogCaptureFixture
) -> None:
    right = s3_settings()
    BucketStorage(right).check()
    with pytest.raises(StorageMisconfigured, match=r"s3://no-such-bucket .*404 NoSuchBucket.*STORAGE_URL"):
        BucketStorage(right.model_copy(update={"storage_url": "s3://no-such-bucket"})).check()
    away = right.model_copy(
        update={"storage_endpoint": f"http://127.0.0.1:{free_port()}", "storage_timeout_seconds": 0.5}
    )
    with pytest.raises(StorageUnavailable, match="STORAGE_ENDPOINT"):
        BucketStorage(away).check()
    with pytest.raises(StorageUnavailable) as told:
        BucketStorage(away).outbox.save(TASK)
    assert "127.0.0.1" not in str(told.value), "who uploads need not know where the bucket is"
    assert f"cannot be written at .outbox/{TASK_ID}.json" in caplog.text


@pytest.mark.parametrize("program", [("-m", "uvicorn", "main:app", "--port", "0"), ("worker.py",)])
def test_a_wrong_key_ends_the_start_with_a_sentence(
    program: tuple[str, ...],
    s3_settings: Callable[..., Settings],
) -> None:
    environment = environment_of(s3_settings()) | {"AWS_SECRET_ACCESS_KEY": "wrong"}
    ended = subprocess.run(
        [sys.executable, *program],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1
    assert "403 SignatureDoesNotMatch. Check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY" in ended.stderr
    assert "Traceback" not in ended.stderr
