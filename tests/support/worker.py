"""A worker's parts on a real queue and a real folder: from the claim to the end of the claim."""

import json

from app.housekeeping.store_binding import StoreBinding
from app.queue.claims import Claim
from app.queue.consumer import Consumer
from app.queue.troubles import Troubles
from app.schemas.task import Task
from app.storage.local import LocalStorage
from app.worker.engine_client import EngineClient
from app.worker.folder import FolderWatch
from app.worker.models import ModelWatch
from app.worker.runner import TaskRunner
from app.worker.slots import Place, Slots, slot_sizes
from tests.support.queue import Queue, claim, stored_result

TASK_ID = "t"


class Bench:
    """A worker whose parts a test holds in its hands, with any engine process."""

    def __init__(self, queue: Queue, consumer: Consumer, engine: EngineClient) -> None:
        self.engine = engine
        self.queue = queue
        self.consumer = consumer
        self.storage = LocalStorage(queue.settings)
        self.folder = queue.settings.upload_dir
        self._journal = self.folder.with_name("journal")
        self._slots = Slots(slot_sizes(queue.settings), queue.settings.short_seconds)
        troubles = Troubles(queue.commands, queue.settings)
        self.models = ModelWatch(queue.settings, consumer.worker_id, troubles)
        self.runner = TaskRunner(
            queue.settings,
            consumer,
            engine,
            self.storage,
            FolderWatch(StoreBinding(queue.commands, queue.settings, self.storage)),
            self.models,
        )
        self.runs = self.runner.runs

    async def accept(self, task_id: str = TASK_ID, **script: object) -> Task:
        """A recording for the fake engine, its note and its place in the queue."""
        task = Task(task_id=task_id, file_path=f"{task_id}.json", model="base")
        self.folder.mkdir(parents=True, exist_ok=True)
        recording = {"text": "now", "journal": str(self._journal)} | script
        (self.folder / task.file_path).write_text(json.dumps(recording))
        self.storage.outbox.save(task)
        await self.queue.producer.enqueue(task)
        return task

    async def claimed(self) -> tuple[Claim, Place]:
        """The next task, and its place."""
        self._slots.offer(may_fetch=True)
        claimed = await claim(self.consumer)
        place = self._slots.accept(claimed.task)
        assert place is not None
        return claimed, place

    async def run(self) -> None:
        """Claim the next task and see it through."""
        claimed, place = await self.claimed()
        await self.runner.run(claimed, place)
        place.leave()

    def executions(self) -> int:
        """How often the engine has begun the task."""
        return self._journal.read_text().count("start") if self._journal.exists() else 0

    async def suspect(self, task_id: str = TASK_ID, **numbers: int) -> None:
        """Put numbers of earlier attempts into Redis: `crashes`, `max_attempts`."""
        for field, number in numbers.items():
            await self.queue.commands.hset(self.queue.keys.task(task_id), field, str(number))

    async def counted(self, task_id: str = TASK_ID) -> tuple[str | None, ...]:
        """Status, attempts that were charged, and crashes."""
        fields = ("status", "attempts", "crashes")
        return tuple([await self.queue.field(task_id, field) for field in fields])

    def files(self) -> list[str]:
        """What lies in UPLOAD_DIR."""
        found = (path for path in self.folder.rglob("*") if path.is_file())
        return sorted(str(path.relative_to(self.folder)) for path in found)

    async def text(self) -> object:
        """That of the result that clients get."""
        result = await stored_result(self.queue, TASK_ID)
        return result.get("text") if isinstance(result, dict) else result
