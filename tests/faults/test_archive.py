"""Who archives is killed at any moment: nothing is lost or there twice, nothing deleted comes back."""

import asyncio
import functools
import os
import random
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx2
import pytest

from app.core.config import Settings
from tests.faults.library import (
    AT_ONCE,
    TASKS,
    Library,
    archivers,
    ask,
    is_swept,
    running_library,
    settle,
)

pytestmark = pytest.mark.faults

MOST_STEPS = 4
MOST_MILLISECONDS = 3.0
ARCHIVERS = 2
API_LIVES = 1


@pytest.fixture
async def library(archive_settings: Callable[..., Settings], tmp_path: Path) -> AsyncIterator[Library]:
    async with running_library(archive_settings(**AT_ONCE), tmp_path) as library:
        yield library


async def _live_and_die(library: Library, chance: random.Random) -> int:
    """Lives of one archiver after the other until nothing is left; how many were killed."""
    killed = 0
    with archivers(library.service) as process:
        while True:
            life = f"{chance.randint(1, MOST_STEPS)} {chance.uniform(0, MOST_MILLISECONDS):.3f}\n"
            end = await asyncio.to_thread(ask, process, life)
            assert end in ("killed", "idle")
            if end == "idle":
                return killed
            killed += 1
            await library.some_deletions(chance)


async def test_archivers_are_killed_at_any_moment(library: Library, attempt: int) -> None:
    """Two at a time, as with two APIs."""
    for number in range(TASKS):
        await library.end(number)
    lives = [_live_and_die(library, random.Random(10 * attempt + number)) for number in range(ARCHIVERS)]
    killed = sum(await asyncio.gather(*lives))
    assert killed >= TASKS
    assert len(library.deleted) > 3
    await settle(library)
    await library.forget()
    await library.check()


async def test_an_archiver_that_stood_still_comes_too_late(library: Library, attempt: int) -> None:
    """It has read the result; the task is deleted, the tombstone forgotten; then it goes on."""
    library.archive.prepare()
    await library.end(1)
    [task_id] = library.texts
    with archivers(library.service) as process:
        stopped, pid = (await asyncio.to_thread(ask, process, "1 stop\n")).split()
        assert stopped == "stopped"
        await library.delete(task_id, dies=False)
        await settle(library)
        os.kill(int(pid), signal.SIGCONT)
        assert process.stdout is not None
        assert await asyncio.to_thread(process.stdout.readline) == "idle\n"
    await library.check()


async def test_an_api_is_killed_while_it_archives(library: Library, attempt: int) -> None:
    """A whole one, which archives as it starts."""
    chance = random.Random(attempt)
    for _ in range(API_LIVES):
        for number in range(TASKS):
            await library.end(number)
        wanted = library.archive.figures().transcripts + chance.randint(1, TASKS // 2)
        async with library.service.api() as client:
            await library.service.until(functools.partial(_holds, library, wanted), 60)
            library.service.kill_apis()
            with pytest.raises(httpx2.TransportError):
                await client.get("/health/live")
        await library.some_deletions(chance)
    async with library.service.api():
        await library.service.until(functools.partial(is_swept, library), 60)
    await settle(library)
    await library.forget()
    await library.check()


async def _holds(library: Library, count: int) -> bool:
    return library.archive.figures().transcripts >= count
