"""An upload in several requests survives its API, and becomes one task."""

import asyncio
from contextlib import suppress
from pathlib import Path

import httpx2
import pytest

from tests.faults.conftest import Ledger
from tests.faults.harness import Service

pytestmark = pytest.mark.faults

SPEECH = (Path(__file__).parents[1] / "assets" / "speech_ru.ogg").read_bytes()
HALF = len(SPEECH) // 2
VERSION = {"Tus-Resumable": "1.0.0"}
BYTES = VERSION | {"Content-Type": "application/offset+octet-stream"}


async def begun(client: httpx2.AsyncClient) -> str:
    answer = await client.post("/uploads/", headers=VERSION | {"Upload-Length": str(len(SPEECH))})
    return str(answer.headers["location"])


async def send(client: httpx2.AsyncClient, address: str, begin: int, end: int) -> None:
    headers = BYTES | {"Upload-Offset": str(begin)}
    answer = await client.patch(address, content=SPEECH[begin:end], headers=headers)
    assert answer.status_code == 204, answer.text


async def transcribe(client: httpx2.AsyncClient, address: str) -> httpx2.Response:
    return await client.post("/transcribe/", params={"upload": address.rpartition("/")[2]})


async def test_api_killed_between_and_within_the_parts(
    service: Service, ledger: Ledger, attempt: int
) -> None:
    """The next API goes on where the first one was; asked twice for a task, both tell of the same."""
    async with httpx2.AsyncClient(base_url=await service.doomed_api(), timeout=60) as doomed:
        address = await begun(doomed)
        await send(doomed, address, 0, HALF)
        await send(doomed, address, HALF, len(SPEECH))
        with suppress(httpx2.TransportError):
            await transcribe(doomed, address)  # dies as it commits
    async with service.api() as client:
        with ledger.recovery("API killed while it makes an upload in parts a task"):
            assert int((await client.head(address, headers=VERSION)).headers["upload-offset"]) == len(SPEECH)
            first, second = await asyncio.gather(*(transcribe(client, address) for _ in range(2)))
            assert first.json()["task_id"] == second.json()["task_id"]
            state = await client.get(f"/transcribe/{first.json()['task_id']}")
            assert state.status_code == 200
        listed = (await client.get("/transcribe/")).json()["tasks"]
        assert [task["task_id"] for task in listed] == [first.json()["task_id"]]
