"""Workers die as they hand results in, and the database as it takes them: nothing is lost or double."""

import asyncio
import functools
import json
import random
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import httpx2
import pytest

from app.core.config import Settings
from tests.faults.conftest import TRIES, Ledger
from tests.faults.library import AT_ONCE, Library, is_swept, running_library, settle
from tests.faults.test_idempotency import send
from tests.support.postgres import PostgresServer
from tests.support.serving import PATIENCE_SECONDS

pytestmark = pytest.mark.faults

WORKER_LIVES = 2 if TRIES == 1 else 5
"""Ten tries are fifty."""

LONGEST_MILLISECONDS = 20.0
TASKS = 60
OUTAGES = 2


@pytest.fixture
async def library(archive_settings: Callable[..., Settings], tmp_path: Path) -> AsyncIterator[Library]:
    """No task is given up, however many workers die under it."""
    async with running_library(archive_settings(**AT_ONCE, max_attempts=1000), tmp_path) as library:
        yield library


async def test_a_worker_is_killed_as_it_hands_in(library: Library, ledger: Ledger, attempt: int) -> None:
    """One after the other, at any moment from the end of the work on; an API archives meanwhile."""
    service, chance = library.service, random.Random(attempt)
    async with service.api() as client:
        task_ids = [await service.accept() for _ in range(2 * WORKER_LIVES)]
        with ledger.recovery("workers killed around complete, archived"):
            for _ in range(WORKER_LIVES):
                moment = f"{chance.uniform(0, LONGEST_MILLISECONDS):.3f}"
                doomed = service.start_worker(("-m", "tests.faults.doomed_worker", moment))
                assert await doomed.ended(PATIENCE_SECONDS) == -9
                task_ids.append(await service.accept())
            service.start_worker()
            read = await _results(client, task_ids)
            await service.until(functools.partial(is_swept, library), PATIENCE_SECONDS)
    ledger.ran_again(
        "workers killed around complete, archived", sum(map(service.executions, task_ids)), len(task_ids)
    )
    await library.forget()
    listed = [task.task_id for task in library.archive.page(None, None, 10 * TASKS)]
    assert sorted(listed) == sorted(task_ids)
    for task_id, found in library.archive.contents(task_ids).items():
        assert json.loads(found.result) == read[task_id]
    await library.check_folder()


async def _results(client: httpx2.AsyncClient, task_ids: list[str]) -> dict[str, object]:
    """As clients read them, of each the first; never is one in error."""
    found: dict[str, object] = {}
    async with asyncio.timeout(PATIENCE_SECONDS):
        while len(found) < len(task_ids):
            for task_id in task_ids:
                state = (await client.get(f"/transcribe/{task_id}")).json()
                assert state["status"] != "error", state
                if state["status"] == "done":
                    assert state["result"]["text"] == task_id
                    assert found.setdefault(task_id, state["result"]) == state["result"]
    return found


@pytest.fixture
def database() -> Iterator[PostgresServer]:
    """A server of this test alone."""
    server = PostgresServer()
    server.start()
    yield server
    server.remove()


@pytest.mark.parametrize("how", ["killed", "stopped at once"])
async def test_the_database_server_dies_as_it_takes_transcripts(
    database: PostgresServer,
    settings_for: Callable[..., Settings],
    tmp_path: Path,
    ledger: Ledger,
    how: str,
    attempt: int,
) -> None:
    """Twice in the middle of the work; the API, which is never started again, says so and goes on."""
    chance = random.Random(attempt)
    settings = settings_for(**AT_ONCE, database_url=database.new_database())
    async with running_library(settings, tmp_path) as library:
        for number in range(TASKS):
            await library.end(number)
        library.archive.prepare()
        async with library.service.api() as client:
            for outage in range(OUTAGES):
                wanted = chance.randint(1, TASKS // 4) + outage * TASKS // 3
                await asyncio.to_thread(_until_it_holds, library, wanted)
                database.kill() if how == "killed" else database.stop()
                assert not await is_swept(library), "there is more to archive"
                await library.some_deletions(chance)
                await _is_told(client)
                with ledger.recovery(f"PostgreSQL {how}, {TASKS} tasks to archive"):
                    database.start()
                    await library.service.until(functools.partial(_answers, client), PATIENCE_SECONDS)
            await library.service.until(functools.partial(is_swept, library), PATIENCE_SECONDS)
        await settle(library)
        await library.forget()
        await library.check()


def _until_it_holds(library: Library, count: int) -> None:
    while library.archive.figures().transcripts < count:
        pass


async def _is_told(client: httpx2.AsyncClient) -> None:
    """What only the archive could know gets an error that says so; recordings are taken, and given up."""
    for path in ("/transcribe/unknown", "/search?q=words"):
        answer = await client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (503, "archive_unavailable"), answer.text
        assert int(answer.headers["retry-after"]) > 0
    accepted = await send(client)
    address = f"/transcribe/{accepted.json()['task_id']}"
    assert (await client.get(address)).json()["status"] == "queued"
    assert (await client.delete(address)).status_code == 204


async def _answers(client: httpx2.AsyncClient) -> bool:
    """Whether the archive says that it has no such task."""
    return (await client.get("/transcribe/unknown")).status_code == 404
