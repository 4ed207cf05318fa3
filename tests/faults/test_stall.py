"""A worker stalls past its lease and comes back: its result is refused, the other's stands."""

import asyncio
import signal

import pytest

from app.launcher.redis_server import RedisServer
from app.schemas.task import TaskStatus
from tests.faults.conftest import Ledger
from tests.faults.harness import Service, marker_of
from tests.faults.proxy import FaultyProxy

pytestmark = pytest.mark.faults


async def test_stopped_worker_wakes_up_too_late(service: Service, ledger: Ledger, attempt: int) -> None:
    """Suite item 3."""
    stalled = service.start_worker()
    task_id = await service.push(seconds=1.0)
    await service.processing(task_id)
    with ledger.recovery("worker stopped past its lease"):
        stalled.signal(signal.SIGSTOP)  # its engine process goes on and will have a result
        other = service.start_worker()
        states = await service.ended([task_id])
    written = await service.client.get(service.keys.result(task_id))
    other.process.kill()
    stalled.signal(signal.SIGCONT)
    assert states[task_id].status is TaskStatus.DONE
    await service.until(lambda: service.logged("lost", task_id), 20)
    assert await service.client.get(service.keys.result(task_id)) == written
    ledger.ran_again("worker stopped past its lease", service.executions(task_id), 1)


async def test_partitioned_worker_comes_back(
    service: Service, ledger: Ledger, redis_server: RedisServer, attempt: int
) -> None:
    """Suite item 5: cut off from Redis past its lease, then healed, delayed BLMOVE included."""
    async with FaultyProxy(redis_server.port) as proxy:
        cut_off = service.start_worker(REDIS_PORT=str(proxy.port))
        task_id = await service.push(seconds=0.5)
        await service.processing(task_id)
        with ledger.recovery("worker cut off past its lease"):
            proxy.black_hole()
            service.start_worker()
            states = await service.ended([task_id])
        written = await service.client.get(service.keys.result(task_id))
        later = [await service.push(seconds=0.05) for _ in range(10)]
        proxy.heal()
        states |= await service.ended(later)
        await asyncio.sleep(1)
        assert await service.client.get(service.keys.result(task_id)) == written
        assert all(state.status is TaskStatus.DONE for state in states.values())
        assert cut_off.process.poll() is None
    ledger.ran_again("worker cut off past its lease", service.executions(task_id), 1)


@pytest.mark.parametrize("command", ["BLMOVE", "claim", "heartbeat", "complete", "settle"])
async def test_reply_lost(
    service: Service,
    ledger: Ledger,
    redis_server: RedisServer,
    command: str,
    attempt: int,
) -> None:
    """Suite item 4: Redis has executed the command, the worker never hears of it."""
    async with FaultyProxy(redis_server.port) as proxy:
        service.start_worker(REDIS_PORT=str(proxy.port))
        await service.alive(1)
        first = await service.push(seconds=0.05)
        await service.ended([first])
        fault = f"reply of {command} lost"
        with ledger.recovery(fault):
            proxy.drop_reply_of(marker_of(command))
            if command == "BLMOVE":  # the one that waits in Redis now was sent before
                await proxy.marked.wait()
            recording = {"fail": "once", "once": True} if command == "settle" else {"seconds": 0.6}
            task_id = await service.push(**recording)
            states = await service.ended([task_id])
        assert proxy.dropped == 1
        assert states[task_id].status is TaskStatus.DONE
        assert await service.held() == 0
        ledger.ran_again(fault, service.executions(task_id), 1)
