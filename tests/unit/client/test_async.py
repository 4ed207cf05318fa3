"""The asynchronous client does what the other does."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.client import (
    AsyncClient,
    EventKind,
    ServiceProblem,
    ServiceUnreachable,
    TaskFailed,
    TranscriptFormat,
    following,
)
from app.launcher.redis_server import free_port
from app.schemas.task import TaskStatus
from tests.unit.client.conftest import QUICK
from tests.unit.client.service import Dropped, Problem, Service


@pytest.fixture
async def client(service: Service) -> AsyncIterator[AsyncClient]:
    """A client that loses no time between two tries."""
    async with AsyncClient(service.url, policy=QUICK) as opened:
        yield opened


async def test_from_recording_to_transcript(client: AsyncClient, service: Service, recording: Path) -> None:
    submitted = await client.submit(recording, model="base")
    state = await client.wait(submitted.task_id)

    assert state.status is TaskStatus.DONE
    assert service.uploads[submitted.task_id].content == b"sound" * 50_000
    assert service.uploads[submitted.task_id].options == {"model": "base"}
    assert await client.transcript(submitted.task_id, TranscriptFormat.VTT) == "vtt: text of talk.mp3\n"
    document = await client.transcript_file(submitted.task_id, TranscriptFormat.DOCX)
    assert document == b"PK\xff text of talk.mp3"
    assert await client.models() == ("base", "turbo")
    await client.delete(submitted.task_id)
    assert service.uploads == {}


async def test_many_at_a_time(client: AsyncClient, service: Service) -> None:
    ids = [service.add(f"slow{number}.mp3") for number in range(5)]
    waits = [asyncio.create_task(client.wait(task_id)) for task_id in ids]
    for number in range(5):
        service.release(f"slow{number}.mp3")

    assert [state.task_id for state in await asyncio.gather(*waits)] == ids


async def test_progress_is_told(
    client: AsyncClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "WATCHED_POLL_SECONDS", 0.1)
    seen = []
    task_id = service.add("slow.mp3")

    def release(state: object) -> None:
        seen.append(state)
        service.release("slow.mp3")

    await client.wait(task_id, on_progress=release)
    assert len(seen) == 2


async def test_the_end_of_patience_and_of_a_task(client: AsyncClient, service: Service) -> None:
    with pytest.raises(TimeoutError):
        await client.wait(service.add("slow.mp3"), timeout=0.05)
    with pytest.raises(TaskFailed, match="Not one second"):
        await client.wait(service.add("bad.mp3"))


async def test_pages(client: AsyncClient, service: Service) -> None:
    ids = [service.add(f"{number}.mp3") for number in range(3)]
    pages = [page async for page in client.tasks(limit=2)]
    assert [task.task_id for page in pages for task in page.tasks] == ids[::-1]


async def test_events_go_on_where_they_broke_off(client: AsyncClient, service: Service) -> None:
    service.break_events_after.extend([2, 0, 3])
    kinds = [event.kind async for event in client.events(service.add("talk.mp3"))]

    assert kinds == [EventKind.STATUS, EventKind.PROGRESS, *[EventKind.WINDOW] * 3, EventKind.DONE]
    assert service.last_event_ids() == [None, "2", "2", "5"]


async def test_tries_again(client: AsyncClient, service: Service, recording: Path) -> None:
    service.misbehave("POST", Problem(429), Dropped(), Problem(507))
    submitted = await client.submit(recording)

    assert list(service.uploads) == [submitted.task_id]
    assert service.count("POST") == 4


async def test_problems(client: AsyncClient) -> None:
    with pytest.raises(ServiceProblem, match="task_not_found"):
        await client.state("nobody")
    with pytest.raises(ServiceProblem, match="task_not_found"):
        await anext(client.events("nobody"))


async def test_nobody_answers() -> None:
    async with AsyncClient(f"http://127.0.0.1:{free_port()}", policy=QUICK) as client:
        with pytest.raises(ServiceUnreachable):
            await client.models()
