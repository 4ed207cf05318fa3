"""A watched folder against a real API: from the file that appears to the transcript beside it."""

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import cast

import pytest
import redis

from app.client import AsyncClient, RetryPolicy
from app.core.api_keys import new_key
from app.core.background import end
from app.core.config import Settings
from app.schemas.task import Task
from app.watch_folder.__main__ import watch
from app.watch_folder.watcher import FolderWatcher
from tests.support.api import ASSETS, Service, serving
from tests.support.serving import PATIENCE_SECONDS
from tests.unit.watch_folder.test_tree import NOT_TEXT

ALICE, BOB = new_key("alice"), new_key("bob")
SPEECH = (ASSETS / "speech_ru.ogg").read_bytes()
FAILED = {"status": "error", "error": {"code": "audio_undecodable", "message": "Not one second can be read."}}


@pytest.fixture
def service(settings_for: Callable[..., Settings], tmp_path: Path) -> Iterator[Service]:
    settings = settings_for(
        default_model="base",
        watch_dir=tmp_path / "watched",
        watch_formats="text,srt",
        watch_options="language=ru",
        watch_seconds=0.05,
        watch_settle_seconds=0.1,
        reuse_results=False,
    )
    (tmp_path / "watched").mkdir()
    with serving(settings) as running:
        yield running


@pytest.fixture
def folder(service: Service) -> Path:
    assert service.settings.watch_dir is not None
    return service.settings.watch_dir


@contextlib.asynccontextmanager
async def watching(service: Service, folder: Path) -> AsyncIterator[FolderWatcher]:
    """A watcher, until the block ends."""
    async with AsyncClient(service.url, policy=RetryPolicy(0)) as client:
        watcher = FolderWatcher(service.settings, folder, client)
        task = asyncio.create_task(watcher.run())
        await until(lambda: (folder / ".transcriber" / "README").exists())
        try:
            yield watcher
        finally:
            await end([task])


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not true():  # noqa: ASYNC110 - files and Redis tell nobody of their changes
            await asyncio.sleep(0.02)


def finish(service: Service, result: object = None) -> list[Task]:
    """All that waits is done, as a foreign worker does it: the tasks."""
    settings, tasks = service.settings, []
    with redis.Redis(port=settings.redis_port) as plain:
        while element := cast(bytes | None, plain.rpop(settings.redis_queue_name)):
            task = Task.model_validate_json(element)
            told = result or {"text": f"text of {task.filename}"}
            plain.set(f"{settings.redis_results_prefix}{task.task_id}", json.dumps(told))
            tasks.append(task)
    return tasks


def seen(folder: Path) -> set[str]:
    """What lies in the folder, hidden files apart."""
    found = (path for path in folder.rglob("*") if path.is_file() and ".transcriber" not in path.parts)
    return {str(path.relative_to(folder)) for path in found}


@pytest.fixture
def full(settings_for: Callable[..., Settings], tmp_path: Path) -> Iterator[Service]:
    """A service that has no room now for anything of Alice, and never for more than 3.6 s of Bob."""
    settings = settings_for(
        api_keys=(ALICE.entry, BOB.entry),
        key_quotas=("alice:open_tasks=0", "bob:audio_hours_day=0.001"),
        watch_seconds=0.05,
        watch_settle_seconds=0.1,
    )
    with serving(settings) as running:
        yield running


async def test_the_log_tells_what_is_waited_for_and_a_file_what_is_not(
    full: Service, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """With the client of the program, which comes again when the service says so."""
    folder = tmp_path / "watched"
    folder.mkdir()
    for name in ("a.ogg", "b.ogg"):
        (folder / name).write_bytes(SPEECH)
    task = asyncio.create_task(watch(full.settings, folder, full.url, ALICE.key))
    await until(lambda: caplog.text.count("refused with 429") == 2)
    await until(lambda: "Asking the service fails (ServiceProblem: Your key may have 0" in caplog.text)
    await end([task])
    assert caplog.text.count("Asking the service fails") == 1
    assert seen(folder) == {"a.ogg", "b.ogg"}
    task = asyncio.create_task(watch(full.settings, folder, full.url, BOB.key))
    await until(lambda: {"a.error.txt", "b.error.txt"} <= seen(folder))
    await end([task])
    assert "your key may send 0.001 hours of audio a day" in (folder / "a.error.txt").read_text()


async def test_what_appears_is_transcribed(service: Service, folder: Path) -> None:
    async with watching(service, folder):
        (folder / "sub").mkdir()
        (folder / "sub" / "talk.ogg").write_bytes(SPEECH)
        (folder / NOT_TEXT).write_bytes(SPEECH)
        (folder / "notes.txt").write_text("mine")
        await until(lambda: len(service.queued()) == 2)
        assert {task.language for task in finish(service)} == {"ru"}
        await until(lambda: {"sub/talk.srt", "sub/talk.txt", NOT_TEXT[:-4] + ".srt"} <= seen(folder))
    assert (folder / "sub" / "talk.txt").read_text() == "text of talk.ogg\n"
    async with watching(service, folder) as again:  # started anew: all is done
        await until(lambda: len(again._ended) == 2)
    assert service.queued() == []


async def test_what_still_grows_is_waited_for(service: Service, folder: Path) -> None:
    async with watching(service, folder) as watcher:
        with (folder / "talk.ogg").open("wb") as file:
            for start in range(0, len(SPEECH), len(SPEECH) // 5 + 1):
                file.write(SPEECH[start : start + len(SPEECH) // 5 + 1])
                file.flush()
                await watcher.look()
                assert service.queued() == []
        await until(lambda: service.queued())
        [task] = finish(service)
        await until(lambda: "talk.txt" in seen(folder))
    assert task.duration == pytest.approx(service_length(), abs=0.5)


def service_length() -> float:
    """Seconds of SPEECH."""
    import av

    with av.open(str(ASSETS / "speech_ru.ogg")) as container:
        assert container.duration is not None
        return container.duration / 1_000_000


async def test_failures_are_told_beside_the_recording(service: Service, folder: Path) -> None:
    async with watching(service, folder):
        (folder / "noise.mp3").write_bytes(b"no sound at all" * 100)
        (folder / "talk.ogg").write_bytes(SPEECH)
        await until(lambda: service.queued())
        finish(service, FAILED)
        await until(lambda: {"noise.error.txt", "talk.error.txt"} <= seen(folder))
        assert (folder / "talk.error.txt").read_text() == "Not one second can be read.\n"
        (folder / "talk.ogg").write_bytes(SPEECH + b" ")  # mended: it is another version
        await until(lambda: service.queued())
        finish(service)
        await until(lambda: "talk.txt" in seen(folder) and "talk.error.txt" not in seen(folder))
    assert seen(folder) == {"noise.mp3", "noise.error.txt", "talk.ogg", "talk.txt", "talk.srt"}


async def test_a_deleted_task_is_told_and_not_sent_again(service: Service, folder: Path) -> None:
    (folder / "talk.ogg").write_bytes(SPEECH)
    async with watching(service, folder), AsyncClient(service.url) as client:
        await until(lambda: service.queued())
        await client.delete(service.queued_task().task_id)
        await until(lambda: "talk.error.txt" in seen(folder))
        assert "deleted" in (folder / "talk.error.txt").read_text()
        assert service.queued() == []


async def test_two_watchers_of_one_folder_do_each_recording_once(service: Service, folder: Path) -> None:
    async with watching(service, folder), watching(service, folder):
        for number in range(6):
            (folder / f"{number}.ogg").write_bytes(SPEECH)
        done: list[Task] = []

        def all_done() -> bool:
            done.extend(finish(service))
            return len([name for name in seen(folder) if name.endswith(".srt")]) == 6

        await until(all_done)
    assert sorted(task.filename or "" for task in done) == [f"{number}.ogg" for number in range(6)]
    assert len(seen(folder)) == 18


async def test_a_service_that_is_away_is_waited_for(
    settings_for: Callable[..., Settings], service: Service, folder: Path
) -> None:
    (folder / "talk.ogg").write_bytes(SPEECH)
    async with AsyncClient("http://127.0.0.1:1", policy=RetryPolicy(0)) as nowhere:
        watcher = FolderWatcher(service.settings, folder, nowhere)
        task = asyncio.create_task(watcher.run())
        await until(lambda: watcher._not_before)
        await end([task])
    assert seen(folder) == {"talk.ogg"}
    async with watching(service, folder):
        await until(lambda: service.queued())


async def test_only_so_many_are_at_the_service(service: Service, folder: Path) -> None:
    settings = service.settings.model_copy(update={"watch_open_tasks": 2})
    for number in range(5):
        (folder / f"{number}.ogg").write_bytes(SPEECH)
    async with watching(Service(settings, service.port), folder) as watcher:
        await until(lambda: len(service.queued()) == 2)
        for _ in range(3):
            await watcher.look()
        assert len(service.queued()) == 2
        finish(service)
        await until(lambda: len(service.queued()) == 2)


async def test_what_cannot_be_written_keeps_no_other_waiting(service: Service, folder: Path) -> None:
    more = {"watch_open_tasks": 1, "watch_formats": ("paragraphs",)}
    (folder / f"{'a' * 251}.ogg").write_bytes(SPEECH)  # no file may have the name of its transcript
    (folder / "b.ogg").write_bytes(SPEECH)
    async with watching(Service(service.settings.model_copy(update=more), service.port), folder):
        await until(lambda: [finish(service), "b.paragraphs.txt" in seen(folder)][1])


async def test_a_folder_that_cannot_be_written_is_told(service: Service, tmp_path: Path) -> None:
    async with AsyncClient(service.url) as client:
        with pytest.raises(OSError, match=os.strerror(2)):
            await FolderWatcher(service.settings, tmp_path / "missing", client).run()
