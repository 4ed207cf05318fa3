"""Redis dies, restarts, loses its last second, refuses memory."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.core.config import Settings
from app.launcher.redis_server import RedisServer, free_port
from app.schemas.task import TaskStatus
from tests.faults.conftest import Ledger
from tests.faults.harness import QUICK, running_service

pytestmark = pytest.mark.faults


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[RedisServer]:
    """A server that the test may kill; every write is on disk before it is answered."""
    server = RedisServer(tmp_path / "redis", free_port(), appendfsync="always")
    server.start()
    yield server
    server.kill()


@pytest.fixture
def own_settings(settings_for: Callable[..., Settings], own_redis: RedisServer) -> Settings:
    """Short times, on that server."""
    return settings_for(**QUICK | {"redis_port": own_redis.port})


async def test_redis_killed_with_tasks_in_flight(
    own_settings: Settings, own_redis: RedisServer, tmp_path: Path, ledger: Ledger, attempt: int
) -> None:
    """Suite item 6: kill -9 and restart, with the append-only file synced always."""
    async with running_service(own_settings, tmp_path) as service:
        for _ in range(2):
            service.start_worker(TASKS_IN_FLIGHT="2")
        await service.alive(2)
        task_ids = [await service.push(seconds=0.3) for _ in range(20)]
        await asyncio.sleep(0.5)
        fault = "Redis killed and restarted"
        with ledger.recovery(fault):
            own_redis.kill()
            own_redis.start()
            states = await service.ended(task_ids)
        assert all(state.status is TaskStatus.DONE for state in states.values())
        ledger.ran_again(fault, sum(map(service.executions, task_ids)), len(task_ids))


async def test_redis_restarted_under_idle_workers(
    own_settings: Settings, own_redis: RedisServer, tmp_path: Path, ledger: Ledger, attempt: int
) -> None:
    """Suite item 7: a worker that waits in BLMOVE takes tasks again after a restart."""
    async with running_service(own_settings, tmp_path) as service:
        service.start_worker()
        await service.alive(1)
        own_redis.stop()
        own_redis.start()
        with ledger.recovery("Redis restarted under idle workers"):
            task_id = await service.push()
            states = await service.ended([task_id])
        assert states[task_id].status is TaskStatus.DONE
        ledger.ran_again("Redis restarted under idle workers", service.executions(task_id), 1)


async def test_redis_refuses_memory(
    own_settings: Settings, own_redis: RedisServer, tmp_path: Path, ledger: Ledger, attempt: int
) -> None:
    """Suite item 9: results that Redis refuses are kept by the worker until it takes them."""
    async with running_service(own_settings, tmp_path) as service:
        service.start_worker()
        task_id = await service.push(seconds=0.5)
        await service.processing(task_id)
        await service.client.config_set("maxmemory", "1")
        await asyncio.sleep(1.5)
        assert (await service.state(task_id)).status is TaskStatus.PROCESSING
        with ledger.recovery("Redis out of memory"):
            await service.client.config_set("maxmemory", "0")
            states = await service.ended([task_id])
        assert states[task_id].status is TaskStatus.DONE
        ledger.ran_again("Redis out of memory", service.executions(task_id), 1)


async def test_an_evicting_redis_is_refused(
    own_settings: Settings, own_redis: RedisServer, tmp_path: Path
) -> None:
    """Failure case 17: a worker does not start on a Redis that may throw tasks away, and says why."""
    async with running_service(own_settings, tmp_path) as service:
        await service.client.config_set("maxmemory-policy", "allkeys-lru")
        worker = service.start_worker()
        assert await worker.ended() == 1
        words = (tmp_path / "stderr.txt").read_text()
        assert "noeviction" in words
        assert "Traceback" not in words
