"""Redis refuses the service a command: everybody says which, nobody floods the log, nothing is lost."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx2
import pytest
from redis.asyncio import Redis

from app.core.config import Settings
from app.schemas.task import TaskStatus
from tests.faults.conftest import Ledger
from tests.faults.harness import QUICK, Service, results_of, running_service

pytestmark = pytest.mark.faults

RECORDING = Path(__file__).parents[1] / "assets" / "speech_en.mp3"
USER = "tenant"
TASKS = 5
REFUSED_SECONDS = 3.0
"""Long enough for some failures of everything that is done again and again."""


@pytest.fixture
async def root(redis_server: object, settings: Settings) -> AsyncIterator[Redis]:
    """Who may change the rights of the service's user, which has all of them at first."""
    client = Redis(port=settings.redis_port)
    await _set_rights(client, "reset", "on", "nopass", "~*", "&*", "+@all")
    yield client
    await client.acl_deluser(USER)
    await client.aclose()


async def _set_rights(root: Redis, *rules: str) -> None:
    await root.execute_command("ACL", "SETUSER", USER, *rules)  # type: ignore[no-untyped-call]


@pytest.fixture
def tenant_settings(settings_for: Callable[..., Settings], root: Redis) -> Settings:
    """Short times, under that user's name."""
    return settings_for(**QUICK | {"redis_username": USER, "redis_password": "any"})


async def test_scripts_are_refused_for_a_while(
    root: Redis, tenant_settings: Settings, tmp_path: Path, ledger: Ledger, attempt: int
) -> None:
    """EVALSHA is taken away under tasks that wait and run, and given back."""
    fault = "Redis refuses EVALSHA (ACL)"
    async with running_service(tenant_settings, tmp_path) as service, service.api() as client:
        service.start_worker(TASKS_IN_FLIGHT="2")
        await service.alive(1)
        assert (await client.get("/health/ready")).status_code == 200
        task_ids = [await service.accept(seconds=0.5) for _ in range(TASKS)]
        await service.processing(task_ids[0])
        await _set_rights(root, "-evalsha")
        newcomer = service.start_worker(TASKS_IN_FLIGHT="2")
        await _says_what_is_missing(client)
        await service.until(lambda: service.logged("Registering at Redis fails"), 60)
        await asyncio.sleep(REFUSED_SECONDS)
        assert newcomer.process.poll() is None, "it waits until it is allowed"
        with ledger.recovery(fault):
            await _set_rights(root, "+evalsha")
            await results_of(client, task_ids)
        ledger.ran_again(fault, sum(map(service.executions, task_ids)), TASKS)
        assert (await client.get("/health/ready")).status_code == 200
        await service.alive(2)
        assert (await service.accept_and_end()).status is TaskStatus.DONE
        _check_log(service)
        await service.until(service.no_files, 60)


async def _says_what_is_missing(client: httpx2.AsyncClient) -> None:
    ready = await client.get("/health/ready")
    assert ready.status_code == 503
    assert "EVALSHA" in ready.json()["detail"]
    files = {"file": ("a.mp3", RECORDING.read_bytes())}
    for answer in (await client.post("/transcribe/", files=files), await client.get("/transcribe/x")):
        assert (answer.status_code, answer.json()["code"]) == (503, "queue_refused")
        assert "/health/ready" in answer.json()["detail"]


def _check_log(service: Service) -> None:
    """Eight webhook loops, a housekeeping and two workers failed all the time: each reason is told once."""
    for what in ("Sending webhooks", "Housekeeping", "Renewing the lease", "Registering at Redis"):
        assert service.times_logged(f"{what} fails") == 1, what
    assert service.times_logged("Traceback") == 0
    assert service.times_logged('"level": "ERROR"') == 0
