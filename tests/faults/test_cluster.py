"""The same on a Redis Cluster node (suite item 19): a script that names keys of two slots fails there."""

import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from app.core.config import Settings
from app.launcher.redis_server import RedisServer
from app.queue.outcomes import DeleteOutcome
from app.schemas.task import TaskStatus
from tests.faults.conftest import Ledger
from tests.faults.harness import QUICK, Service, marker_of, running_service
from tests.faults.proxy import FaultyProxy
from tests.support.serving import PATIENCE_SECONDS

pytestmark = pytest.mark.faults


@pytest.fixture
async def service(
    settings_for: Callable[..., Settings], cluster_server: RedisServer, tmp_path: Path
) -> AsyncIterator[Service]:
    """A service whose names carry one tag."""
    settings = settings_for(
        **QUICK
        | {
            "redis_port": cluster_server.port,
            "redis_queue_name": f"{{{tmp_path.name}}}:tasks",
            "redis_results_prefix": f"{{{tmp_path.name}}}:result:",
        }
    )
    async with running_service(settings, tmp_path) as running:
        yield running


async def test_worker_killed(service: Service, ledger: Ledger, attempt: int) -> None:
    """Item 1 on a cluster."""
    worker = service.start_worker()
    task_id = await service.push(seconds=1.0)
    await service.processing(task_id)
    with ledger.recovery("cluster: worker killed"):
        worker.process.kill()
        service.start_worker()
        states = await service.ended([task_id])
    assert states[task_id].status is TaskStatus.DONE
    ledger.ran_again("cluster: worker killed", service.executions(task_id), 1)


@pytest.mark.parametrize("command", ["claim", "complete"])
async def test_reply_lost(
    service: Service, cluster_server: RedisServer, ledger: Ledger, command: str, attempt: int
) -> None:
    """Item 4 on a cluster."""
    async with FaultyProxy(cluster_server.port) as proxy:
        service.start_worker(REDIS_PORT=str(proxy.port))
        await service.alive(1)
        proxy.drop_reply_of(marker_of(command))
        with ledger.recovery(f"cluster: reply of {command} lost"):
            task_id = await service.push(seconds=0.05)
            states = await service.ended([task_id])
        assert proxy.dropped == 1
        assert states[task_id].status is TaskStatus.DONE


async def test_names_without_a_tag_are_refused(
    settings_for: Callable[..., Settings], cluster_server: RedisServer, tmp_path: Path
) -> None:
    """A worker says why it takes nothing, and waits: Redis may change under it."""
    settings = settings_for(**QUICK | {"redis_port": cluster_server.port})
    async with running_service(settings, tmp_path) as service:
        worker = service.start_worker()
        said = "Registering at Redis fails (ClusterUnsupported: Redis Cluster is not supported"
        await service.until(lambda: service.logged(said), PATIENCE_SECONDS)
        assert await service.reader.live_workers() == []
        worker.signal(signal.SIGTERM)
        assert await worker.ended() == 0
        assert service.times_logged(said) == 1
        assert service.times_logged("Traceback") == 0


async def test_delete(service: Service) -> None:
    """Item 13 on a cluster."""
    waiting = await service.push()
    assert await service.delete(waiting) is DeleteOutcome.DELETED
    service.start_worker()
    running = await service.push(seconds=60.0)
    await service.processing(running)
    assert await service.delete(running) is DeleteOutcome.REQUESTED
    await service.forgotten([waiting, running])
