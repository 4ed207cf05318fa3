"""What the archive keeps of a finished task."""

from dataclasses import dataclass

WARN_SHARE = 0.9
"""Of what the archive may hold: people are told from there on."""


@dataclass(frozen=True, slots=True)
class ArchivedTask:
    """A finished task as lists show it; `created_ms` is its place in them, `owner` None everybody's."""

    task_id: str
    created_ms: int
    owner: str | None = None
    filename: str | None = None
    model: str | None = None
    language: str | None = None
    duration: float | None = None


@dataclass(frozen=True, slots=True)
class ArchivedResult:
    """A task and its result, byte for byte as the result key had it."""

    task: ArchivedTask
    result: bytes


@dataclass(frozen=True, slots=True)
class ArchivedContent:
    """A result as it was stored, and what people corrected: empty, of version 0, where they did not."""

    result: bytes
    corrections: bytes
    version: int


@dataclass(frozen=True, slots=True)
class ArchiveFigures:
    """Transcripts in the archive and the bytes that they take there; `limit_bytes` 0: no limit."""

    transcripts: int
    used_bytes: int
    limit_bytes: int

    @property
    def is_nearly_full(self) -> bool:
        """Whether there is so much that people should know: the oldest transcripts go next."""
        return 0 < self.limit_bytes * WARN_SHARE < self.used_bytes
