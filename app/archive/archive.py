"""The archive: results of finished tasks, each kept once, until they are removed.

All calls block: call them off the event loop. Every write is one transaction, of a row and what it is found
by, so that it is there as a whole or not at all, however the process ends, and may be repeated.
"""

import time
from collections.abc import Collection, Iterable
from typing import Any, Self

from sqlalchemy import ColumnElement, Engine, and_, delete, func, not_, or_, select, update

from app.archive.database import open_engine
from app.archive.failures import Failures
from app.archive.library import ORDER, SHOWN, Indexer, Library, is_after
from app.archive.packing import ENCODING, packed, unpacked
from app.archive.shares import Shares
from app.archive.store import Store, changed, insert_into
from app.archive.summaries import Summaries
from app.archive.tables import DELETED, DELETED_BY_OLDER, DELETED_ENCODING, PRESENT, fingerprints, transcripts
from app.core.config import Settings
from app.schemas.archived import ArchivedContent, ArchivedResult, ArchivedTask, ArchiveFigures
from app.schemas.position import Position

MEBIBYTE = 1024 * 1024
DAY_MS = 86_400_000

GONE_MS = DAY_MS
"""How long a mark keeps a deleted task out: what was about to archive it has ended by then."""

FOR_EVER_MS = 3650 * DAY_MS

BATCH = 500


class Archive:
    """One service's archive. Every method raises ArchiveUnavailable. Thread-safe."""

    def __init__(
        self,
        engine: Engine,
        *,
        max_days: float,
        max_mb: int,
        max_failure_days: float = 0,
        deleted_days: float = 0,
        live_seconds: int,
        indexer: Indexer | None = None,
    ) -> None:
        """`live_seconds` is how long Redis keeps what the archive had to give up; 0 = for ever.
        `deleted_days` is how long no copy brings back what was deleted; 0 = for ever."""
        self._store = Store(engine)
        self.library = Library(self._store, indexer)
        self._max_ms = int(max_days * DAY_MS)
        self._max_bytes = max_mb * MEBIBYTE
        self._deleted_ms = int(deleted_days * DAY_MS) or FOR_EVER_MS
        self._evicted_ms = live_seconds * 1000 + DAY_MS if live_seconds else FOR_EVER_MS
        self.shares = Shares(self._store)
        self.summaries = Summaries(self._store)
        self.failures = Failures(self._store, max_days=max_failure_days)

    @classmethod
    def from_settings(cls, settings: Settings, indexer: Indexer | None = None) -> Self:
        """The archive that the settings ask for; it is opened at its first use."""
        return cls(
            open_engine(settings),
            max_days=settings.archive_max_days,
            max_mb=settings.archive_max_mb,
            max_failure_days=settings.archive_failures_days,
            deleted_days=settings.archive_deleted_days,
            live_seconds=settings.result_ttl_seconds,
            indexer=indexer,
        )

    def prepare(self) -> None:
        """Make the tables, or bring them up to date, once."""
        self._store.prepare()

    def close(self) -> None:
        """Close all connections."""
        self._store.close()

    def keep(
        self,
        task: ArchivedTask,
        result: bytes,
        *,
        is_summarised: bool = False,
        fingerprint: str | None = None,
    ) -> bool:
        """Keep a result, and have it summarised if wanted; False where that task has one, which stays, or
        where it was removed. Who asks the same of the same recording finds it by the fingerprint."""
        row = _row(task, packed(result))
        with self._store.transaction() as connection:
            # the id of a deleted task may come again: only copies are kept out for longer
            statement = insert_into(connection, transcripts).values(row)
            statement = statement.on_conflict_do_update(
                index_elements=["task_id"], set_=row | _AS_NEW, where=transcripts.c.gone_until_ms < _now_ms()
            )
            if not changed(connection, statement):
                return False
            if is_summarised:
                self.summaries.expect(connection, task.task_id)
            if fingerprint is not None:
                named = {"task_id": task.task_id, "fingerprint": fingerprint}
                connection.execute(
                    insert_into(connection, fingerprints).values(named).on_conflict_do_nothing()
                )
            self.failures.forget(connection, [task.task_id])
            self.library.index(connection, task.task_id)
        return True

    def read(self, task_id: str) -> ArchivedResult | None:
        """The result of a task; None where it is not here."""
        found = self._store.rows(
            select(*SHOWN, transcripts.c.content).where(transcripts.c.task_id == task_id, PRESENT)
        )
        return ArchivedResult(_task(found[0][:-1]), unpacked(found[0][-1])) if found else None

    def of_fingerprint(self, owner: str | None, fingerprint: str) -> ArchivedResult | None:
        """The last result of an owner's recording of which the same was asked; None where there is none."""
        same = fingerprints.c.task_id == transcripts.c.task_id
        found = self._store.rows(
            select(*SHOWN, transcripts.c.content)
            .join_from(fingerprints, transcripts, same)
            .where(fingerprints.c.fingerprint == fingerprint, transcripts.c.owner == owner, PRESENT)
            .order_by(*ORDER)
            .limit(1)
        )
        return ArchivedResult(_task(found[0][:-1]), unpacked(found[0][-1])) if found else None

    def contents(self, task_ids: Iterable[str]) -> dict[str, ArchivedContent]:
        """Results and corrections of those of the tasks that are here."""
        columns = ("task_id", "version", "corrections", "content")
        query = select(*(transcripts.c[name] for name in columns))
        rows = self._store.rows(query.where(transcripts.c.task_id.in_(list(task_ids)), PRESENT))
        return {
            row.task_id: ArchivedContent(unpacked(row.content), unpacked(row.corrections), int(row.version))
            for row in rows
        }

    def corrections(self, task_id: str) -> tuple[int, bytes] | None:
        """Version and content of what people corrected, the content empty unless they did; None where the
        task is not here."""
        columns = (transcripts.c.version, transcripts.c.corrections)
        found = self._store.rows(select(*columns).where(transcripts.c.task_id == task_id, PRESENT))
        return (int(found[0][0]), unpacked(found[0][1])) if found else None

    def correct(self, task_id: str, content: bytes, version: int) -> bool:
        """Put corrections in the place of that version; False where another is there, or the task is not."""
        corrections = packed(content)
        before = func.coalesce(func.length(transcripts.c.corrections), 0)
        statement = (
            update(transcripts)
            .where(transcripts.c.task_id == task_id, transcripts.c.version == version, PRESENT)
            .values(
                version=version + 1,
                corrections=corrections,
                size=transcripts.c.size - before + len(corrections),
            )
        )
        with self._store.transaction() as connection:
            if not changed(connection, statement):
                return False
            self.library.index(connection, task_id)
        return True

    def page(self, owner: str | None, after: Position | None, limit: int) -> list[ArchivedTask]:
        """The next tasks of that owner, or of all, after a place in the list; newest first."""
        query = select(*SHOWN).where(PRESENT).order_by(*ORDER).limit(limit)
        if owner is not None:
            query = query.where(transcripts.c.owner == owner)
        if after is not None:
            query = query.where(is_after(after))
        return [_task(row) for row in self._store.rows(query)]

    def missing(self, task_ids: Iterable[str]) -> set[str]:
        """Those of the tasks that are not here, and were not removed from here."""
        ids = list(task_ids)
        known: set[str] = set()
        for start in range(0, len(ids), BATCH):
            is_kept_out = transcripts.c.gone_until_ms >= _now_ms()
            wanted = and_(transcripts.c.task_id.in_(ids[start : start + BATCH]), or_(PRESENT, is_kept_out))
            known.update(row[0] for row in self._store.rows(select(transcripts.c.task_id).where(wanted)))
        return set(ids) - known

    def remove(self, task_id: str) -> None:
        """Remove a task, and keep it out: what is about to archive it comes too late, and so does a copy."""
        self._mark([task_id], _now_ms() + GONE_MS, is_deleted=True)

    def figures(self) -> ArchiveFigures:
        """How much there is, and how much there may be."""
        [(count, used)] = self._store.rows(select(func.count(), func.sum(transcripts.c.size)).where(PRESENT))
        return ArchiveFigures(int(count), int(used or 0), self._max_bytes)

    def trim(self) -> int:
        """Remove what is too old or too much, the oldest first, marks that are over, and links that lead
        nowhere; how many transcripts."""
        self.shares.tidy()
        self._forget_marks()
        removed = 0
        if self._max_ms:
            removed += self._evict(transcripts.c.created_ms < _now_ms() - self._max_ms)
        while self._max_bytes and (excess := self.figures().used_bytes - self._max_bytes) > 0:
            removed += self._mark(self._oldest(excess), _now_ms() + self._evicted_ms)
        self.library.tidy()
        self.summaries.tidy()
        self.failures.trim()
        return removed

    def _forget_marks(self) -> None:
        """Those that are over; those of what was deleted once no copy is that old."""
        self._store.write(update(transcripts).where(DELETED_BY_OLDER).values(deleted=True))
        gone_until, now = transcripts.c.gone_until_ms, _now_ms()
        is_over = or_(not_(DELETED), gone_until < now - self._deleted_ms)
        self._store.write(delete(transcripts).where(gone_until < now, is_over))

    def is_too_old(self, task: ArchivedTask) -> bool:
        """Whether `trim` would remove it at once."""
        return bool(self._max_ms) and task.created_ms < _now_ms() - self._max_ms

    def _evict(self, condition: ColumnElement[bool]) -> int:
        removed = 0
        query = select(transcripts.c.task_id).where(and_(PRESENT, condition)).limit(BATCH)
        while ids := [row[0] for row in self._store.rows(query)]:
            removed += self._mark(ids, _now_ms() + self._evicted_ms)
        return removed

    def _oldest(self, size: int) -> list[str]:
        """The oldest transcripts that take so many bytes together, or the oldest BATCH of them."""
        columns = (transcripts.c.task_id, transcripts.c.size)
        order = (transcripts.c.created_ms, transcripts.c.task_id)
        found: list[str] = []
        for task_id, each in self._store.rows(select(*columns).where(PRESENT).order_by(*order).limit(BATCH)):
            if size <= 0:
                break
            found.append(task_id)
            size -= each
        return found

    def _mark(self, task_ids: Collection[str], until_ms: int, *, is_deleted: bool = False) -> int:
        """Rows that say nothing of a task but that it is gone; its links go first, and never come back."""
        self.shares.forget(task_ids)
        nothing = dict.fromkeys(
            ("owner", "filename", "model", "language", "duration", "corrections", "content")
        )
        encoding = DELETED_ENCODING if is_deleted else ""
        why = {"gone_until_ms": until_ms, "deleted": is_deleted, "encoding": encoding}
        gone = nothing | why | {"size": 0, "created_ms": 0}
        rows = [gone | {"task_id": task_id, "archived_ms": _now_ms()} for task_id in task_ids]
        if not rows:
            return 0
        with self._store.transaction() as connection:
            statement = insert_into(connection, transcripts).values(rows)
            # what was deleted meanwhile stays marked as that
            statement = statement.on_conflict_do_update(
                index_elements=["task_id"], set_=gone, where=None if is_deleted else PRESENT
            )
            marked = changed(connection, statement)
            self.library.drop(connection, list(task_ids))
            self.summaries.forget(connection, task_ids)
            self.failures.forget(connection, task_ids)
            connection.execute(delete(fingerprints).where(fingerprints.c.task_id.in_(list(task_ids))))
        return marked


_AS_NEW = {"gone_until_ms": None, "deleted": False, "version": 0, "corrections": None}
"""What the row of a mark is given besides that of a new transcript."""


def _row(task: ArchivedTask, content: bytes) -> dict[str, object]:
    return {
        "task_id": task.task_id,
        "owner": _storable(task.owner),
        "created_ms": task.created_ms,
        "archived_ms": _now_ms(),
        "filename": _storable(task.filename),
        "model": _storable(task.model),
        "language": _storable(task.language),
        "duration": task.duration,
        "size": len(content),
        "encoding": ENCODING,
        "content": content,
    }


def _task(row: Any) -> ArchivedTask:
    return ArchivedTask(*row)


def _storable(text: str | None) -> str | None:
    """Without the one character that PostgreSQL takes in no text: a foreign program may send anything."""
    return text and text.replace("\0", "\ufffd")


def _now_ms() -> int:
    return int(time.time() * 1000)
