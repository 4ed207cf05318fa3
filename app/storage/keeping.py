"""What is kept of a task that has ended, and what goes: the same wherever recordings lie."""

import logging
from abc import ABC, abstractmethod
from collections.abc import Collection
from typing import Protocol

from app.core.errors import WORTH_ANOTHER_TRY, InvalidTask, StorageFull, StorageUnavailable
from app.schemas.task import Task, TaskFailure
from app.storage.base import Ended, Outbox
from app.storage.files import translated

logger = logging.getLogger(__name__)


class KeepingOutbox(Outbox, Protocol):
    """An outbox as the storage itself uses it."""

    def save_result(self, task_id: str, result: str) -> str:
        """Keep a result durably beside the note; the result that is kept now, which may be an earlier one.

        Raises StorageFull, StorageUnavailable.
        """

    def bury(self, task: Task) -> None:
        """Put a tombstone in the place of a task's note, durably. Raises StorageFull, StorageUnavailable."""


class TaskKeeping(ABC):
    """The part of Storage that is the same for all of them; `place` is the setting that says where it is."""

    place: str

    def __init__(self, outbox: KeepingOutbox, *, keep_audio: bool) -> None:
        self.outbox = outbox
        self._keep_audio = keep_audio

    @abstractmethod
    def delete(self, task: Task) -> None:
        """See Storage. Raises InvalidTask, OSError, StorageUnavailable."""

    @abstractmethod
    def remove_clips(self, task_id: str) -> None:
        """Remove the clips of known speakers. Raises OSError, StorageUnavailable."""

    @abstractmethod
    def check_is_inside(self, task: Task) -> None:
        """Raise InvalidTask where a task's recording lies outside the storage."""

    def keep_result(self, task: Task, result: str) -> str | None:
        """Keep a task's first result beside its note; the one that counts, None of a deleted task."""
        try:
            if self.outbox.deleted([task.task_id]):
                return None
            if not self._is_noted(task):
                return result
            return self.outbox.save_result(task.task_id, result)
        except (StorageFull, StorageUnavailable) as error:
            logger.warning("The result of task %s is not kept in %s: %s", task.task_id, self.place, error)
            return result

    def keep_failed(self, task: Task, failure: TaskFailure | None) -> None:
        """Keep the recording of a task that has just failed, until `finish`; nothing of a deleted task."""
        try:
            if self.outbox.deleted([task.task_id]):
                self.finish(task)
            elif not self._is_noted(task):
                self.finish(task, failure)
        except StorageUnavailable as error:
            logger.warning("What is kept of the failed task %s is not known: %s", task.task_id, error)

    def _is_noted(self, task: Task) -> bool:
        """Make sure that there is a note: without one nobody would remove the recording.

        A task that a foreign program pushed gets its note at its end; False where it can get none.
        """
        try:
            self.check_is_inside(task)
            if not self.outbox.holds(task.task_id):
                self.outbox.save(task)
        except InvalidTask:
            logger.warning("The recording of task %s is not ours to keep: %s", task.task_id, task.file_path)
        except (StorageFull, StorageUnavailable) as error:
            logger.warning("Task %s gets no note in %s: %s", task.task_id, self.place, error)
        else:
            return True
        return False

    def finish(self, task: Task, failure: TaskFailure | None = None) -> None:
        """Forget an ended task: its note, and its recording unless KEEP_AUDIO.

        The recording of a failure worth another try stays too, until its dead letter is dropped or expires.
        The note goes first: a recording without a note is removed as an orphan, a note without its recording
        would bring the task back. What cannot be removed is logged; the task has ended all the same.
        """
        try:
            self.outbox.remove(task.task_id)
            if not self._is_wanted(failure):
                self.delete(task)
            elif failure is None:
                self.remove_clips(task.task_id)  # voices are kept no longer than needed
        except InvalidTask:
            logger.warning("The recording of task %s is not ours to delete: %s", task.task_id, task.file_path)
        except (OSError, StorageUnavailable) as error:
            logger.warning("Cannot remove what task %s left in %s: %s", task.task_id, self.place, error)

    def _is_wanted(self, failure: TaskFailure | None) -> bool:
        """Whether the recording of a task that ended so stays."""
        return self._keep_audio or (failure is not None and failure.code in WORTH_ANOTHER_TRY)

    def finish_all(self, ended: Collection[Ended]) -> None:
        """Forget ended tasks, each as `finish` does."""
        for each in ended:
            self.finish(each.task, each.failure)

    def finish_unnoted(self, task: Task) -> None:
        """Forget an ended task at once where it has no note: nobody else would. Never raises."""
        try:
            is_noted = self.outbox.holds(task.task_id)
        except StorageUnavailable as error:
            logger.warning("Whether task %s has a note is not known: %s", task.task_id, error)
            return
        if not is_noted:
            self.finish(task)

    def discard(self, task: Task) -> None:
        """Remove what lies here of a deleted task, and leave a tombstone.

        The tombstone comes first. Where the disk is too full for it, the recording makes room.
        Raises StorageFull, StorageUnavailable.
        """
        try:
            self.outbox.bury(task)
        except StorageFull:
            self._remove_recording(task)
            self.outbox.bury(task)
        self._remove_recording(task)

    def _remove_recording(self, task: Task) -> None:
        """Raises StorageUnavailable."""
        with translated("clear"):
            try:
                self.delete(task)
            except InvalidTask:
                logger.warning("The recording of task %s is not ours to delete", task.task_id)
