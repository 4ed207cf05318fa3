"""Uploads in several requests, and links, in a bucket."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest

from app.core.config import Settings
from app.core.errors import (
    UploadLocked,
    UploadNotFound,
)
from app.housekeeping.store_binding import StoreBinding
from app.schemas.caller import ANYBODY
from app.services.resumable_uploads import ResumableUploads
from app.storage.bucket.storage import BucketStorage
from tests.integration.storage.contents import TASK_ID, UPLOAD_ID, begun, stored
from tests.support.places import files_of
from tests.support.queue import connected
from tests.support.serving import PATIENCE_SECONDS, until

pytestmark = pytest.mark.bucket


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


async def test_a_bucket_that_hangs_holds_up_no_other_request_at_the_end_of_an_upload(
    storage: BucketStorage, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun(storage)
    ending, may_end = threading.Event(), threading.Event()

    def hanging(keys: object) -> None:
        ending.set()
        assert may_end.wait(PATIENCE_SECONDS)

    async def body() -> AsyncIterator[bytes]:
        monkeypatch.setattr(storage._bucket, "remove", hanging)  # of the lock
        yield b"one"

    async with connected(settings) as queue:
        folder = StoreBinding(queue.commands, settings, storage)
        uploads = ResumableUploads(settings, storage, folder, queue.reader)
        appending = asyncio.create_task(uploads.append(UPLOAD_ID, ANYBODY, 0, None, body()))
        await asyncio.to_thread(ending.wait, PATIENCE_SECONDS)
        assert not appending.done()
        may_end.set()
        assert (await appending).offset == 3


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


def test_of_many_who_want_a_lock_that_has_ended_at_most_one_gets_it(
    storage: BucketStorage, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun(storage)
    lost = storage.resumables.lock(UPLOAD_ID)
    lost._lease._ended.set()  # its process is gone
    for name in ("LEASE_SECONDS", "TRUSTED_SECONDS"):
        monkeypatch.setattr(f"app.storage.bucket.lease.{name}", 3.0)
    until(lambda: all(each.age_seconds >= 3 for each in storage._bucket.objects(".resumable")))

    def wanted(_: int) -> bool:
        try:
            BucketStorage(settings).resumables.lock(UPLOAD_ID)
        except UploadLocked:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(wanted, range(8))) <= 1
    with pytest.raises(UploadLocked):
        lost._lease.check()


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
