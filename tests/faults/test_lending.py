"""One long recording over many workers: whatever dies meanwhile, its text is that of one worker, once."""

import asyncio
import signal
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest

from app.core.config import Settings
from app.launcher.redis_server import RedisServer
from app.schemas.task import TaskState, TaskStatus
from tests.faults.conftest import Ledger
from tests.faults.harness import QUICK, Service, Worker, marker_of
from tests.faults.proxy import FaultyProxy

pytestmark = pytest.mark.faults

WINDOWS = 24
TEXT = " ".join(f"word{number}" for number in range(2 * WINDOWS))


@pytest.fixture
def quick_settings(settings_for: Callable[..., Settings]) -> Settings:
    """Recordings are shared from a minute on, and the windows of a silent helper are others' after 1.5 s."""
    return settings_for(**QUICK, share_min_seconds=60, share_loan_seconds=1.5)


@dataclass(frozen=True)
class Shared:
    """A recording that is being helped with, its owner and those who help."""

    task_id: str
    owner: Worker
    helpers: list[Worker]


async def _shared(service: Service, helpers: int = 1, ports: Sequence[int] = (), **script: object) -> Shared:
    """A recording that so many workers help with by now; `ports` are those by which each reaches Redis."""
    own = [{"REDIS_PORT": str(port)} for port in ports] or [{}] * (helpers + 1)
    workers = [service.start_worker(**each) for each in own]
    await service.alive(len(workers))
    task_id = await _helped(service, helpers, **script)
    name = str(await service.client.hget(service.keys.task(task_id), "worker"))
    owner = next(worker for worker in workers if f"-{worker.pid}-" in name)
    return Shared(task_id, owner, [worker for worker in workers if worker is not owner])


async def _helped(service: Service, helpers: int, **script: object) -> str:
    """A new task that so many of the workers there are help with by now."""
    recording = {"seconds": 6.0, "windows": WINDOWS, "text": TEXT, "duration": 240.0}
    task_id = await service.push(**(recording | script))

    async def helped() -> bool:
        return len(service.windows_by_process(task_id)) > helpers

    await service.until(helped, 30.0)
    return task_id


async def _ended(service: Service, task_id: str) -> TaskState:
    """The task's end, with the whole text; nothing of what was lent is left."""
    state = (await service.ended([task_id]))[task_id]
    assert state.status is TaskStatus.DONE, state
    assert state.result is not None
    assert state.result["text"] == TEXT
    assert [segment["id"] for segment in state.result["segments"]] == list(range(WINDOWS))

    async def cleared() -> bool:
        keys = service.keys
        return not await service.client.exists(keys.help, keys.offers(task_id), keys.loans(task_id))

    await service.until(cleared, 20.0)
    return state


async def _rests(service: Service, task_id: str) -> bool:
    """Whether no window of it is decoded for a time in which several would be."""
    done = len(service.windows_done(task_id))
    await asyncio.sleep(1.5)
    return len(service.windows_done(task_id)) == done


def _windows(service: Service, task_id: str) -> Counter[str]:
    """How often each window has been decoded."""
    return Counter(service.windows_done(task_id))


async def test_idle_workers_help(service: Service) -> None:
    """The work is shared out, the progress tells all of it, tasks come first, deletion reaches helpers."""
    shared = await _shared(service, helpers=2)
    state = await service.state(shared.task_id)
    done = len(service.windows_done(shared.task_id))
    assert (state.processed_seconds or 0) > 10 * (done - 6)

    other = await service.push(seconds=0.1)
    await service.ended([other])
    assert (await service.state(shared.task_id)).status is TaskStatus.PROCESSING

    state = await _ended(service, shared.task_id)
    assert state.result is not None
    assert state.result["provenance"]["windows_lent"] >= WINDOWS / 3
    assert set(_windows(service, shared.task_id).values()) == {1}
    totals = await service.totals()
    assert totals["windows_lent"] == totals["windows_delivered"] + totals["windows_returned"]
    assert totals["windows_delivered"] == state.result["provenance"]["windows_lent"]

    deleted = await _helped(service, helpers=1)
    await service.reader.delete(deleted, None)

    async def gone() -> bool:
        return await service.reader.state(deleted) is None and not await service.keys_left()

    await service.until(gone, 20.0)
    await service.until(lambda: _rests(service, deleted), 20.0)  # what a helper has begun it finishes
    assert len(service.windows_done(deleted)) < WINDOWS


async def test_helpers_and_the_owner_die_one_after_the_other(
    service: Service, ledger: Ledger, attempt: int
) -> None:
    shared = await _shared(service, helpers=2)
    with ledger.recovery("lending: a helper killed, then the owner"):
        shared.helpers[0].kill_all()
        await asyncio.sleep(0.2)
        shared.owner.kill_all()
        state = await _ended(service, shared.task_id)
    assert state.result is not None
    assert state.result["provenance"]["windows_resumed"] > 0
    ledger.ran_again("lending: a helper killed, then the owner", service.executions(shared.task_id), 1)


async def test_owner_and_helper_die_at_once(service: Service, ledger: Ledger, attempt: int) -> None:
    shared = await _shared(service, helpers=1)
    service.start_worker()
    with ledger.recovery("lending: owner and helper killed"):
        for worker in (shared.owner, *shared.helpers):
            worker.kill_all()
        await _ended(service, shared.task_id)
    ledger.ran_again("lending: owner and helper killed", service.executions(shared.task_id), 1)


async def test_a_stopped_helper_wakes_up_late(service: Service, ledger: Ledger, attempt: int) -> None:
    """Its windows are decoded by the owner meanwhile; what it delivers then changes nothing."""
    shared = await _shared(service)
    (helper,) = shared.helpers
    with ledger.recovery("lending: helper stopped past its loans"):
        helper.signal_all(signal.SIGSTOP)
        await _ended(service, shared.task_id)
    written = await service.client.get(service.keys.result(shared.task_id))
    helper.signal_all(signal.SIGCONT)
    await service.until(lambda: service.logged("help done"), 20.0)
    assert await service.client.get(service.keys.result(shared.task_id)) == written
    assert await service.keys_left() == []
    assert not await service.client.exists(service.keys.windows(shared.task_id))


@pytest.mark.parametrize("cut", ["helper", "owner"])
async def test_a_worker_is_cut_off_and_comes_back(
    service: Service, ledger: Ledger, redis_server: RedisServer, cut: str, attempt: int
) -> None:
    async with FaultyProxy(redis_server.port) as first, FaultyProxy(redis_server.port) as second:
        proxies = (first, second)
        shared = await _shared(service, ports=[proxy.port for proxy in proxies])
        worker = shared.owner if cut == "owner" else shared.helpers[0]
        proxy = proxies[service.workers.index(worker)]
        with ledger.recovery(f"lending: {cut} cut off"):
            proxy.black_hole()
            await asyncio.sleep(service.settings.share_loan_seconds)
            proxy.heal()
            await _ended(service, shared.task_id)
        ledger.ran_again(f"lending: {cut} cut off", service.executions(shared.task_id), 1)


async def test_no_lost_reply_has_a_window_decoded_twice(service: Service, redis_server: RedisServer) -> None:
    """Redis has executed the command, the worker never hears of it and repeats it."""
    async with FaultyProxy(redis_server.port) as proxy:
        shared = await _shared(service, ports=[proxy.port, proxy.port], seconds=12.0)
        for count, command in enumerate(("borrow", "deliver", "take", "offer"), 1):
            proxy.drop_reply_of(marker_of(command))

            async def dropped(least: int = count) -> bool:
                return proxy.dropped >= least

            await service.until(dropped, 20.0)
        await _ended(service, shared.task_id)
    assert set(_windows(service, shared.task_id).values()) == {1}


async def test_a_window_that_kills_helpers_is_left_to_its_owner(service: Service) -> None:
    """Two die of it, or one twice; nobody else is asked."""
    task_id = (await _shared(service, helpers=2, crash_borrowed=18)).task_id
    await _ended(service, task_id)
    while not service.times_logged("Tasks in flight"):  # its owner came to that window first
        task_id = await _helped(service, helpers=2, crash_borrowed=18)
        await _ended(service, task_id)
    owner = next(pid for pid, done in service.windows_by_process(task_id).items() if "window-0" in done)
    assert "window-18" in service.windows_by_process(task_id)[owner]
    assert service.times_logged("Tasks in flight") <= 2
    assert service.executions(task_id) == 1


async def test_a_worker_with_other_options_does_not_help(service: Service) -> None:
    service.start_worker()
    service.start_worker(WHISPER_BEAM_SIZE="1")
    await service.alive(2)
    task_id = await service.push(seconds=2.5, windows=WINDOWS, text=TEXT, duration=240.0)
    await service.until(lambda: service.logged("OTHER"), 20.0)
    await _ended(service, task_id)
    assert len(service.windows_by_process(task_id)) == 1
