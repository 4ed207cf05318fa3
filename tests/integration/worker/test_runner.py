"""One claim from its start to its end, with a real engine process and what the outbox holds of the task."""

import asyncio
import errno
import json
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from app.asr.backends.fake import WEIGHTS_FOLDER
from app.core.config import Settings
from app.schemas.task import TaskFailure
from app.storage import files as storage_files
from app.worker.engine_client import EngineClient
from app.worker.settlement import Reason
from tests.support.queue import connected, stored_result
from tests.support.serving import PATIENCE_SECONDS
from tests.support.worker import TASK_ID, Bench

EARLIER = '{"text": "earlier"}'


@pytest.fixture
async def bench(settings_for: Callable[..., Settings], tmp_path: Path) -> AsyncIterator[Bench]:
    engine = EngineClient(
        {
            "ENGINE": "fake",
            "UPLOAD_DIR": str(tmp_path / "shared_audio"),
            "LOG_DIR": str(tmp_path / "logs"),
            "CACHE_DIR": str(tmp_path / "_cache"),
        }
    )
    async with connected(settings_for(engine="fake", max_attempts=1)) as queue:
        yield Bench(queue, await queue.worker(), engine)
    await engine.close()


async def test_a_result_is_kept_and_told(bench: Bench) -> None:
    await bench.accept()
    await bench.run()
    assert await bench.text() == "now"
    kept = bench.storage.outbox.result(TASK_ID)
    assert kept is not None
    assert json.loads(kept) == await stored_result(bench.queue, TASK_ID)
    assert bench.files() == [".outbox/t.json", ".outbox/t.result", "t.json"]


async def test_a_result_that_is_kept_wins_over_a_second_run(bench: Bench) -> None:
    task = await bench.accept()
    bench.storage.keep_result(task, EARLIER)
    await bench.run()
    assert await bench.text() == "earlier"
    assert bench.executions() == 0


async def test_a_result_that_another_worker_kept_meanwhile_counts(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That worker lost its claim, and does not know it yet."""
    task = await bench.accept()
    load = bench.consumer.checkpoints.load

    async def load_while_the_other_ends(*arguments: object) -> object:
        bench.storage.keep_result(task, EARLIER)
        return await load(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(bench.consumer.checkpoints, "load", load_while_the_other_ends)
    await bench.run()
    assert bench.executions() == 1
    assert await bench.text() == "earlier"
    assert bench.storage.outbox.result(TASK_ID) == EARLIER


async def test_a_deleted_task_that_redis_knows_again_is_not_transcribed(bench: Bench) -> None:
    task = await bench.accept()
    bench.storage.discard(task)
    await bench.run()
    assert bench.executions() == 0
    assert await bench.queue.field(TASK_ID, "status") == "cancelled"
    assert bench.files() == [".outbox/t.deleted"]


async def test_a_task_that_is_deleted_at_work_has_no_result(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Redis has lost the deletion: no heartbeat tells the worker of it."""
    task = await bench.accept()
    load = bench.consumer.checkpoints.load
    recording = (bench.folder / task.file_path).read_bytes()

    async def load_while_it_is_deleted(*arguments: object) -> object:
        bench.storage.discard(task)
        (bench.folder / task.file_path).write_bytes(recording)  # the engine has it open
        return await load(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(bench.consumer.checkpoints, "load", load_while_it_is_deleted)
    await bench.run()
    assert bench.executions() == 1
    assert await bench.queue.field(TASK_ID, "status") == "cancelled"
    assert bench.files() == [".outbox/t.deleted"]


async def test_a_foreign_task_is_done_where_nothing_can_be_kept(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full: the result counts, and the recording, which nobody would remove, goes."""
    task = await bench.accept()
    bench.storage.outbox.remove(task.task_id)

    def refuse(_: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(storage_files, "create", refuse)
    await bench.run()
    assert await bench.text() == "now"
    assert bench.files() == []


async def test_what_has_failed_for_good_is_kept_for_a_while(bench: Bench) -> None:
    await bench.accept(undecodable="Noise.")
    await bench.run()
    failure = TaskFailure.model_validate_json(await bench.queue.field(TASK_ID, "error") or "")
    assert failure.code == "audio_undecodable"
    assert bench.files() == [".outbox/t.json", "t.json"]


@pytest.mark.parametrize(
    ("crashes", "counted"),
    [
        (0, ("queued", "0", "1")),
        (1, ("queued", "0", "2")),
        (2, ("retrying", "1", "3")),
    ],
)
async def test_a_gpu_lost_while_the_model_is_loaded_is_charged_after_max_attempts_of_them(
    bench: Bench, crashes: int, counted: tuple[str, ...]
) -> None:
    """The recording cannot have been the cause, but no model may end one worker after another for ever."""
    weights = bench.queue.settings.cache_dir / WEIGHTS_FOLDER / "base.json"
    weights.parent.mkdir(parents=True)
    weights.write_text('{"lose_device": true}')
    await bench.accept()
    await bench.suspect(crashes=crashes, max_attempts=2)
    await bench.run()
    assert bench.runs.device_lost.is_set()
    assert await bench.counted() == counted


async def test_a_suspect_is_charged_where_the_worker_ends_before_its_windows_are_saved(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The supervisor takes tasks out as soon as it hears of the loss."""
    await bench.accept(lose_device=True)
    await bench.suspect(crashes=1, max_attempts=2)

    async def never_released(**_: bool) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(bench.runs._lock, "_release", never_released)
    running = asyncio.create_task(bench.run())
    await asyncio.wait_for(bench.runs.device_lost.wait(), PATIENCE_SECONDS)
    running.cancel(Reason.RELEASE)
    await running
    assert await bench.counted() == ("retrying", "1", "2")


async def test_what_waits_to_run_alone_while_the_gpu_is_lost_is_not_suspected(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was not at work: neither the loss nor an attempt is counted."""
    await bench.accept(lose_device=True)
    load = bench.consumer.checkpoints.load
    acquire, waits = bench.runs._lock._acquire_exclusive, asyncio.Event()
    waiting: list[asyncio.Task[None]] = []

    async def acquire_exclusive() -> None:
        waits.set()
        await acquire()

    async def load_while_another_waits(*arguments: object) -> object:
        await bench.accept("other")
        await bench.suspect("other", crashes=1)
        waiting.append(asyncio.create_task(bench.run()))
        await asyncio.wait_for(waits.wait(), PATIENCE_SECONDS)
        monkeypatch.setattr(bench.consumer.checkpoints, "load", load)
        return await load(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(bench.runs._lock, "_acquire_exclusive", acquire_exclusive)
    monkeypatch.setattr(bench.consumer.checkpoints, "load", load_while_another_waits)
    await bench.run()
    await waiting[0]
    assert await bench.counted() == ("queued", "0", "1")
    assert await bench.counted("other") == ("queued", "0", "1")
    assert bench.executions() == 1
