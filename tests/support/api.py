"""The API on a real socket, in a thread of the test."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import redis

from app.api.app import create_served_app
from app.core.config import Settings
from app.schemas.task import Task
from tests.support.places import Place, files_of, folder_of
from tests.support.serving import listening

ASSETS = Path(__file__).parents[1] / "assets"


@dataclass(frozen=True, slots=True)
class Service:
    """A running API."""

    settings: Settings
    port: int

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def folder(self) -> Place:
        """Where its recordings lie."""
        return folder_of(self.settings)

    def files(self) -> list[str]:
        """What lies in UPLOAD_DIR, outbox and temporary files included; not its marker and its clock, half
        written ones included."""
        return files_of(self.settings)

    def queued(self) -> list[Task]:
        """The tasks in the list of those without a priority, oldest first."""
        with redis.Redis(port=self.settings.redis_port) as client:
            elements = client.lrange(self.settings.redis_queue_name, 0, -1)
        return [Task.model_validate_json(element) for element in reversed(elements)]

    def queued_task(self) -> Task:
        """The one task in that list."""
        [task] = self.queued()
        return task

    def keys(self) -> list[str]:
        """What this service has in Redis; without its folder, counters and the clocks of its housekeeping."""
        names = (self.settings.redis_queue_name, self.settings.redis_results_prefix)
        with redis.Redis(port=self.settings.redis_port) as client:
            found = {key.decode() for name in names for key in client.scan_iter(f"{name}*")}
        kept = (
            ":scanned",
            ":swept",
            ":swept:archive",
            ":collected",
            ":settled",
            ":store",
            ":store:alive",
            ":totals",
        )
        return sorted(key for key in found if not key.endswith(kept))


@contextmanager
def serving(settings: Settings) -> Iterator[Service]:
    """Run the API until the block ends; who still listens is cut off, since a thread hears no signal."""
    with listening(create_served_app(settings), graceful_seconds=1) as port:
        yield Service(settings, port)
