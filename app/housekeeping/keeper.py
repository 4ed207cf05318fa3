"""What the sweep of the outbox needs of the archive, which only APIs have: workers sweep without."""

from collections.abc import Collection
from typing import Protocol

from app.schemas.task import Task


class Keeper(Protocol):
    """The archive, as far as the sweep of the outbox needs it. Every method raises ArchiveUnavailable."""

    async def keep(self, task_id: str, noted: Task | None, result: str | None) -> bool:
        """Keep what an ended task gave, by its note and kept result or, without these, by what Redis has.

        False where there is nothing to keep, or where it has been kept before: `missing` tells that of many
        with less work. Raises QueueUnavailable.
        """

    async def shorten(self, task_id: str) -> None:
        """Have Redis keep the result of a noted task for ARCHIVED_RESULT_SECONDS more at most: it is here.
        Raises QueueUnavailable."""

    async def remove(self, task_id: str) -> None:
        """Remove a task, and keep it out."""

    async def missing(self, task_ids: Collection[str]) -> set[str]:
        """Those of the tasks that are not there, and were not removed from there."""

    async def failed(self, task_ids: Collection[str]) -> set[str]:
        """Those of the tasks whose failures are there."""
