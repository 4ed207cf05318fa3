"""What ended tasks left goes after its time, or sooner where the disk fills up."""

import logging
from collections.abc import Callable

import pytest

from app.core.config import Settings
from app.housekeeping import ended_sweep
from app.housekeeping.ended_sweep import MEBIBYTE
from app.housekeeping.outbox_sweep import OutboxSweep
from app.storage.local import LocalStorage
from tests.support.queue import FAILURE, RESULT, Queue, claim, connected
from tests.unit.housekeeping.outbox import NOTHING, done, end_long_ago, files
from tests.unit.storage.uploads import TASK_ID, stored


async def test_what_an_ended_task_left_goes_after_its_time(
    outbox: OutboxSweep, storage: LocalStorage, queue: Queue
) -> None:
    await done(queue, storage)
    assert await outbox.sweep() == NOTHING
    assert files(queue.settings) == [f".outbox/{TASK_ID}.json", f".outbox/{TASK_ID}.result", f"{TASK_ID}.mp3"]
    await end_long_ago(queue)
    assert (await outbox.sweep()).finished == 1
    assert files(queue.settings) == []
    assert await outbox.sweep() == NOTHING


async def test_the_recording_of_a_failure_worth_another_try_stays(
    outbox: OutboxSweep, storage: LocalStorage, queue: Queue
) -> None:
    task = stored(storage)
    await queue.producer.enqueue(task)
    worker = await queue.worker()
    await worker.fail(await claim(worker), FAILURE)
    await end_long_ago(queue)
    assert (await outbox.sweep()).finished == 1
    assert files(queue.settings) == [task.file_path]


async def test_a_foreign_result_ends_a_task(outbox: OutboxSweep, storage: LocalStorage, queue: Queue) -> None:
    await queue.producer.enqueue(stored(storage))
    await queue.commands.set(queue.keys.result(TASK_ID), RESULT)
    assert await outbox.sweep() == NOTHING, "its end counts from the sweep that has seen it"
    await end_long_ago(queue)
    assert (await outbox.sweep()).finished == 1
    assert files(queue.settings) == []


@pytest.mark.parametrize(
    ("free_mb", "ended_seconds", "goes"),
    [
        *((3000, 11_900, False), (3000, 12_100, True), (2000, 11_900, False)),
        *((1500, 5_900, False), (1500, 6_100, True)),
        *((1000, 400, False), (1000, 600, True), (10, 400, False), (10, 600, True)),
    ],
)
async def test_a_disk_that_fills_up_shortens_what_is_kept(
    settings_for: Callable[..., Settings],
    monkeypatch: pytest.MonkeyPatch,
    free_mb: int,
    ended_seconds: float,
    goes: bool,
) -> None:
    """Twice MIN_FREE_DISK_MB free: all of KEEP_ENDED_SECONDS; MIN_FREE_DISK_MB and less: the shortest time.
    All times are so long that those of the test count for nothing."""
    monkeypatch.setattr(ended_sweep, "SHORTEST_KEEP_SECONDS", 500.0)
    settings = settings_for(min_free_disk_mb=1000, keep_ended_seconds=12_000, archive=False)
    async with connected(settings) as queue:
        storage = LocalStorage(queue.settings)
        await done(queue, storage)
        ended_at = int(await queue.field(TASK_ID, "finished_at") or 0)
        await queue.commands.hset(
            queue.keys.task(TASK_ID), "finished_at", ended_at - int(ended_seconds * 1000)
        )
        monkeypatch.setattr(storage, "free_bytes", lambda: free_mb * MEBIBYTE)
        report = await OutboxSweep(queue.commands, queue.settings, storage).sweep()
        assert report.finished == goes


async def test_a_disk_that_fills_up_is_told_once(
    settings_for: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with connected(settings_for(min_free_disk_mb=1000, archive=False)) as queue:
        storage = LocalStorage(queue.settings)
        outbox = OutboxSweep(queue.commands, queue.settings, storage)
        caplog.set_level(logging.INFO, logger=ended_sweep.__name__)
        for free_mb in (1500, 1250, 5000, 5000):
            monkeypatch.setattr(storage, "free_bytes", lambda free=free_mb: free * MEBIBYTE)
            await outbox.sweep()
        told, over = caplog.messages
        assert told.startswith("UPLOAD_DIR has 1500 MiB free")
        assert "kept for 60 s now" in told
        assert "KEEP_ENDED_SECONDS (120 s)" in told
        assert over.startswith("UPLOAD_DIR has room again")
