"""Transcripts of several tasks, one after the other, as the pieces of a ZIP file."""

import time
from collections.abc import AsyncIterator

from app.api.deps import Services
from app.api.documents import about_of
from app.core.errors import NoSpeakers, NotFinished, ServiceError, TranscriptionFailed
from app.formats.bundle import Bundle
from app.formats.corrected import corrected
from app.formats.formats import file_of
from app.formats.names import UniqueNames
from app.queue.reader import TaskRecord
from app.schemas.caller import Caller
from app.schemas.corrections import Corrections
from app.schemas.export import Export
from app.schemas.task import TaskStatus

MISSING, MISSING_EXTENSION = "missing", "txt"
"""The name of the list of what there is not, which no transcript gets."""


class Bundles:
    """One export: only the transcript in hand is in memory."""

    def __init__(self, services: Services, caller: Caller, wanted: Export) -> None:
        self._services = services
        self._caller = caller
        self._wanted = wanted
        self._formats = tuple(dict.fromkeys(wanted.formats))
        self._bundle = Bundle()
        self._names = UniqueNames()
        self._names.of(MISSING, [MISSING_EXTENSION])
        self._missing: list[str] = []

    async def pieces(self) -> AsyncIterator[bytes]:
        """The file, piece by piece. Raises, before the first of them, why there is no transcript at all."""
        refusal: ServiceError | None = None
        is_begun = False
        for task_id in dict.fromkeys(self._wanted.task_ids):
            try:
                record, corrections = await self._read(task_id)
                piece = await self._services.renderer.run_apart(self._packed, record, corrections)
            except ServiceError as error:
                refusal = refusal or error
                self._missing.append(f"{task_id}: {error.detail}")
                continue
            is_begun = True
            yield piece
        if refusal is not None and not is_begun:
            raise refusal
        if self._missing:
            told = "".join(f"{line}\n" for line in self._missing).encode()
            yield self._bundle.add(f"{MISSING}.{MISSING_EXTENSION}", told, time.time())
        yield self._bundle.end()

    async def _read(self, task_id: str) -> tuple[TaskRecord, Corrections | None]:
        """Raises TaskNotFound, NotFinished, TranscriptionFailed, and what is away: Redis, the archive."""
        record = await self._services.tasks.waited(task_id, self._caller)
        if record.state.status is TaskStatus.ERROR:
            raise TranscriptionFailed("The task failed: it has no transcript.")
        if record.state.result is None:
            raise NotFinished(f"The transcript is not there yet; the task is {record.state.status}.")
        record = await self._services.library.named(record)
        applied = self._services.corrections.applied
        return record, await applied(task_id) if self._wanted.corrected else None

    def _packed(self, record: TaskRecord, corrections: Corrections | None) -> bytes:
        """All files of a task. Raises NoSpeakers where there would be none of them."""
        result = record.state.result or {}
        if corrections is not None:
            result = corrected(result, corrections)
        about = about_of(record)
        names = self._names.of(about.title, [each.extension for each in self._formats])
        packed = b""
        for name, format_ in zip(names, self._formats, strict=True):
            try:
                content = file_of(result, format_, about)
            except NoSpeakers as error:
                if len(self._formats) == 1:
                    raise
                self._missing.append(f"{name} ({record.state.task_id}): {error.detail}")
                continue
            packed += self._bundle.add(name, content, about.created_at or time.time())
        return packed
