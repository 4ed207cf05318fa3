"""Summaries of archived transcripts: asked for by clients, made in the background by any of the APIs."""

import asyncio
import logging
from collections.abc import Mapping

from anyio import to_thread

from app.archive.summaries import Summaries, SummaryAttempt
from app.core.backoff import QUIET_SECONDS, Backoff
from app.core.config import Settings
from app.core.errors import (
    ArchiveOff,
    CapacityError,
    NotFinished,
    SummaryError,
    SummaryNotFound,
    SummaryOff,
    SummaryUnreachable,
)
from app.formats.paragraphs import to_paragraphs
from app.queue.consumer import backoff_seconds
from app.schemas.archived import ArchivedContent
from app.schemas.caller import Caller
from app.schemas.task import Summary, TaskFailure, TaskStatus
from app.services.archive_service import ArchiveService
from app.services.indexing import readable
from app.services.task_service import TaskService
from app.summaries.summariser import Summariser

logger = logging.getLogger(__name__)

IDLE_SECONDS = 2.0
"""Pause where no summary is to be made."""

SPARE_SECONDS = 60.0
"""How long an attempt whose server took all its time still belongs to who made it."""


class SummaryService:
    """The use cases of summaries, and their making. Without `summariser` (SUMMARY_URL) none is made, but
    those that were are told."""

    def __init__(
        self,
        settings: Settings,
        tasks: TaskService,
        archive: ArchiveService | None,
        summariser: Summariser | None,
    ) -> None:
        self._settings = settings
        self._tasks = tasks
        self._archive = archive
        self._summariser = summariser
        self._seconds = settings.summary_timeout_seconds + SPARE_SECONDS
        self._wanted = asyncio.Event()
        self._backoff = Backoff(logger, "Summarising", quiet_seconds=QUIET_SECONDS)

    async def ask(self, task_id: str, caller: Caller) -> Summary:
        """Have a transcript summarised, anew where that was done before.

        Raises SummaryOff, ArchiveOff, TaskNotFound, NotFinished, ArchiveUnavailable, QueueUnavailable.
        """
        archive, summaries = self._kept()
        if self._summariser is None:
            raise SummaryOff("This service makes no summaries: its operator has set no SUMMARY_URL.")
        state = await self._tasks.state(task_id, caller)
        if state.status is not TaskStatus.DONE:
            raise NotFinished(f"There is no transcript to summarise; the task is {state.status}.")
        await self._tasks.once_archived(task_id, lambda: archive.run(summaries.ask, task_id))
        self._wanted.set()
        return await self._read(archive, summaries, task_id)

    async def read(self, task_id: str, caller: Caller) -> Summary:
        """The summary of a transcript, or how far it is. Raises as `ask` does, and SummaryNotFound."""
        await self._tasks.state(task_id, caller)
        return await self._read(*self._kept(), task_id)

    async def run(self) -> None:
        """Make one summary after the other until cancelled; any number of these may run."""
        while True:
            self._wanted.clear()
            try:
                pause = 0.0 if await self.make_next() else IDLE_SECONDS
                self._backoff.succeeded()
            except Exception as error:
                pause = self._backoff.failed(error, unexpected=not isinstance(error, CapacityError))
            try:
                await asyncio.wait_for(self._wanted.wait(), max(pause, 0.001))
            except TimeoutError:
                continue

    async def make_next(self) -> bool:
        """Make one attempt at the summary that is due for longest; False where none is. Raises
        ArchiveUnavailable."""
        archive, summaries = self._kept()
        assert self._summariser is not None
        attempt = await archive.run(summaries.take, self._seconds)
        if attempt is None:
            return False
        try:
            text, version = await self._summarised(self._summariser, archive, summaries, attempt)
        except SummaryError as error:
            await self._fail(archive, summaries, attempt, error)
        else:
            model = self._settings.summary_model or None
            if await archive.run(summaries.finish, attempt, text, model, version):
                logger.info("Task %s is summarised", attempt.task_id, extra={"task_id": attempt.task_id})
        return True

    async def _summarised(
        self, summariser: Summariser, archive: ArchiveService, summaries: Summaries, attempt: SummaryAttempt
    ) -> tuple[str, int]:
        """The summary, and the version of the corrections that it was made with.

        Raises SummaryError, ArchiveUnavailable.
        """
        if attempt.number > self._settings.summary_attempts:  # the last one died with its process
            raise SummaryUnreachable("Every attempt to summarise the transcript broke off.")
        found = (await archive.contents([attempt.task_id])).get(attempt.task_id)
        if found is None:
            return "", 0
        text = await to_thread.run_sync(_text, attempt.task_id, found)

        async def note(answers: Mapping[str, str]) -> None:
            if not await archive.run(summaries.note, attempt, answers, self._seconds):
                raise SummaryError("Another process makes this summary.")

        summary = await summariser.summarise(text, attempt.parts, note) if text.strip() else ""
        return summary, found.version

    async def _fail(
        self, archive: ArchiveService, summaries: Summaries, attempt: SummaryAttempt, error: SummaryError
    ) -> None:
        pause: float | None = None
        if error.retryable and attempt.number < self._settings.summary_attempts:
            pause = max(backoff_seconds(attempt.number, self._settings), error.retry_after_seconds or 0)
        failure = TaskFailure(code=error.code, message=error.detail)
        if await archive.run(summaries.fail, attempt, failure, pause):
            again = "it is not tried again" if pause is None else f"it is tried again in {pause:.0f} s"
            logger.warning(
                "Summary of task %s, attempt %d: %s; %s", attempt.task_id, attempt.number, error, again
            )

    def _kept(self) -> tuple[ArchiveService, Summaries]:
        if self._archive is None:
            raise ArchiveOff("Summaries are kept in the archive, and this service has none (ARCHIVE=false).")
        return self._archive, self._archive.summaries

    async def _read(self, archive: ArchiveService, summaries: Summaries, task_id: str) -> Summary:
        found = await archive.run(summaries.read, task_id)
        if found is None:
            raise SummaryNotFound("No summary of this transcript was asked for.")
        return found


def _text(task_id: str, content: ArchivedContent) -> str:
    """What the model reads: paragraphs as people corrected them, with who says each."""
    return to_paragraphs(readable(task_id, content.result, content.corrections))
