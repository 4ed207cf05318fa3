"""An Idempotency-Key never stands for a task that does not exist."""

import asyncio
from contextlib import suppress
from pathlib import Path

import httpx2
import pytest

from tests.faults.conftest import Ledger
from tests.faults.harness import Service

pytestmark = pytest.mark.faults

ASSETS = Path(__file__).parents[1] / "assets"
SPEECH = (ASSETS / "speech_ru.ogg").read_bytes()
NO_RECORDING = (ASSETS / "text_renamed.mp3").read_bytes()
PARALLEL = 6
ROUNDS = 3


async def send(client: httpx2.AsyncClient, content: bytes = SPEECH, key: str = "k") -> httpx2.Response:
    files = {"file": ("a.ogg", content)}
    return await client.post("/transcribe/", files=files, headers={"Idempotency-Key": key})


async def status(client: httpx2.AsyncClient, accepted: httpx2.Response) -> int:
    """Of a look at the task that a request became."""
    assert accepted.status_code == 202, accepted.text
    return (await client.get(f"/transcribe/{accepted.json()['task_id']}")).status_code


async def test_api_killed_while_it_commits(service: Service, ledger: Ledger, attempt: int) -> None:
    """The client's next try, with the same key, becomes a task that is there."""
    async with httpx2.AsyncClient(base_url=await service.doomed_api(), timeout=60) as doomed:
        with suppress(httpx2.TransportError):
            await send(doomed)
    async with service.api() as client:
        with ledger.recovery("API killed while it commits, same Idempotency-Key"):
            again = await send(client)
            assert await status(client, again) == 200
        assert (await send(client)).json()["task_id"] == again.json()["task_id"]


async def test_the_first_of_many_is_refused(service: Service, ledger: Ledger, attempt: int) -> None:
    """Those that came while it was being looked at are not told of a task that never was."""
    async with service.api() as client:
        with ledger.recovery("six requests of one Idempotency-Key, the first refused"):
            for number in range(ROUNDS):
                key = f"k{number}"
                answers = await asyncio.gather(*(send(client, NO_RECORDING, key) for _ in range(PARALLEL)))
                assert {answer.status_code for answer in answers} == {422}


async def test_many_at_once_with_one_key(service: Service, ledger: Ledger, attempt: int) -> None:
    """All are told of the same task, which is there."""
    async with service.api() as client:
        with ledger.recovery("six requests of one Idempotency-Key, accepted"):
            answers = await asyncio.gather(*(send(client) for _ in range(PARALLEL)))
            assert {await status(client, answer) for answer in answers} == {200}
        assert len({answer.json()["task_id"] for answer in answers}) == 1


async def test_the_task_was_deleted(service: Service, ledger: Ledger, attempt: int) -> None:
    """Whoever sends it again wants it again."""
    async with service.api() as client:
        first = await send(client)
        await client.delete(f"/transcribe/{first.json()['task_id']}")
        with ledger.recovery("task deleted, same Idempotency-Key"):
            again = await send(client)
            assert await status(client, again) == 200
        assert again.json()["task_id"] != first.json()["task_id"]
