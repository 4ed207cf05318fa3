"""Titles, tags and words of the transcripts in the archive."""

import logging
from collections.abc import Collection, Iterable, Sequence
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, delete, or_, select, tuple_, update

from app.archive.packing import unpacked
from app.archive.store import Store, insert_into
from app.archive.tables import PRESENT, library, transcripts
from app.archive.word_index import (
    PostgresWords,
    SqliteWords,
    WordIndex,
    begin_tidying,
    end_tidying,
    is_untidy,
    tidy_on,
)
from app.schemas.archived import ArchivedTask
from app.schemas.library import DetailsChange, Indexable, LibraryEntry, Search, tags_of, tags_text
from app.schemas.position import Position

logger = logging.getLogger(__name__)

BATCH = 100
"""Rows that are dropped at a time."""

ORDER = (transcripts.c.created_ms.desc(), transcripts.c.task_id.desc())
SHOWN = [
    transcripts.c[name]
    for name in ("task_id", "created_ms", "owner", "filename", "model", "language", "duration")
]
NAMED = [*SHOWN, library.c.title, library.c.tags]


def is_after(place: Position, table: Table = transcripts) -> ColumnElement[bool]:
    """The condition that a transcript comes later in the list, which runs from new to old."""
    return tuple_(table.c.created_ms, table.c.task_id) < (int(place.at), place.task_id)


class Indexer(Protocol):
    """Whoever knows by which words a transcript is found; `rules` is the number of its way to tell them."""

    @property
    def rules(self) -> int:
        """Grows with every change of what `words_of` gives."""

    def words_of(self, source: Indexable) -> Collection[str]:
        """Tokens as `word_index` takes them."""


class Library:
    """What a transcript is called, and which ones are found. Every method raises ArchiveUnavailable.

    Without an `indexer` nothing is indexed: who has one does so later.
    """

    def __init__(self, store: Store, indexer: Indexer | None) -> None:
        self._store = store
        self._indexer = indexer
        self._index: WordIndex = SqliteWords() if store.is_sqlite else PostgresWords()

    def entries(self, task_ids: Iterable[str]) -> dict[str, LibraryEntry]:
        """Those of the tasks that are in the archive, by their ids."""
        query = _of_all()
        found = self._store.rows(query.where(transcripts.c.task_id.in_(list(task_ids))))
        return {row.task_id: _entry(row) for row in found}

    def describe(self, task_id: str, change: DetailsChange) -> bool:
        """Change title and tags, as far as they are given; False where the task is not here."""
        given = {name: getattr(change, name) for name in change.model_fields_set}
        values: dict[str, Any] = {}
        if "title" in given:
            values["title"] = given["title"] or None
        if "tags" in given:
            values["tags"] = tags_text(given["tags"] or ())
        with self._store.transaction() as connection:
            if not _lock(connection, task_id):
                return False
            _make_row(connection, task_id)
            if values:
                connection.execute(update(library).where(library.c.task_id == task_id).values(values))
            self.index(connection, task_id)
        return True

    def search(
        self, wanted: Search, owner: str | None, after: Position | None, limit: int
    ) -> list[LibraryEntry]:
        """The next transcripts that fit, of that owner or of all, newest first."""
        query = self._with_words(wanted.tokens) if wanted.tokens else _of_all()
        query = query.where(*_bounds(wanted)).limit(limit)
        if owner is not None:
            query = query.where(transcripts.c.owner == owner)
        listed = library if wanted.tokens else transcripts
        query = query.order_by(listed.c.created_ms.desc(), listed.c.task_id.desc())
        if after is not None:
            query = query.where(is_after(after, listed))
        return [_entry(row) for row in self._store.rows(query)]

    def _with_words(self, tokens: Collection[str]) -> Select[Any]:
        """Through `library` in the order of the list, until there are enough. SQLite does not know how often
        a word is said, and would look up all that have it; `+ 0` keeps it from the indexes for that. It would
        hide from PostgreSQL, which does know, how many transcripts there are."""
        is_present = (transcripts.c.gone_until_ms + 0).is_(None) if self._store.is_sqlite else PRESENT
        query = select(*NAMED).join_from(library, transcripts, _SAME_TASK)
        return query.where(self._index.has_all(tokens), is_present)

    def index_stale(self, limit: int) -> int:
        """Index transcripts that are not yet, or were by older rules or with other corrections; how many
        were tried, `limit` at most."""
        if self._indexer is None:
            return 0
        is_indexed = and_(library.c.rules == self._indexer.rules, library.c.version == transcripts.c.version)
        query = (
            select(transcripts.c.task_id)
            .join_from(transcripts, library, _SAME_TASK, isouter=True)
            .where(PRESENT, or_(library.c.number.is_(None), library.c.rules.is_(None), ~is_indexed))
            .limit(limit)
        )
        stale = [row[0] for row in self._store.rows(query)]
        for task_id in stale:  # each for itself, so that whoever writes waits for one at most
            with self._store.transaction() as connection:
                if _lock(connection, task_id):
                    self.index(connection, task_id)
        return len(stale)

    def index(self, connection: Connection, task_id: str) -> None:
        """Index a transcript that is there, in a transaction in which it cannot change."""
        if self._indexer is None:
            return
        number = _make_row(connection, task_id)
        columns = (transcripts.c.version, transcripts.c.content, transcripts.c.corrections)
        query = select(*NAMED, *columns).join_from(transcripts, library, _SAME_TASK)
        row = connection.execute(query.where(library.c.number == number)).one()
        state = {"rules": self._indexer.rules, "version": row.version}
        self._index.put(connection, number, self._words_of(row))
        connection.execute(update(library).where(library.c.number == number).values(state))

    def drop(self, connection: Connection, task_ids: Sequence[str]) -> None:
        """Forget what is known of tasks that are removed in the same transaction."""
        found = connection.scalars(select(library.c.number).where(library.c.task_id.in_(task_ids)))
        for number in found.all():
            self._index.drop(connection, number)
            connection.execute(delete(library).where(library.c.number == number))

    def tidy(self) -> None:
        """Forget what an API of an older version has removed in `transcripts` alone; in SQLite have the words
        of all that was removed leave the file, too, bit by bit."""
        is_gone = or_(transcripts.c.task_id.is_(None), ~PRESENT)
        query = select(library.c.task_id).join_from(library, transcripts, _SAME_TASK, isouter=True)
        while gone := [row[0] for row in self._store.rows(query.where(is_gone).limit(BATCH))]:
            with self._store.transaction() as connection:
                self.drop(connection, gone)
        if not self._store.is_sqlite:
            return
        with self._store.connection() as connection:
            if not is_untidy(connection):
                return
            begin_tidying(connection)
            while tidy_on(connection):
                pass
        with self._store.transaction() as connection:
            end_tidying(connection)

    def _words_of(self, row: Any) -> Collection[str]:
        """None where that fails: a transcript that nobody understands is kept all the same."""
        assert self._indexer is not None
        entry = _entry(row)
        source = Indexable(
            entry.task, unpacked(row.content), unpacked(row.corrections), entry.title, entry.tags
        )
        try:
            return self._indexer.words_of(source)
        except Exception:
            logger.exception("Task %s is archived, but cannot be searched", row.task_id)
            return ()


_SAME_TASK = library.c.task_id == transcripts.c.task_id


def _lock(connection: Connection, task_id: str) -> bool:
    """Have nobody else change a transcript until the transaction ends; False where it is not here."""
    query = select(transcripts.c.task_id).where(transcripts.c.task_id == task_id, PRESENT)
    return connection.scalar(query.with_for_update()) is not None


def _of_all() -> Select[Any]:
    """Those that are not indexed yet, too."""
    return select(*NAMED).join_from(transcripts, library, _SAME_TASK, isouter=True).where(PRESENT)


def _make_row(connection: Connection, task_id: str) -> int:
    """The number of a task in the library, where it gets a row unless it has one."""
    row = select(transcripts.c.task_id, transcripts.c.created_ms).where(transcripts.c.task_id == task_id)
    statement = insert_into(connection, library).from_select(["task_id", "created_ms"], row)
    connection.execute(statement.on_conflict_do_nothing())
    return int(connection.execute(select(library.c.number).where(library.c.task_id == task_id)).scalar_one())


def _bounds(wanted: Search) -> list[Any]:
    created, duration = transcripts.c.created_ms, transcripts.c.duration
    bounds = [
        (wanted.from_ms, created.__ge__),
        (wanted.to_ms, created.__le__),
        (wanted.language, transcripts.c.language.__eq__),
        (wanted.min_duration, duration.__ge__),
        (wanted.max_duration, duration.__le__),
    ]
    return [compare(bound) for bound, compare in bounds if bound is not None]


def _entry(row: Any) -> LibraryEntry:
    task = ArchivedTask(*(getattr(row, column.name) for column in SHOWN))
    return LibraryEntry(task, row.title, tags_of(row.tags))
