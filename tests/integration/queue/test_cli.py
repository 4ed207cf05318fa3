"""`python -m app.queue`: what an operator sees and repairs."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest
from redis.asyncio import Redis
from rich.console import Console
from typer.testing import CliRunner, Result

from app.core.config import Settings
from app.queue import __main__ as command_line
from app.queue.clients import command_client
from app.queue.keys import Keys
from app.queue.producer import Producer
from app.schemas.task import Task

T = TypeVar("T")
Run = Callable[..., Result]


@pytest.fixture
def run(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command on this test's queue."""
    for name in ("redis_host", "redis_port", "redis_queue_name", "redis_results_prefix"):
        monkeypatch.setenv(name.upper(), str(getattr(settings, name)))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(command_line, "console", Console(width=200))
    return lambda *arguments: CliRunner().invoke(command_line.cli, arguments)


def on_redis(settings: Settings, action: Callable[[Redis], Awaitable[T]]) -> T:
    """Do something on the test's Redis."""

    async def act() -> T:
        async with command_client(settings) as client:
            return await action(client)

    return asyncio.run(act())


def enqueue(settings: Settings, *task_ids: str) -> None:
    async def push(client: Redis) -> None:
        for task_id in task_ids:
            await Producer(client, settings).enqueue(Task(task_id=task_id, file_path="a.wav"))

    on_redis(settings, push)


def bury(settings: Settings, task_id: str) -> None:
    """Make a dead letter of a task that waits."""
    keys = Keys.from_settings(settings)

    async def move(client: Redis) -> None:
        await client.lmove(keys.queue, keys.dead, "RIGHT", "LEFT")
        error = '{"code": "engine_crashed", "message": "It died."}'
        await client.hset(keys.task(task_id), mapping={"status": "error", "attempts": 3, "error": error})

    on_redis(settings, move)


def test_an_empty_queue(run: Run) -> None:
    result = run("overview")
    assert result.exit_code == 0
    assert "oldest waits" in result.output


def test_the_overview_counts(run: Run, settings: Settings) -> None:
    enqueue(settings, "one", "two")
    assert "│ 2 " in run("overview").output


def test_workers_are_listed(run: Run, settings: Settings) -> None:
    keys = Keys.from_settings(settings)
    on_redis(settings, lambda client: client.zadd(keys.workers, {"gone-1": 1000.0}))
    result = run("workers")
    assert "gone-1" in result.output
    assert "lost for" in result.output


def test_a_dead_letter_is_shown_and_queued_anew(run: Run, settings: Settings) -> None:
    enqueue(settings, "poor")
    bury(settings, "poor")
    assert "engine_crashed" in run("dead", "list").output
    assert "It died." in run("dead", "show", "poor").output
    assert run("dead", "requeue", "poor").exit_code == 0
    assert "│ 1 " in run("overview").output
    assert "poor" not in run("dead", "list").output


def test_a_dead_letter_is_dropped(run: Run, settings: Settings) -> None:
    enqueue(settings, "poor")
    bury(settings, "poor")
    assert run("dead", "drop", "poor").exit_code == 0
    assert "poor" not in run("dead", "list").output


@pytest.mark.parametrize("command", ["show", "requeue", "drop"])
def test_an_unknown_letter_is_said(run: Run, command: str) -> None:
    result = run("dead", command, "nobody")
    assert result.exit_code == 1
    assert "nobody" in result.output


def test_a_task_that_is_nowhere_is_found_and_queued_anew(run: Run, settings: Settings) -> None:
    assert "where it should be" in run("audit").output
    enqueue(settings, "stray")
    keys = Keys.from_settings(settings)
    on_redis(settings, lambda client: client.delete(keys.queue))
    assert "stray" in run("audit").output
    assert run("audit", "--requeue").exit_code == 0
    assert "where it should be" in run("audit").output


def test_no_redis_is_one_sentence(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_PORT", "1")
    result = run("overview")
    assert result.exit_code == 1
    assert "cannot be reached" in result.output
