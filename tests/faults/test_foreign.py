"""Foreign programs at the list (suite item 12), cancelling (13), and what is left behind (17)."""

import asyncio
import json
import random

import pytest

from app.queue.outcomes import DeleteOutcome
from app.schemas.task import ENDED, TaskStatus
from tests.faults.harness import Service

pytestmark = pytest.mark.faults


async def test_plain_lpush_twice_and_garbage(service: Service) -> None:
    """A foreign producer's task is served, its duplicate runs once, garbage stops nobody."""
    task = service.new_task(seconds=0.3)
    element = json.dumps({"task_id": task.task_id, "file_path": task.file_path})
    await service.client.lpush(service.keys.queue, "{no json", element, element, '["no", "task"]')
    service.start_worker()
    await service.processing(task.task_id)  # unknown for a moment before, between BLMOVE and claim
    states = await service.ended([task.task_id])
    assert states[task.task_id].status is TaskStatus.DONE
    await service.until(lambda: _empty(service), 10)
    assert service.executions(task.task_id) == 1
    assert len(await service.admin.dead_letters()) == 2


async def test_an_odd_element_costs_no_engine_process_and_no_other_task(service: Service) -> None:
    worker = service.start_worker()
    await service.ended([await service.push()])
    engines = worker.engine_pids()
    odd = service.new_task()
    fields = f'"task_id": "{odd.task_id}", "file_path": "{odd.file_path}", "created_at": NaN, "duration": -1'
    element = "{" + fields + "}"
    await service.client.lpush(service.keys.queue, element)
    await service.processing(odd.task_id)  # unknown for a moment before, between BLMOVE and claim
    states = await service.ended([odd.task_id, await service.push()])

    assert {state.status for state in states.values()} == {TaskStatus.DONE}
    assert service.executions(odd.task_id) == 1
    assert worker.engine_pids() == engines


async def test_two_foreign_tasks_on_one_file(service: Service) -> None:
    """The first to end must not take the recording from the other."""
    shared = service.new_task()
    names = [f"{shared.task_id}-{number}" for number in range(2)]
    for name in names:
        element = json.dumps({"task_id": name, "file_path": shared.file_path})
        await service.client.lpush(service.keys.queue, element)
    service.start_worker(TASKS_IN_FLIGHT="1")

    async def ended() -> bool:  # a pushed task is unknown for a moment, between BLMOVE and claim
        states = [await service.reader.state(name) for name in names]
        return all(state is not None and state.status in ENDED for state in states)

    await service.until(ended, 60)
    assert [(await service.state(name)).error for name in names] == [None, None]
    assert (service.recordings / shared.file_path).exists(), "it is the pushing program's"


async def _empty(service: Service) -> bool:
    return await service.reader.queue_length() == 0 and await service.held() == 0


async def test_a_foreign_worker_is_believed(service: Service) -> None:
    """BRPOP and SET, as the simplest program would, beside a worker of ours."""
    theirs = await service.push()
    popped = await service.client.brpop([service.keys.queue], timeout=5)
    assert popped is not None
    task_id = json.loads(popped[1])["task_id"]
    await service.client.set(service.keys.result(task_id), json.dumps({"text": "from afar"}))
    service.start_worker()
    ours = await service.push()
    states = await service.ended([theirs, ours])
    assert states[theirs].result == {"text": "from afar"}
    assert states[ours].status is TaskStatus.DONE


async def test_delete_in_every_state(service: Service) -> None:
    worker_less = await service.push()
    assert await service.delete(worker_less) is DeleteOutcome.DELETED
    service.start_worker()
    running = await service.push(seconds=60.0)
    await service.processing(running)
    assert await service.delete(running) is DeleteOutcome.REQUESTED
    done = await service.push()
    await service.ended([done])
    await service.forgotten([worker_less, running])
    assert await service.delete(done) is DeleteOutcome.DELETED
    assert not (service.recordings / f"{running}.json").exists()


async def test_races_of_delete_and_complete(service: Service) -> None:
    """Whichever was first, nothing is left: neither a result nor a task."""
    service.start_worker(TASKS_IN_FLIGHT="4")
    first = await service.push()
    await service.ended([first])  # the engine process is up
    chance = random.Random(13)

    async def race(number: int) -> str:
        task_id = await service.push(seconds=0.05)
        if number % 2:
            await service.processing(task_id, 120)
        await asyncio.sleep(chance.uniform(0, 0.1 if number % 2 else 0.6))
        await service.delete(task_id)
        return task_id

    await service.forgotten(await asyncio.gather(*map(race, range(100))))


async def test_nothing_is_left_without_owner(service: Service) -> None:
    """Once all is terminal, only keys with a TTL, dead letters, leases, the index and figures remain."""
    service.start_worker()
    poison = await service.push(crash=True)
    others = [
        await service.push(),
        await service.push(undecodable="noise"),
        await service.push(fail="once", once=True),
    ]
    await service.ended([poison, *others])
    await service.until(lambda: _empty(service), 10)
    assert await service.keys_left() == []
    await service.until(lambda: _only_file(service, f"{poison}.json"), 60)


async def _only_file(service: Service, name: str) -> bool:
    """The recording of a failure worth another try stays, and nothing else."""
    return service.files() == [name]
