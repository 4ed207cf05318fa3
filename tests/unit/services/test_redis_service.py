"""The outbox against a real Redis: what was lost comes back, what ended is tidied up."""

import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from app.core.config import Settings
from app.core.errors import QueueFull
from app.queue.clients import command_client
from app.schemas.task import Task
from app.services.redis_service import RedisService
from app.storage.local import LocalStorage

TASK_ID = "0b9e3b5c-6f0a-4f1c-9d39-5c9f6d3a1c55"


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[Redis]:
    client = command_client(settings)
    yield client
    await client.aclose()


@pytest.fixture
def storage(settings: Settings) -> LocalStorage:
    return LocalStorage(settings)


@pytest.fixture
def service(client: Redis, settings: Settings, storage: LocalStorage) -> RedisService:
    return RedisService(client, settings, storage)


def stored(storage: LocalStorage, task_id: str = TASK_ID) -> Task:
    upload = storage.open_upload(task_id)
    upload.write(b"sound")
    task = Task(task_id=task_id, file_path=upload.commit("mp3"))
    storage.save_outbox(task)
    return task


def age(folder: Path, seconds: float) -> None:
    then = time.time() - seconds
    for path in folder.rglob("*.*"):
        if path.is_file():
            os.utime(path, (then, then))


def files(settings: Settings) -> list[str]:
    folder = settings.upload_dir
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


async def test_what_redis_lost_is_enqueued_again_once(
    service: RedisService, storage: LocalStorage, settings: Settings, client: Redis
) -> None:
    task = stored(storage)
    assert await service.reconcile() == 0, "the upload may still be on its way"
    age(settings.upload_dir, 120)
    assert await service.reconcile() == 1
    assert await service.reconcile() == 0
    [element] = await client.lrange(settings.redis_queue_name, 0, -1)
    assert Task.model_validate_json(element) == task


async def test_a_note_that_cannot_be_read_does_not_stop_the_others(
    service: RedisService, storage: LocalStorage, settings: Settings
) -> None:
    (settings.outbox_dir).mkdir(parents=True)
    (settings.outbox_dir / "bad.json").write_text("{")
    stored(storage)
    age(settings.upload_dir, 120)
    assert await service.reconcile() == 1


async def test_an_ended_task_is_tidied_up(
    service: RedisService, storage: LocalStorage, settings: Settings, client: Redis
) -> None:
    await service.enqueue(stored(storage))
    age(settings.upload_dir, 5000)
    assert await service.finish_ended() == 0, "it waits"
    await client.set(f"{settings.redis_results_prefix}{TASK_ID}", '{"text": "x"}')
    assert await service.finish_ended() == 1
    assert files(settings) == []


async def test_orphans_go_at_their_age_and_owned_files_stay(
    service: RedisService, storage: LocalStorage, settings: Settings
) -> None:
    await service.enqueue(stored(storage))
    storage.remove_outbox(TASK_ID)
    lost, broken = "1" + TASK_ID[1:], "2" + TASK_ID[1:]
    storage.open_upload(lost).commit("ogg")
    (settings.upload_dir / f"{broken}.part").write_bytes(b"half")
    assert await service.remove_orphans() == 0
    age(settings.upload_dir, settings.orphan_upload_seconds + 1)
    assert await service.remove_orphans() == 2
    assert files(settings) == [f"{TASK_ID}.mp3"]


async def test_kept_recordings_are_no_orphans(
    client: Redis, settings: Settings, storage: LocalStorage
) -> None:
    keeping = settings.model_copy(update={"keep_audio": True})
    storage.open_upload(TASK_ID).commit("ogg")
    age(settings.upload_dir, settings.orphan_upload_seconds + 1)
    assert await RedisService(client, keeping, storage).remove_orphans() == 0


async def test_a_full_queue_is_told_before_the_upload(
    client: Redis, settings: Settings, storage: LocalStorage
) -> None:
    small = RedisService(client, settings.model_copy(update={"max_queue_length": 1}), storage)
    await small.refuse_when_full()
    await small.enqueue(stored(storage))
    with pytest.raises(QueueFull) as raised:
        await small.refuse_when_full()
    assert raised.value.retry_after_seconds


async def test_maintenance_and_readiness(service: RedisService) -> None:
    await service.maintain()
    readiness = await service.readiness()
    assert (readiness.ready, readiness.status, readiness.workers) == (True, "no_workers", 0)
