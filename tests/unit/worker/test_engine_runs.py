"""Runs within their deadlines, and what the end of a real child under them means; windows in a real Redis."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest

from app.core.config import Settings
from app.core.errors import DeadlineExceeded, ModelOutOfMemory, ModelUnavailable
from app.queue.claims import Claim
from app.schemas.task import Task
from app.worker import engine_runs
from app.worker.engine_client import Answer, EngineClient
from app.worker.messages import Failed, Fetched, Finished
from app.worker.pending import DeviceLostUnder, EngineLost
from tests.support.queue import connected
from tests.support.serving import PATIENCE_SECONDS
from tests.support.worker import Bench
from tests.unit.worker.test_engine_client import SMALL_ENGINE, TRANSCRIPT_SETTING, soon

T = TypeVar("T")


@pytest.fixture
async def bench(settings_for: Callable[..., Settings], tmp_path: Path) -> AsyncIterator[Bench]:
    """The small engine answers at once, or never."""
    mark = {"SMALL_ENGINE_MARK": str(tmp_path / "first-life")}
    engine = EngineClient(TRANSCRIPT_SETTING | mark, program=SMALL_ENGINE)
    async with connected(settings_for()) as queue:
        yield Bench(queue, await queue.worker(), engine)
    engine.kill()
    await engine.close()


async def hasten(bench: Bench, setting: str) -> None:
    """Give little time to what a run may wait for, and have the process up before."""
    await soon(bench.engine.start())
    bench.runs._settings = bench.queue.settings.model_copy(update={setting.lower(): 1.0})


async def claimed(bench: Bench, name: str) -> Claim:
    """A claim of a task with which the small engine does as its name says."""
    await bench.accept(name)
    return (await bench.claimed())[0]


async def started(bench: Bench, name: str) -> "asyncio.Task[Answer]":
    """A run that is about to begin."""
    return asyncio.create_task(bench.runs.transcript(await claimed(bench, name)))


async def begun(bench: Bench, name: str) -> "asyncio.Task[Answer]":
    """The first run, once it is in the engine process."""

    async def has_begun() -> bool:
        return bench.engine.runs > 0

    running = await started(bench, name)
    await until(has_begun)
    return running


async def until(condition: Callable[[], Awaitable[T]]) -> T:
    """What the condition gives, once that is something."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            if found := await condition():
                return found
            await asyncio.sleep(0.01)


def download(name: str) -> Task:
    return Task(task_id=name, file_path=f"{name}.wav", url="https://example.org/a.mp3")


async def test_a_transcript_is_handed_on(bench: Bench) -> None:
    answer = await soon(bench.runs.transcript(await claimed(bench, "done")))
    assert isinstance(answer, Finished)


async def test_a_window_is_saved_though_the_run_is_cancelled_in_the_next_one(bench: Bench) -> None:
    claim = await claimed(bench, "window")
    running = asyncio.create_task(bench.runs.transcript(claim))
    saved = await until(lambda: bench.consumer.checkpoints.load(claim))
    running.cancel()
    await asyncio.wait([running])
    assert running.cancelled()
    assert saved is not None
    assert [window.number for window in saved.windows] == [0]
    assert bench.engine.runs == 0


@pytest.mark.parametrize("name", ["exit", "garbage", "killed"])
async def test_who_ends_the_engine_alone_is_not_tried_again(bench: Bench, name: str) -> None:
    with pytest.raises(EngineLost) as raised:
        await soon(bench.runs.transcript(await claimed(bench, name)))
    assert raised.value.guilty


async def test_of_two_that_shared_the_engine_each_runs_again_alone(bench: Bench) -> None:
    """The innocent one ends well, and the other is found out."""
    innocent = await begun(bench, "innocent")
    fatal = await started(bench, "fatal")
    answer = await soon(innocent)
    assert isinstance(answer, Failed)
    assert answer.failure.code == "pid"
    with pytest.raises(EngineLost) as raised:
        await soon(fatal)
    assert raised.value.guilty


@pytest.mark.parametrize(
    ("name", "setting"), [("reading-stopped", "MODEL_LOAD_SECONDS"), ("stopped", "TASK_TIMEOUT_SECONDS")]
)
async def test_a_child_that_hangs_is_killed_when_its_time_is_over(
    bench: Bench, name: str, setting: str
) -> None:
    await hasten(bench, setting)
    with pytest.raises(DeadlineExceeded, match=setting):
        await soon(bench.runs.transcript(await claimed(bench, name)))
    bench.runs._settings = bench.queue.settings
    answer = await soon(bench.runs.transcript(await claimed(bench, "pid")))
    assert isinstance(answer, Failed), "another engine process has taken its place"


@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        ("loading-killed", ModelOutOfMemory, "too little memory"),
        ("loading-exit", ModelUnavailable, "ended while it loaded the model 'base'"),
        ("loading-half", ModelUnavailable, "ended while it loaded the model 'base'"),
    ],
)
async def test_an_end_while_the_model_is_loaded_is_the_models(
    bench: Bench, name: str, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        await soon(bench.runs.transcript(await claimed(bench, name)))


async def test_a_model_that_is_never_loaded_is_not_to_be_had(bench: Bench) -> None:
    await hasten(bench, "MODEL_LOAD_SECONDS")
    with pytest.raises(ModelUnavailable, match="MODEL_LOAD_SECONDS"):
        await soon(bench.runs.transcript(await claimed(bench, "loading-stopped")))


@pytest.mark.parametrize(("name", "loading"), [("device", False), ("loading-device", True)])
async def test_a_lost_gpu_is_noted_with_all_that_were_at_work(bench: Bench, name: str, loading: bool) -> None:
    other = await begun(bench, "never")
    with pytest.raises(DeviceLostUnder) as raised:
        await soon(bench.runs.transcript(await claimed(bench, name)))
    assert raised.value.loading is loading
    assert bench.runs.device_lost.is_set()
    with pytest.raises(DeviceLostUnder):
        await soon(other)
    found = {each: bench.runs.loss_under(each) for each in (name, "never")}
    assert {each: lost.loading for each, lost in found.items() if lost} == {name: loading, "never": False}
    late = await soon(bench.runs.transcript(await claimed(bench, "pid")))
    assert isinstance(late, Failed)
    assert late.failure.code == "cancelled", "it was not begun, and goes back"
    assert bench.runs.loss_under("pid") is None


async def test_a_recording_is_fetched(bench: Bench) -> None:
    assert isinstance(await soon(bench.runs.fetched(download("fetched"))), Fetched)


async def test_a_fetch_that_hangs_ends(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_runs, "PROBE_SECONDS", 0.0)
    await hasten(bench, "FETCH_SECONDS")
    with pytest.raises(DeadlineExceeded, match="FETCH_SECONDS"):
        await soon(bench.runs.fetched(download("stopped")))


async def test_a_fetch_beside_what_ends_the_engine_is_tried_once_more(bench: Bench) -> None:
    """Its own end is told at once."""
    fetching = asyncio.create_task(bench.runs.fetched(download("innocent")))
    fatal = await started(bench, "fatal")
    answer = await soon(fetching)
    assert isinstance(answer, Failed)
    assert answer.failure.code == "pid"
    await asyncio.wait([fatal])
    with pytest.raises(EngineLost):
        await soon(bench.runs.fetched(download("exit")))
