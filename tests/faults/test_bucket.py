"""Recordings in a bucket: programs die, and the bucket is away, during an upload and during a reading."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from app.core.config import Settings
from app.housekeeping.outbox_sweep import OutboxSweep
from app.schemas.task import TaskStatus
from app.storage.bucket.upload import PART_BYTES
from tests.faults.conftest import Ledger
from tests.faults.harness import QUICK, Service, running_service
from tests.faults.proxy import FaultyProxy
from tests.support.s3_server import S3Server

pytestmark = [pytest.mark.faults, pytest.mark.bucket]


@pytest.fixture
async def service(s3_settings: Callable[..., Settings], tmp_path: Path) -> AsyncIterator[Service]:
    """A service without workers yet, whose recordings lie in a bucket."""
    settings = s3_settings(**QUICK)
    async with running_service(settings, tmp_path) as running:
        yield running


def half_an_upload(port: int) -> socket.socket:
    """A request that has sent two parts and a half of its recording, and sends no more."""
    line = socket.create_connection(("127.0.0.1", port))
    head = "POST /transcribe/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: audio/wav\r\n"
    line.sendall(f"{head}Content-Length: {4 * PART_BYTES}\r\n\r\n".encode() + bytes(5 * PART_BYTES // 2))
    return line


async def test_api_killed_in_the_middle_of_an_upload(
    service: Service, s3_server: S3Server, ledger: Ledger, attempt: int
) -> None:
    """Nothing of it is ever seen; its parts go by the bucket's own rule, and another API goes on."""
    async with service.api() as client:
        before = s3_server.unfinished()

        async def has_parts() -> bool:
            return bool(s3_server.unfinished() - before)

        with half_an_upload(int(urlsplit(str(client.base_url)).port or 0)):
            await service.until(has_parts, 60)
            service.kill_apis()
    assert service.files() == []
    with ledger.recovery("API killed in the middle of an upload to a bucket"):
        async with service.api() as client:
            service.start_worker()
            task_id = await service.accept(seconds=0.05)
            assert (await service.ended([task_id]))[task_id].status is TaskStatus.DONE
            s3_server.expire_unfinished()
            assert s3_server.unfinished() <= before
            await service.gone()


async def test_api_killed_before_the_note(service: Service, ledger: Ledger, attempt: int) -> None:
    """The recording is whole and nobody's: it goes at the age of an orphan, at the second look."""
    address = await service.doomed_api()
    port = int(urlsplit(address).port or 0)
    with socket.create_connection(("127.0.0.1", port)) as line:
        speech = (Path(__file__).parents[1] / "assets" / "speech_en.mp3").read_bytes()
        head = "POST /transcribe/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: audio/mpeg\r\n"
        line.sendall(f"{head}Content-Length: {len(speech)}\r\n\r\n".encode() + speech)
        assert await asyncio.to_thread(line.recv, 1) == b"", "the API was to be killed"
    assert len(service.files()) == 1
    at_once = service.settings.model_copy(update={"orphan_upload_seconds": 0})
    tidy = OutboxSweep(service.client, at_once, service.storage)
    with ledger.recovery("API killed between a recording and its note in a bucket"):

        async def is_removed() -> bool:
            return await tidy.remove_orphans() == 1

        await service.until(is_removed, 30)
    assert service.files() == []


async def test_worker_killed_while_it_reads(service: Service, ledger: Ledger, attempt: int) -> None:
    """The bucket does not answer it, so that it is reading when it dies."""
    async with FaultyProxy(int(urlsplit(service.settings.storage_endpoint or "").port or 0)) as proxy:
        worker = service.start_worker(
            STORAGE_ENDPOINT=f"http://127.0.0.1:{proxy.port}", STORAGE_TIMEOUT_SECONDS="60"
        )
        await service.alive(1)
        task = service.new_task(seconds=0.05)
        proxy.stop_at(task.file_path)
        await service.producer.enqueue(task)
        await asyncio.wait_for(proxy.marked.wait(), 60)
        fault = "worker killed while it reads from a bucket"
        with ledger.recovery(fault):
            worker.process.kill()
            service.start_worker()
            states = await service.ended([task.task_id])
    assert states[task.task_id].status is TaskStatus.DONE
    assert service.executions(task.task_id) == 1
    await service.gone()


async def test_the_bucket_goes_away_and_comes_back(service: Service, ledger: Ledger, attempt: int) -> None:
    """Tasks go back uncharged, uploads are refused for a while, and `/health/ready` says why."""
    async with FaultyProxy(int(urlsplit(service.settings.storage_endpoint or "").port or 0)) as proxy:
        through = {"STORAGE_ENDPOINT": f"http://127.0.0.1:{proxy.port}", "STORAGE_TIMEOUT_SECONDS": "1"}
        async with service.api(**through) as client:
            worker = service.start_worker(**through)
            await service.ended([await service.accept(seconds=0.05)])
            proxy.black_hole()
            with ledger.recovery("bucket away under API and worker, and back"):
                task_ids = [await service.accept(seconds=0.05) for _ in range(4)]
                await service.until(lambda: service.logged("This worker takes no tasks. The bucket"), 60)

                async def tells_why() -> bool:
                    ready = (await client.get("/health/ready")).json()
                    return ready["status"] == "unavailable" and "STORAGE_ENDPOINT" in ready["detail"]

                await service.until(tells_why, 60)
                answer = await client.post("/transcribe/", files={"file": ("a.wav", b"sound")})
                assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")
                proxy.heal()
                states = await service.ended(task_ids)
            assert {state.status for state in states.values()} == {TaskStatus.DONE}
            assert worker.process.poll() is None
            for task_id in task_ids:
                assert await service.client.hget(service.keys.task(task_id), "attempts") == b"1"
