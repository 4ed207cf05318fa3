"""Links by which people read one transcript, and nothing else, without a key."""

import re
import secrets
import time
import uuid
from dataclasses import dataclass
from hashlib import sha256

from app.core.errors import ArchiveOff, NotFinished, RecordingGone, ShareNotFound, TaskNotFound
from app.core.recording_path import RecordingPath
from app.queue.reader import TaskRecord
from app.schemas.caller import ANYBODY, Caller
from app.schemas.corrections import Corrections
from app.schemas.share import CreatedShare, Share, ShareWish
from app.schemas.task import TaskStatus
from app.services.archive_service import ArchiveService
from app.services.correction_service import CorrectionService
from app.services.task_service import TaskService

TOKEN_BYTES = 32
"""256 bits: nobody guesses that, so a plain hash of it is as safe as a slow one, and an index finds it."""

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Opened:
    """What a link leads to: a task that is done, and what people have corrected in it."""

    share: Share
    record: TaskRecord
    corrections: Corrections | None


class ShareService:
    """The use cases of links.

    Those of the owner raise TaskNotFound, also of another's task, ArchiveOff, ArchiveUnavailable and
    QueueUnavailable; those of who has a link ShareNotFound, whatever is wrong with it, and the latter two.
    """

    def __init__(
        self, tasks: TaskService, corrections: CorrectionService, archive: ArchiveService | None
    ) -> None:
        self._tasks = tasks
        self._corrections = corrections
        self._archive = archive

    async def create(self, task_id: str, caller: Caller, wish: ShareWish) -> CreatedShare:
        """A new link to the transcript of a task. Raises NotFinished where there is none."""
        state = await self._tasks.state(task_id, caller)
        archive = self._kept()
        if state.status is not TaskStatus.DONE:
            raise NotFinished(f"There is no transcript to share; the task is {state.status}.")
        token, now = secrets.token_urlsafe(TOKEN_BYTES), _now()
        expires_at = None if wish.expires_in_seconds is None else now + wish.expires_in_seconds
        share = Share(share_id=uuid.uuid4().hex, created_at=now, expires_at=expires_at)
        await self._tasks.once_archived(task_id, lambda: archive.add_share(task_id, share, _hash(token)))
        return CreatedShare(**share.model_dump(), address=f"/shared/{token}")

    async def list(self, task_id: str, caller: Caller) -> tuple[Share, ...]:
        """The links of a task that are valid, the newest first."""
        await self._tasks.state(task_id, caller)
        return tuple(await self._kept().shares(task_id))

    async def revoke(self, task_id: str, caller: Caller, share_id: str) -> None:
        """End a link. Raises ShareNotFound where the task has no such valid one."""
        await self._tasks.state(task_id, caller)
        if not await self._kept().revoke_share(task_id, share_id):
            raise _not_found()

    async def find(self, token: str) -> tuple[str, Share]:
        """The task that a link leads to."""
        if self._archive is None or not _TOKEN.fullmatch(token):
            raise _not_found()
        found = await self._archive.shared(_hash(token))
        if found is None:
            raise _not_found()
        return found

    async def open(self, token: str) -> Opened:
        """What a link leads to; nowhere if the task is deleted, even before the archive knows of that."""
        task_id, share = await self.find(token)
        try:
            record = await self._tasks.waited(task_id, ANYBODY)
        except TaskNotFound as error:
            raise _not_found() from error
        if record.state.result is None:
            raise _not_found()
        return Opened(share, record, await self._corrections.applied(task_id))

    async def recording(self, token: str) -> RecordingPath:
        """The recording. Raises RecordingGone where it is not kept."""
        task_id, _ = await self.find(token)
        return await self._recording(task_id)

    async def has_recording(self, opened: Opened) -> bool:
        """Whether it is kept."""
        try:
            await self._recording(opened.record.state.task_id)
        except RecordingGone:
            return False
        return True

    async def _recording(self, task_id: str) -> RecordingPath:
        try:
            return await self._tasks.recording(task_id, ANYBODY)
        except TaskNotFound as error:
            raise _not_found() from error

    def _kept(self) -> ArchiveService:
        if self._archive is None:
            raise ArchiveOff("Links are kept in the archive, and this service has none (ARCHIVE=false).")
        return self._archive


def _not_found() -> ShareNotFound:
    """One and the same, whatever is wrong with the link: it tells nothing of what was."""
    return ShareNotFound("This link leads nowhere: it was revoked, has expired, or never was.")


def _now() -> float:
    return time.time()


def _hash(token: str) -> str:
    return sha256(token.encode()).hexdigest()
