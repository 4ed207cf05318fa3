"""What operators see and mend, over HTTP."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator

import httpx2
import pytest

from app.archive.archive import Archive
from app.core.api_keys import new_key
from app.core.config import Settings
from app.schemas.archived import ArchivedTask
from app.schemas.task import Task, TaskFailure
from tests.support.api import ASSETS, Service, serving
from tests.support.queue import FAILURE, Queue, connected, task

ALICE, OLGA = new_key("alice"), new_key("olga")
CRASH = TaskFailure(code="engine_crashed", message="The engine process died.")


def with_queue(settings: Settings, work: Callable[[Queue], Awaitable[None]]) -> None:
    """Do something to the queue behind the API's back, as workers do."""

    async def run() -> None:
        async with connected(settings) as queue:
            await work(queue)

    asyncio.run(run())


async def give_up(queue: Queue, sent: Task, failure: TaskFailure = FAILURE) -> None:
    await queue.producer.enqueue(sent)
    worker = await queue.worker()
    held = await worker.claim()
    assert held is not None
    await worker.fail(held, failure)


def test_the_queue_and_its_workers_are_shown(service: Service, client: httpx2.Client) -> None:
    async def work(queue: Queue) -> None:
        await queue.claimed("runs", await queue.worker("w1"))
        await queue.producer.enqueue(task("waits").model_copy(update={"duration": 60.0}))

    with_queue(service.settings, work)
    seen = client.get("/operator/overview").json()

    assert (seen["queue"]["waiting"], seen["queue"]["running"], seen["queue"]["dead"]) == (1, 1, 0)
    assert seen["queue"]["audio_seconds"] == 60.0
    [worker] = seen["workers"]
    assert (worker["worker_id"], worker["task_ids"]) == ("w1", ["runs"])
    assert worker["lease_seconds_left"] > 0


def test_how_full_the_archive_is_is_told_before_it_is_full(
    settings_for: Callable[..., Settings],
) -> None:
    settings = settings_for(archive_max_mb=1)
    with serving(settings) as service, httpx2.Client(base_url=service.url) as client:
        empty = client.get("/operator/overview").json()["archive"]
        archive = Archive.from_settings(settings)
        for number in range(4):
            noise = random.Random(number).randbytes(240_000)
            archive.keep(ArchivedTask(f"t{number}", created_ms=1_700_000_000_000), noise)
        archive.close()
        full = client.get("/operator/overview").json()["archive"]

    assert empty == {"transcripts": 0, "used_bytes": 0, "limit_bytes": 2**20, "nearly_full": False}
    assert (full["transcripts"], full["nearly_full"]) == (4, True)
    assert 0.9 * 2**20 < full["used_bytes"] < 2**20


def test_without_an_archive_none_is_told(settings_for: Callable[..., Settings]) -> None:
    with (
        serving(settings_for(archive=False)) as service,
        httpx2.Client(base_url=service.url) as client,
    ):
        assert client.get("/operator/overview").json()["archive"] is None


def test_dead_letters_are_shown_and_queued_anew(service: Service, client: httpx2.Client) -> None:
    with_queue(
        service.settings, lambda queue: give_up(queue, task("t").model_copy(update={"filename": "a.mp3"}))
    )
    [letter] = client.get("/operator/dead").json()["letters"]

    assert (letter["task_id"], letter["filename"]) == ("t", "a.mp3")
    assert (letter["code"], letter["message"]) == (FAILURE.code, FAILURE.message)
    assert client.post(f"/operator/dead/{letter['reference']}/requeue").status_code == 202
    assert client.get("/transcribe/t").json()["status"] == "queued"
    again = client.post(f"/operator/dead/{letter['reference']}/requeue")
    assert (again.status_code, again.json()["code"]) == (409, "cannot_retry")


def test_a_dead_letter_may_be_dropped(service: Service, client: httpx2.Client) -> None:
    with_queue(service.settings, lambda queue: give_up(queue, task("t")))

    assert client.delete("/operator/dead/t").status_code == 204
    assert client.get("/operator/dead").json() == {"letters": []}
    for answer in (client.delete("/operator/dead/t"), client.post("/operator/dead/none/requeue")):
        assert (answer.status_code, answer.json()["code"]) == (404, "task_not_found")


@pytest.fixture
def guarded(settings_for: Callable[..., Settings]) -> Iterator[Service]:
    settings = settings_for(api_keys=(ALICE.entry, OLGA.entry), operator_keys=("olga",))
    with serving(settings) as running:
        yield running


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/operator/overview"),
        ("GET", "/operator/dead"),
        ("DELETE", "/operator/dead/t"),
        ("GET", "/metrics"),
    ],
)
def test_with_keys_it_is_for_operators(guarded: Service, method: str, path: str) -> None:
    def ask(key: str) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {key}"}
        return httpx2.request(method, f"{guarded.url}{path}", headers=headers)

    assert (ask(ALICE.key).status_code, ask(ALICE.key).json()["code"]) == (403, "forbidden")
    assert ask(OLGA.key).status_code in (200, 404)
    assert httpx2.request(method, f"{guarded.url}{path}").status_code == 401


def test_a_task_that_failed_by_our_fault_is_tried_again(service: Service, client: httpx2.Client) -> None:
    file = ("talk.ogg", (ASSETS / "speech_ru.ogg").read_bytes())
    task_id = client.post("/transcribe/", files={"file": file}).json()["task_id"]
    early = client.post(f"/transcribe/{task_id}/retry")

    async def crash(queue: Queue) -> None:
        worker = await queue.worker()
        held = await worker.claim()
        assert held is not None
        await worker.fail(held, CRASH)

    with_queue(service.settings, crash)
    assert client.get(f"/transcribe/{task_id}").json()["status"] == "error"
    retried = client.post(f"/transcribe/{task_id}/retry")

    assert (early.status_code, early.json()["code"]) == (409, "cannot_retry")
    assert retried.status_code == 202
    assert client.get(f"/transcribe/{task_id}").json()["status"] == "queued"


def test_without_its_recording_a_task_is_not_tried_again(service: Service, client: httpx2.Client) -> None:
    with_queue(service.settings, lambda queue: give_up(queue, task("t")))
    answer = client.post("/transcribe/t/retry")

    assert (answer.status_code, answer.json()["code"]) == (409, "cannot_retry")
    assert "send it again" in answer.json()["detail"]


def test_a_stranger_tries_nothing_again(client: httpx2.Client) -> None:
    assert client.post("/transcribe/nothing/retry").status_code == 404
