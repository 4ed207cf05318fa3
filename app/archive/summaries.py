"""Summaries of archived transcripts: what is to be made, who makes it now, and what was made.

The table is the queue: an attempt is taken by one process at a time, with a token and for some time only. A
process that dies leaves a row that is due again; one that was given up for dead cannot write any more.
"""

import json
import time
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, or_, select, update

from app.archive.packing import packed, unpacked
from app.archive.store import Store, changed, insert_into
from app.archive.tables import PRESENT, summaries, transcripts
from app.schemas.task import Summary, TaskFailure, TaskStatus

_SHOWN = [
    summaries.c[name]
    for name in ("due_ms", "token", "error_code", "error_message", "model", "made_ms", "version", "content")
]


@dataclass(frozen=True, slots=True)
class SummaryAttempt:
    """One attempt to summarise a transcript, counted from 1; `parts` are answers that earlier ones got."""

    task_id: str
    token: str
    number: int
    parts: Mapping[str, str]


class Summaries:
    """The summaries of one archive. Every method raises ArchiveUnavailable. Thread-safe."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def expect(self, connection: Connection, task_id: str) -> None:
        """A transcript that is archived in this transaction is to be summarised."""
        row = {"task_id": task_id, "due_ms": _now_ms(), "attempts": 0}
        connection.execute(insert_into(connection, summaries).values(row).on_conflict_do_nothing())

    def ask(self, task_id: str) -> bool:
        """Have a transcript summarised, anew where that was done before; the last summary stays until there
        is another. False where the archive has no such transcript."""
        again = {
            "due_ms": _now_ms(),
            "token": None,
            "attempts": 0,
            "error_code": None,
            "error_message": None,
            "parts": None,
        }
        with self._store.transaction() as connection:
            present = select(transcripts.c.task_id).where(transcripts.c.task_id == task_id, PRESENT)
            if connection.scalar(present.with_for_update()) is None:
                return False
            statement = insert_into(connection, summaries).values({"task_id": task_id} | again)
            is_idle = summaries.c.due_ms.is_(None)
            connection.execute(
                statement.on_conflict_do_update(index_elements=["task_id"], set_=again, where=is_idle)
            )
        return True

    def read(self, task_id: str) -> Summary | None:
        """The summary of a transcript, or how far it is; None where none was asked for."""
        same = summaries.c.task_id == transcripts.c.task_id
        corrected = transcripts.c.version.label("corrected")
        query = select(*_SHOWN, corrected).join_from(summaries, transcripts, same, isouter=True)
        found = self._store.rows(query.where(summaries.c.task_id == task_id))
        return _summary(found[0]) if found else None

    def take(self, seconds: float) -> SummaryAttempt | None:
        """Begin the attempt that has been due for longest; nobody else does for so many seconds."""
        due = select(summaries.c.task_id).where(summaries.c.due_ms <= _now_ms())
        for row in self._store.rows(due.order_by(summaries.c.due_ms).limit(1)):
            token = uuid.uuid4().hex
            statement = (
                update(summaries)
                .where(summaries.c.task_id == row[0], summaries.c.due_ms <= _now_ms())
                .values(token=token, due_ms=_later(seconds), attempts=summaries.c.attempts + 1)
                .returning(summaries.c.attempts, summaries.c.parts)
            )
            for attempts, parts in self._store.rows(statement):
                known = json.loads(unpacked(parts)) if parts else {}
                return SummaryAttempt(row[0], token, int(attempts), known)
        return None

    def note(self, attempt: SummaryAttempt, parts: Mapping[str, str], seconds: float) -> bool:
        """Keep the answers so far, and the attempt for so many seconds more; False where it is lost."""
        noted = packed(json.dumps(parts).encode())
        return self._write(attempt, parts=noted, due_ms=_later(seconds))

    def finish(self, attempt: SummaryAttempt, text: str, model: str | None, version: int) -> bool:
        """Keep the summary of a transcript with corrections of that version; False where the attempt is
        lost."""
        return self._write(
            attempt,
            due_ms=None,
            token=None,
            parts=None,
            error_code=None,
            error_message=None,
            model=model,
            made_ms=_now_ms(),
            version=version,
            content=packed(text.encode("utf-8", "replace")),
        )

    def fail(self, attempt: SummaryAttempt, failure: TaskFailure, again_in_seconds: float | None) -> bool:
        """The attempt has failed; the next is due in so many seconds, None: it was the last. False where the
        attempt is lost."""
        due_ms = None if again_in_seconds is None else _later(again_in_seconds)
        return self._write(
            attempt, due_ms=due_ms, token=None, error_code=failure.code, error_message=failure.message
        )

    def forget(self, connection: Connection, task_ids: Collection[str]) -> None:
        """Forget the summaries of transcripts that are removed in the same transaction."""
        connection.execute(delete(summaries).where(summaries.c.task_id.in_(task_ids)))

    def tidy(self) -> None:
        """Forget the summaries of what an API of an older version has removed."""
        is_gone = or_(transcripts.c.task_id.is_(None), ~PRESENT)
        same = summaries.c.task_id == transcripts.c.task_id
        gone = select(summaries.c.task_id).join_from(summaries, transcripts, same, isouter=True)
        self._store.write(delete(summaries).where(summaries.c.task_id.in_(gone.where(is_gone))))

    def _write(self, attempt: SummaryAttempt, **values: Any) -> bool:
        is_ours = (summaries.c.task_id == attempt.task_id, summaries.c.token == attempt.token)
        with self._store.connection() as connection:
            return bool(changed(connection, update(summaries).where(*is_ours).values(values)))


def _summary(row: Any) -> Summary:
    failure = None
    if row.error_code is not None:
        failure = TaskFailure(code=row.error_code, message=row.error_message or "")
    return Summary(
        status=_status(row),
        text=unpacked(row.content).decode() if row.content is not None else None,
        model=row.model,
        created_at=row.made_ms / 1000 if row.made_ms is not None else None,
        stale=row.version is not None and row.version != row.corrected,
        error=failure,
    )


def _status(row: Any) -> TaskStatus:
    if row.due_ms is not None:
        return TaskStatus.QUEUED if row.token is None else TaskStatus.PROCESSING
    return TaskStatus.DONE if row.error_code is None else TaskStatus.ERROR


def _later(seconds: float) -> int:
    return _now_ms() + int(seconds * 1000)


def _now_ms() -> int:
    return int(time.time() * 1000)
