"""What a worker has room for."""

from dataclasses import dataclass

from app.schemas.task import Task, TaskKind


@dataclass(frozen=True, slots=True, order=True)
class Demand:
    """What a task asks of a worker: a model, by the name that the task has for it, and what it is to do."""

    model: str
    kind: TaskKind


@dataclass(frozen=True, slots=True)
class Room:
    """Which waiting tasks a worker may take now.

    `normal`: any recording; `high`: any of those that go first; `short`: any that is known to be no longer
    than `short_seconds`; `fetch`: any that is yet to be fetched. Nothing of what is `unwanted` may be taken.
    """

    normal: bool = True
    high: bool = True
    short: bool = True
    fetch: bool = True
    short_seconds: float = 0.0
    unwanted: frozenset[Demand] = frozenset()

    @property
    def is_unlimited(self) -> bool:
        """Whether the next task may be taken, whatever it is."""
        return self.normal and self.fetch and not self.unwanted

    def longest(self, *, high: bool) -> float | None:
        """Seconds of the longest recording that may be taken from either list; None: of any length."""
        if self.normal or (high and self.high):
            return None
        return self.short_seconds if self.short else 0.0


EVERYTHING = Room()


def is_short(task: Task, short_seconds: float) -> bool:
    """Whether the recording is known to be at most so long, or is cut to that."""
    known = [length for length in (task.duration, task.trim) if length is not None]
    return bool(known) and min(known) <= short_seconds
