"""Fifty uploads race for ten places (suite item 16)."""

import asyncio
from collections import Counter

import httpx2 as httpx
import pytest

from tests.faults.harness import Service
from tests.support.places import outbox_of
from tests.support.processes import ROOT

pytestmark = pytest.mark.faults

PLACES, CLIENTS = 10, 50


async def test_uploads_race_for_the_last_places(service: Service) -> None:
    """The queue never exceeds its cap; whoever is refused is told when to come back and leaves no file."""
    port = service.start_api(MAX_QUEUE_LENGTH=str(PLACES))
    recording = (ROOT / "tests/assets/speech_en.mp3").read_bytes()
    longest = 0

    async def watch() -> None:
        nonlocal longest
        while True:
            longest = max(longest, await service.reader.queue_length())
            await asyncio.sleep(0.005)

    watching = asyncio.create_task(watch())
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:

        async def answers() -> bool:
            try:
                return (await client.get("/health/live")).status_code == 200
            except httpx.TransportError:
                return False

        await service.until(answers, 60)
        responses = await asyncio.gather(
            *(client.post("/transcribe/", files={"file": ("a.mp3", recording)}) for _ in range(CLIENTS))
        )
    watching.cancel()
    assert Counter(response.status_code for response in responses) == {202: PLACES, 429: CLIENTS - PLACES}
    assert all("Retry-After" in response.headers for response in responses if response.status_code == 429)
    assert longest == PLACES
    accepted = {response.json()["task_id"] for response in responses if response.status_code == 202}
    stored = {path.stem for path in service.recordings.glob("[!.]*.*") if path.is_file()}
    assert stored == accepted
    assert {path.stem for path in outbox_of(service.settings).iterdir()} == accepted
