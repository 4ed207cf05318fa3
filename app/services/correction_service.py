"""Corrections of transcripts, kept beside them in the archive: no two editors overwrite each other."""

from collections.abc import Mapping
from typing import Any

from app.core.errors import (
    ArchiveOff,
    CorrectionsConflict,
    InvalidParameter,
    NotFinished,
)
from app.core.validation import quoted
from app.schemas.caller import Caller
from app.schemas.corrections import Corrections, StoredCorrections
from app.schemas.task import TaskStatus
from app.services.archive_service import ArchiveService
from app.services.task_service import TaskService


class CorrectionService:
    """The use cases of corrections. All raise TaskNotFound, also of another's task, ArchiveOff,
    ArchiveUnavailable and QueueUnavailable."""

    def __init__(self, tasks: TaskService, archive: ArchiveService | None) -> None:
        self._tasks = tasks
        self._archive = archive

    async def read(self, task_id: str, caller: Caller) -> StoredCorrections:
        """Those of a task; none at all are version 0."""
        await self._tasks.state(task_id, caller)
        stored = await self._kept().corrections(task_id)
        return stored or StoredCorrections(version=0, corrections=Corrections())

    async def save(self, task_id: str, caller: Caller, corrections: Corrections, version: int) -> int:
        """Put them in the place of that version; their own version.

        Raises NotFinished where there is no transcript, InvalidParameter where they name a segment or a
        speaker that it does not have, CorrectionsConflict where another version is there, NotArchived where
        the archive does not take the transcript.
        """
        state = await self._tasks.state(task_id, caller)
        if state.status is not TaskStatus.DONE:
            raise NotFinished(f"There is no transcript to correct; the task is {state.status}.")
        _check(corrections, state.result or {})
        archive = self._kept()
        if await archive.corrections(task_id) is None:
            await self._tasks.archive_now(task_id)
        saved = await archive.correct(task_id, corrections, version)
        if saved is None:
            current = await archive.corrections(task_id)
            if current is None:
                raise await self._tasks.refusal(task_id)
            raise CorrectionsConflict(
                f"The corrections were changed meanwhile: they are version {current.version}, yours were "
                f"made to version {version}. Read them, put yours in, and send them again.",
                version=current.version,
            )
        return saved

    async def applied(self, task_id: str) -> Corrections | None:
        """What is to be applied to the result of a task; None where nothing was corrected."""
        if self._archive is None:
            return None
        stored = await self._archive.corrections(task_id)
        return stored.corrections if stored is not None and stored.version else None

    def _kept(self) -> ArchiveService:
        if self._archive is None:
            raise ArchiveOff(
                "Corrections are kept in the archive, and this service has none (ARCHIVE=false)."
            )
        return self._archive


def _check(corrections: Corrections, result: Mapping[str, Any]) -> None:
    """Raise InvalidParameter where something is corrected that is not there: nobody would ever see it."""
    _check_segments(corrections, len(_items(result.get("segments"))))
    changes, runs = corrections.speakers, corrections.regrouped.values()
    speakers = _items(result.get("speakers"))
    known = {each.get("id") for each in speakers if isinstance(each, Mapping)}
    named = {*changes.names, *changes.merged, *changes.merged.values(), *changes.moved.values()}
    named |= {piece.speaker for run in runs for piece in run.pieces if piece.speaker is not None}
    if unknown := sorted(named - known):
        raise InvalidParameter(
            f"The transcript has no speaker {quoted(unknown[0])}; it has: "
            f"{', '.join(sorted(map(str, known))) or 'none'}.",
            parameter="speakers",
        )


def _check_segments(corrections: Corrections, count: int) -> None:
    """Raise InvalidParameter where a segment is not there, or is corrected twice."""
    ends = {first: run.last for first, run in corrections.regrouped.items()}
    named = {"texts": [*corrections.texts], "moved": [*corrections.speakers.moved]}
    for parameter, indexes in {**named, "regrouped": [*ends, *ends.values()]}.items():
        if indexes and max(indexes) >= count:
            raise InvalidParameter(
                f"There is no segment {max(indexes)}: the transcript has {count}, counted from 0.",
                parameter=parameter,
            )
    taken = -1
    for first, last in sorted(ends.items()):
        if last < first or first <= taken:
            raise InvalidParameter(
                f"The segments from {first} to {last} cannot be regrouped: "
                + ("the last is before the first." if last < first else f"segment {first} already is."),
                parameter="regrouped",
            )
        taken = last
        for parameter, indexes in named.items():
            if twice := [index for index in indexes if first <= index <= last]:
                raise InvalidParameter(
                    f"Segment {twice[0]} is regrouped: put its text and speaker into `pieces`.",
                    parameter=parameter,
                )


def _items(value: object) -> list[object]:
    return value if isinstance(value, list) else []
