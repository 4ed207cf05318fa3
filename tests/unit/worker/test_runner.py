"""How a claim ends whose run is taken out, or whose engine process dies: what a real Redis is told of it."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from app.core.config import Settings
from app.queue.claims import Claim
from app.schemas.task import TaskFailure
from app.worker.engine_client import EngineClient
from app.worker.models import ModelWatch
from app.worker.settlement import Reason
from tests.support.queue import connected, stored_result
from tests.support.worker import Bench
from tests.unit.worker.test_engine_client import SMALL_ENGINE, TRANSCRIPT_SETTING, soon


@pytest.fixture
async def bench(settings_for: Callable[..., Settings]) -> AsyncIterator[Bench]:
    engine = EngineClient(TRANSCRIPT_SETTING, program=SMALL_ENGINE)
    async with connected(settings_for(max_attempts=3)) as queue:
        yield Bench(queue, await queue.worker(), engine)
    engine.kill()
    await engine.close()


async def at_work(bench: Bench, name: str, monkeypatch: pytest.MonkeyPatch) -> "asyncio.Task[None]":
    """A claim whose model is loaded in the engine process."""
    loaded = asyncio.Event()
    monkeypatch.setattr(bench.models, "loaded", lambda task: loaded.set())
    await bench.accept(name)
    claimed, place = await bench.claimed()
    running = asyncio.create_task(bench.runner.run(claimed, place))
    await soon(loaded.wait())
    return running


@pytest.mark.parametrize(
    ("reason", "status", "waits", "files"),
    [
        (Reason.RELEASE, "queued", 1, [".outbox/never.json", "never.json"]),
        (Reason.CANCEL, "cancelled", 0, []),
        (Reason.LOST, "processing", 0, [".outbox/never.json", "never.json"]),
    ],
)
async def test_what_is_taken_out_ends_as_its_reason_says(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, reason: Reason, status: str, waits: int, files: list[str]
) -> None:
    """A task whose lease is lost is another worker's: the queue hears nothing of this one."""
    running = await at_work(bench, "never", monkeypatch)
    running.cancel(reason)
    await soon(running)
    assert await bench.queue.field("never", "status") == status
    assert len(await bench.queue.elements(bench.queue.keys.queue)) == waits
    assert [name for name in bench.files() if not name.endswith(".deleted")] == files
    assert bench.engine.runs == 0


async def test_what_is_given_up_is_not_taken_out_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next heartbeat would end it in the middle of that, and the queue would never hear of it."""
    running = await at_work(bench, "never", monkeypatch)
    cancelled, seen = bench.consumer.cancelled, list[bool]()

    async def look(claimed: Claim) -> None:
        seen.append(bench.runner.settles("never"))
        await cancelled(claimed)

    monkeypatch.setattr(bench.consumer, "cancelled", look)
    running.cancel(Reason.CANCEL)
    await soon(running)
    assert (seen, bench.runner.settles("never")) == ([True], False)


async def test_work_that_goes_back_is_not_charged(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    running = await at_work(bench, "never", monkeypatch)
    running.cancel(Reason.RELEASE)
    await soon(running)
    assert await bench.counted("never") == ("queued", "0", None)


@pytest.mark.parametrize(
    ("name", "code"), [("exit", "engine_crashed"), ("garbage", "engine_crashed"), ("half", "engine_crashed")]
)
async def test_an_engine_that_ends_under_a_task_is_charged_to_it(bench: Bench, name: str, code: str) -> None:
    await bench.accept(name)
    await soon(bench.run())
    assert await bench.counted(name) == ("retrying", "1", "1")
    told = TaskFailure.model_validate_json(await bench.queue.field(name, "error") or "")
    assert told.code == code


async def test_a_model_that_dies_loading_goes_to_another_worker_uncharged(bench: Bench) -> None:
    await bench.queue.worker("other")
    await bench.accept("loading-exit")
    await soon(bench.run())
    assert await bench.counted("loading-exit") == ("queued", "0", None)


async def test_a_model_that_nobody_has_fails_its_task(bench: Bench) -> None:
    await bench.accept("loading-exit")
    await soon(bench.run())
    assert await bench.queue.field("loading-exit", "status") == "error"


async def test_a_task_for_a_model_that_is_not_to_be_had_is_not_begun(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    failure = TaskFailure(code="model_unavailable", message="It cannot be loaded.")
    monkeypatch.setattr(ModelWatch, "known", lambda *_: failure)
    await bench.accept("exit")
    await soon(bench.run())
    assert bench.engine.runs == 0
    assert await bench.counted("exit") == ("error", "1", None)


async def test_once_the_engine_has_answered_there_is_no_time_to_interfere(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The supervisor asks before it takes a task out."""
    seen: list[bool] = []
    complete = bench.consumer.complete

    async def look_and_complete(claim: Claim, result: str) -> bool:
        seen.append(bench.runner.settles("done"))
        return await complete(claim, result)

    monkeypatch.setattr(bench.consumer, "complete", look_and_complete)
    await bench.accept("done")
    assert not bench.runner.settles("done")
    await soon(bench.run())
    assert seen == [True]
    assert not bench.runner.settles("done")
    assert await stored_result(bench.queue, "done") is not None
