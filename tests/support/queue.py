"""A whole queue for a test: every part of the room on one real server."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import cast

from redis.asyncio import Redis

from app.core.config import Settings
from app.queue.admin import Admin
from app.queue.claims import Claim
from app.queue.clients import blocking_client, command_client
from app.queue.consumer import Consumer
from app.queue.keys import Keys
from app.queue.maintenance import Maintenance
from app.queue.policy import Policy
from app.queue.producer import Producer
from app.queue.reader import TaskReader
from app.queue.scripts import Scripts
from app.schemas.task import Priority, Task, TaskFailure

PAYLOAD = b'{"task_id":"t","file_path":"t.wav"}'
FAILURE = TaskFailure(code="engine_failed", message="The engine failed.")
RESULT = '{"text": "hello"}'


def task(task_id: str) -> Task:
    """A task of that id."""
    return Task(task_id=task_id, file_path=f"{task_id}.wav")


def urgent_task(task_id: str) -> Task:
    """A task that goes before others."""
    return Task(task_id=task_id, file_path=f"{task_id}.wav", priority=Priority.HIGH)


@dataclass(frozen=True)
class Queue:
    """One service's queue; each test has its own names."""

    settings: Settings
    commands: Redis
    blocking: Redis

    @property
    def keys(self) -> Keys:
        return Keys.from_settings(self.settings)

    @property
    def scripts(self) -> Scripts:
        return Scripts(self.commands, self.keys, Policy.from_settings(self.settings))

    @property
    def producer(self) -> Producer:
        return Producer(self.commands, self.settings)

    @property
    def reader(self) -> TaskReader:
        return TaskReader(self.commands, self.settings)

    @property
    def maintenance(self) -> Maintenance:
        return Maintenance(self.commands, self.settings)

    @property
    def admin(self) -> Admin:
        return Admin(self.commands, self.settings)

    def unregistered(self, worker_id: str) -> Consumer:
        return Consumer(self.settings, worker_id=worker_id, commands=self.commands, blocking=self.blocking)

    async def worker(self, worker_id: str = "w1") -> Consumer:
        consumer = self.unregistered(worker_id)
        await consumer.register()
        return consumer

    async def claimed(self, task_id: str, worker: Consumer) -> Claim:
        """Enqueue a task and let that worker claim it."""
        await self.producer.enqueue(task(task_id))
        return await claim(worker)

    async def push(self, element: bytes) -> None:
        """What a foreign program does."""
        await self.commands.lpush(self.keys.queue, element)

    async def field(self, task_id: str, name: str) -> str | None:
        value = cast(bytes | None, await self.commands.hget(self.keys.task(task_id), name))
        return None if value is None else value.decode()

    async def elements(self, key: str) -> list[bytes]:
        return cast(list[bytes], await self.commands.lrange(key, 0, -1))

    async def lapse(self, worker_id: str) -> None:
        """The worker was silent for longer than its lease."""
        await self.commands.zadd(self.keys.workers, {worker_id: 1}, xx=True)

    async def make_due(self) -> None:
        """All delays are over."""
        delayed = await self.commands.zrange(self.keys.delayed, 0, -1)
        for element in cast(list[bytes], delayed):
            await self.commands.zadd(self.keys.delayed, {element: 1})


@asynccontextmanager
async def connected(settings: Settings) -> AsyncIterator[Queue]:
    """The queue of those settings, its clients closed at the end."""
    queue = Queue(settings, command_client(settings), blocking_client(settings))
    try:
        yield queue
    finally:
        await queue.commands.aclose()
        await queue.blocking.aclose()


async def claim(worker: Consumer) -> Claim:
    """The next task, which must be there."""
    found = await worker.claim()
    assert found is not None
    return found


async def taken(queue: Queue, worker_id: str = "w1", element: bytes = PAYLOAD) -> bytes:
    """A registered worker holds the element, but has not claimed it."""
    await queue.worker(worker_id)
    await queue.commands.lpush(queue.keys.processing(worker_id), element)
    return element


async def stored_result(queue: Queue, task_id: str) -> object:
    text = await queue.commands.get(queue.keys.result(task_id))
    return None if text is None else json.loads(text)


async def claim_again(worker: Consumer) -> Claim:
    found = await worker.claim()
    assert found is not None
    return found
