"""Failed tasks in the archive: why each failed, until it is done after all, deleted, or too old."""

import time
from collections.abc import Collection, Iterable

from sqlalchemy import Connection, Select, delete, select, tuple_

from app.archive.store import Store, insert_into
from app.archive.tables import failures, transcripts
from app.schemas.failure import ArchivedFailure
from app.schemas.position import Position

DAY_MS = 86_400_000

BATCH = 500

LONGEST_TEXT = 4000
"""Characters of a failure's message; a foreign worker may write anything."""

_ORDER = (failures.c.created_ms.desc(), failures.c.task_id.desc())
_NAMES = ("task_id", "owner", "filename", "model", "duration", "code", "message", "attempts")


class Failures:
    """The failures of one archive. Every method raises ArchiveUnavailable. Thread-safe."""

    def __init__(self, store: Store, *, max_days: float) -> None:
        self._store = store
        self._max_ms = int(max_days * DAY_MS)

    def keep(self, failure: ArchivedFailure) -> bool:
        """Keep a failure in the place of the task's last one; False where there was one, or where the task
        has a transcript, or was removed."""
        row = {name: _storable(getattr(failure, name)) for name in _NAMES} | {
            "created_ms": failure.created_ms,
            "ended_ms": round(failure.ended_at * 1000),
        }
        told = (failure.filename or "", failure.code, failure.message)
        row["found_by"] = _storable("\n".join(told)[:LONGEST_TEXT].casefold())
        with self._store.transaction() as connection:
            known = select(transcripts.c.task_id).where(transcripts.c.task_id == failure.task_id)
            if connection.scalar(known) is not None:
                return False
            last = select(failures.c.task_id).where(failures.c.task_id == failure.task_id)
            is_new = connection.scalar(last) is None
            statement = insert_into(connection, failures).values(row)
            connection.execute(statement.on_conflict_do_update(index_elements=["task_id"], set_=row))
        return is_new

    def read(self, task_id: str) -> ArchivedFailure | None:
        """The failure of a task; None where there is none."""
        found = self._found(select(failures).where(failures.c.task_id == task_id))
        return found[0] if found else None

    def known(self, task_ids: Iterable[str]) -> set[str]:
        """Those of the tasks whose failures are here."""
        ids, known = list(task_ids), set[str]()
        for start in range(0, len(ids), BATCH):
            wanted = failures.c.task_id.in_(ids[start : start + BATCH])
            known.update(row[0] for row in self._store.rows(select(failures.c.task_id).where(wanted)))
        return known

    def page(
        self,
        owner: str | None,
        after: Position | None,
        limit: int,
        *,
        code: str | None = None,
        text: str | None = None,
    ) -> list[ArchivedFailure]:
        """The next failures of that owner, or of all, after a place in the list, newest first; with that
        code, and with that text in file name, code or sentence."""
        query = select(failures).order_by(*_ORDER).limit(limit)
        if owner is not None:
            query = query.where(failures.c.owner == owner)
        if code is not None:
            query = query.where(failures.c.code == _storable(code))
        if text is not None:
            wanted = _storable(text.casefold())
            query = query.where(failures.c.found_by.contains(wanted, autoescape=True))
        if after is not None:
            place = tuple_(failures.c.created_ms, failures.c.task_id)
            query = query.where(place < (int(after.at), after.task_id))
        return self._found(query)

    def forget(self, connection: Connection, task_ids: Collection[str]) -> None:
        """Forget failures, in a transaction that tells something newer of their tasks."""
        connection.execute(delete(failures).where(failures.c.task_id.in_(task_ids)))

    def trim(self) -> None:
        """Forget what is too old."""
        if self._max_ms:
            self._store.write(delete(failures).where(failures.c.ended_ms < _now_ms() - self._max_ms))

    def _found(self, query: Select[tuple[object, ...]]) -> list[ArchivedFailure]:
        return [
            ArchivedFailure(
                created_at=row.created_ms / 1000,
                ended_at=row.ended_ms / 1000,
                **{name: getattr(row, name) for name in _NAMES},
            )
            for row in self._store.rows(query)
        ]


def _storable(value: object) -> object:
    """Texts without the one character that PostgreSQL takes in none, and of bounded length."""
    return value.replace("\0", "\ufffd")[:LONGEST_TEXT] if isinstance(value, str) else value


def _now_ms() -> int:
    return int(time.time() * 1000)
