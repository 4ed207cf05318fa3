"""`python -m app.queue` looks at the queue of this folder's `make run`."""

import asyncio
from collections.abc import Callable, Iterator

import pytest
from pydantic import SecretStr
from rich.console import Console
from typer.testing import CliRunner

from app.core.config import Settings
from app.launcher.own_redis import OwnRedis
from app.launcher.redis_server import free_port
from app.queue import __main__ as command_line
from app.queue.clients import command_client
from app.queue.local_server import own_redis_url, with_own_redis
from app.queue.producer import Producer
from app.schemas.task import Task


@pytest.fixture
def own(settings_for: Callable[..., Settings]) -> Iterator[tuple[OwnRedis, Settings]]:
    """The Redis of `make run`, on a port that no setting names, with two tasks; and its settings."""
    settings = settings_for(redis_port=free_port())
    server = OwnRedis(settings)
    server.start()
    assert server.port is not None
    url = SecretStr(own_redis_url(server.port, settings))
    asyncio.run(_enqueue_two(settings.model_copy(update={"redis_url": url})))
    yield server, settings
    server.stop()


async def _enqueue_two(settings: Settings) -> None:
    async with command_client(settings) as client:
        for task_id in ("one", "two"):
            await Producer(client, settings).enqueue(Task(task_id=task_id, file_path="a.wav"))


@pytest.fixture
def overview(own: tuple[OwnRedis, Settings], monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """What the command shows in this folder, with these settings."""

    def show(**environment: str) -> str:
        _, settings = own
        monkeypatch.setenv("DATA_DIR", str(settings.data_dir))
        monkeypatch.setenv("REDIS_QUEUE_NAME", settings.redis_queue_name)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(command_line, "console", Console(width=200))
        return CliRunner().invoke(command_line.cli, ["overview"]).output

    return show


def test_it_is_found_on_whatever_port_it_is(overview: Callable[..., str]) -> None:
    assert "│ 2 " in overview()
    assert "│ 2 " in overview(REDIS_PORT="1")


def test_a_redis_that_is_named_and_answers_comes_first(
    overview: Callable[..., str], settings: Settings
) -> None:
    assert "│ 0 " in overview(REDIS_HOST="127.0.0.1", REDIS_PORT=str(settings.redis_port))


def test_one_that_is_named_and_does_not_answer_gives_way(overview: Callable[..., str]) -> None:
    """As `make run` has it."""
    assert "│ 2 " in overview(REDIS_HOST="127.0.0.1", REDIS_PORT="1")
    assert "│ 2 " in overview(REDIS_URL="redis://127.0.0.1:1")


def test_where_it_does_not_run_the_settings_count(own: tuple[OwnRedis, Settings]) -> None:
    server, settings = own
    server.stop()
    assert with_own_redis(settings) is settings


def test_in_a_folder_without_any(settings: Settings) -> None:
    assert with_own_redis(settings) is settings
