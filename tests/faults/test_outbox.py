"""Redis forgets: its last second, or everything. The outbox beside the uploads brings every task back."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from app.core.config import Settings
from app.launcher.redis_server import RedisServer, free_port
from app.schemas.task import TaskStatus
from app.services.redis_service import RedisService
from app.storage.local import LocalStorage
from tests.faults.conftest import Ledger
from tests.faults.harness import QUICK, Service, running_service

pytestmark = pytest.mark.faults


def _accept(service: Service, storage: LocalStorage, count: int) -> list[str]:
    """What the API does with an upload, up to the moment before it enqueues."""
    tasks = [service.new_task(seconds=0.05) for _ in range(count)]
    for task in tasks:
        storage.save_outbox(task)
    return [task.task_id for task in tasks]


async def test_redis_loses_everything(service: Service, ledger: Ledger, attempt: int) -> None:
    """Failure case 15: FLUSHALL under waiting tasks."""
    storage = LocalStorage(service.settings)
    queue = RedisService(service.client, service.settings, storage)
    task_ids = _accept(service, storage, 10)
    await queue.reconcile(older_than_seconds=0)
    assert await service.reader.queue_length() == 10
    async for key in service.client.scan_iter(f"{service.keys.queue}*"):
        await service.client.delete(key)
    with ledger.recovery("Redis loses everything"):
        assert await queue.reconcile(older_than_seconds=0) == 10
        assert await queue.reconcile(older_than_seconds=0) == 0
        service.start_worker()
        states = await service.ended(task_ids)
    assert all(state.status is TaskStatus.DONE for state in states.values())
    ledger.ran_again("Redis loses everything", sum(map(service.executions, task_ids)), len(task_ids))
    await service.until(lambda: _tidy(storage), 10)


async def _tidy(storage: LocalStorage) -> bool:
    return not storage.outbox_ids()


async def test_redis_loses_its_last_second(
    settings_for: Callable[..., Settings], tmp_path: Path, ledger: Ledger, attempt: int
) -> None:
    """Suite item 6: kill -9, and the end of the append-only file cut off by hand."""
    server = RedisServer(tmp_path / "redis", free_port())
    server.start()
    try:
        settings = settings_for(**QUICK | {"redis_port": server.port})
        async with running_service(settings, tmp_path) as service:
            storage = LocalStorage(settings)
            queue = RedisService(service.client, settings, storage)
            kept = _accept(service, storage, 5)
            await queue.reconcile(older_than_seconds=0)
            await service.client.bgrewriteaof()  # waits for what was written so far
            await service.until(lambda: _rewritten(service), 20)
            appended = _append_only_file(tmp_path / "redis")
            size = appended.stat().st_size
            lost = _accept(service, storage, 5)
            await queue.reconcile(older_than_seconds=0)
            server.kill()
            with appended.open("r+b") as file:
                file.truncate(size)
            with ledger.recovery("Redis loses its last second"):
                server.start()
                assert await queue.reconcile(older_than_seconds=0) == len(lost)
                service.start_worker()
                states = await service.ended(kept + lost)
            assert all(state.status is TaskStatus.DONE for state in states.values())
    finally:
        server.kill()


async def _rewritten(service: Service) -> bool:
    info = await service.client.info("persistence")
    return not info["aof_rewrite_in_progress"] and not info["aof_rewrite_scheduled"]


def _append_only_file(directory: Path) -> Path:
    """The part of the append-only file that grows."""
    candidates = sorted((directory / "appendonlydir").glob("*.incr.aof"))
    return candidates[-1] if candidates else directory / "appendonly.aof"


async def test_api_dies_before_it_enqueues(service: Service, ledger: Ledger, attempt: int) -> None:
    """Failure case 1, with a real API that finds the note when it starts."""
    storage = LocalStorage(service.settings)
    task_ids = _accept(service, storage, 3)
    service.start_worker()
    with ledger.recovery("API dies between upload and enqueue"):
        service.start_api()
        _age(storage, service.settings)
        await service.until(lambda: _all_known(service, task_ids), 90)
        states = await service.ended(task_ids)
    assert all(state.status is TaskStatus.DONE for state in states.values())


def _age(storage: LocalStorage, settings: Settings) -> None:
    """Make the notes look as old as those of an API that died a while ago."""
    for task_id in storage.outbox_ids():
        os.utime(settings.outbox_dir / f"{task_id}.json", (1, 1))


async def _all_known(service: Service, task_ids: list[str]) -> bool:
    return all([await service.reader.state(task_id) is not None for task_id in task_ids])
