"""Whose UPLOAD_DIR is, on a real Redis: bound by the API, looked at by the worker."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from redis.asyncio import Redis

from app.core.config import Settings
from app.core.errors import ForeignFolder, StorageUnavailable
from app.housekeeping.store_binding import StoreBinding
from app.queue.clients import address_of, command_client
from app.queue.keys import Keys
from app.schemas.task import Task
from app.storage.local import LocalStorage
from app.storage.marker import MARKER_NAME, read_marker

Folders = Callable[..., StoreBinding]


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[Redis]:
    client = command_client(settings)
    yield client
    await client.aclose()


@pytest.fixture
async def folder_of(client: Redis, settings: Settings) -> AsyncIterator[Folders]:
    """Makes what one API or worker has; all leave in the end."""
    made = []

    def make(**changes: object) -> StoreBinding:
        changed = settings.model_copy(update=changes)
        made.append(StoreBinding(client, changed, LocalStorage(changed)))
        return made[-1]

    yield make
    for each in made:
        await each.leave()


def note(settings: Settings) -> None:
    LocalStorage(settings).outbox.save(Task(task_id="t", file_path="t.wav"))


async def forget(client: Redis, settings: Settings) -> None:
    keys = Keys.from_settings(settings)
    await client.delete(keys.store, keys.store_alive)


async def test_the_first_api_marks_the_folder(client: Redis, folder_of: Folders, settings: Settings) -> None:
    first, second = folder_of(), folder_of()
    await first.bind()
    await second.require()
    assert await folder_of().problem() is None
    marker = read_marker(settings.upload_dir)
    assert marker is not None
    assert await client.get(Keys.from_settings(settings).store) == marker.store_id.encode()


async def test_another_service_is_refused(folder_of: Folders, settings: Settings) -> None:
    await folder_of().bind()
    note(settings)
    other = folder_of(redis_queue_name="other")
    with pytest.raises(ForeignFolder, match=f"queue {settings.redis_queue_name} .*UPLOAD_DIR"):
        await other.require()
    assert settings.redis_queue_name in (await other.problem() or "")
    (settings.upload_dir / MARKER_NAME).unlink()
    await other.bind()


async def test_what_another_service_left_empty_is_taken_over(folder_of: Folders, settings: Settings) -> None:
    first = folder_of()
    await first.bind()
    await first.leave()
    other = folder_of(redis_queue_name=f"{settings.redis_queue_name}other")
    await other.bind()
    note(settings)
    with pytest.raises(ForeignFolder):
        await first.bind()


async def test_a_service_that_is_alive_keeps_its_empty_folder(folder_of: Folders, settings: Settings) -> None:
    first = folder_of()
    await first.bind()
    other = folder_of(redis_queue_name=f"{settings.redis_queue_name}other")
    with pytest.raises(ForeignFolder):
        await other.bind()
    await first.leave()
    await other.bind()


async def test_redis_forgets_and_is_told_again(client: Redis, folder_of: Folders, settings: Settings) -> None:
    await folder_of().bind()
    note(settings)
    await forget(client, settings)
    assert await folder_of().problem() is None
    await folder_of().bind()


async def test_two_folders_of_one_queue(folder_of: Folders, tmp_path: Path) -> None:
    first = folder_of()
    await first.bind()
    stray = folder_of(upload_dir=tmp_path / "stray")
    assert "is not the folder of the API" in (await stray.problem() or "")
    with pytest.raises(StorageUnavailable, match="another UPLOAD_DIR"):
        await stray.bind()
    await first.leave()
    await stray.bind()
    assert await stray.problem() is None
    assert await first.problem() is not None


async def test_a_lost_marker_is_written_anew(folder_of: Folders, settings: Settings) -> None:
    folder = folder_of()
    await folder.bind()
    marker = settings.upload_dir / MARKER_NAME
    for damage in (marker.unlink, lambda: marker.write_text("{")):
        damage()
        await folder.bind()
        assert await folder.problem() is None


async def test_one_redis_under_two_addresses(client: Redis, folder_of: Folders, settings: Settings) -> None:
    await folder_of().bind()
    await folder_of(redis_host="localhost").bind()
    note(settings)
    await forget(client, settings)
    for host in ("127.0.0.1", "localhost"):
        assert await folder_of(redis_host=host).problem() is None


async def test_without_an_api_there_is_no_problem(folder_of: Folders) -> None:
    assert await folder_of().problem() is None


@pytest.mark.parametrize(
    ("changes", "address"),
    [
        ({"redis_host": "r", "redis_port": 1, "redis_db": 2}, "r:1/2"),
        ({"redis_url": "rediss://user:secret@r:1/2"}, "r:1/2"),
        ({"redis_url": "redis://r"}, "r:6379/0"),
        ({"redis_url": "unix:///run/redis.sock?db=2"}, "/run/redis.sock/2"),
        ({"redis_sentinels": "a:1,b:2"}, "sentinel:mymaster/0"),
    ],
)
def test_an_address_tells_no_password(changes: dict[str, object], address: str) -> None:
    assert address_of(Settings(**changes)) == address  # type: ignore[arg-type]
