"""Copies of the archive in one file: to keep elsewhere, to bring back, or to move to another database.

A copy is a SQLite archive itself, whatever database it is made of; the index stays behind: what is brought
back is indexed by the API within minutes. Links that were revoked are copied as such, and so are the marks of
what was deleted, so that no older copy brings it back.
"""

import os
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Column, Connection, Engine, Table, delete, or_, select

from app.archive.database import archive_reachable, open_engine, open_file, transaction
from app.archive.schema import upgrade
from app.archive.store import insert_into
from app.archive.tables import (
    DELETED,
    DELETED_BY_OLDER,
    PRESENT,
    failures,
    fingerprints,
    library,
    shares,
    summaries,
    transcripts,
)
from app.core.config import Settings

BATCH = 200

SNAPSHOT = {"sqlite": "BEGIN", "postgresql": "BEGIN ISOLATION LEVEL REPEATABLE READ"}


def back_up(settings: Settings, path: Path) -> int:
    """Copy all transcripts as they are at one moment, while the service goes on; how many.

    Raises FileExistsError where there is such a file, ArchiveUnavailable, OSError.
    """
    part = path.with_name(f"{path.name}.part")
    if path.exists():
        raise FileExistsError(f"{path} is there already; give a new name, so that no copy is lost.")
    part.unlink(missing_ok=True)
    with _opened(open_engine(settings)) as source, _opened(open_file(part)) as copy:
        copied = _copy(source, copy)
        with archive_reachable(), copy.connect() as connection:
            connection.exec_driver_sql("PRAGMA journal_mode=DELETE")  # one file, and none beside it
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.rename(path)
    return copied


def restore(settings: Settings, path: Path) -> int:
    """Bring the transcripts of a copy back; how many were missing. Those that are there stay as they are.

    Raises FileNotFoundError, ArchiveUnavailable.
    """
    if not path.is_file():
        raise FileNotFoundError(f"There is no file {path}.")
    with TemporaryDirectory() as folder:  # an older copy gets the tables of this version, and stays as it is
        copied = shutil.copyfile(path, Path(folder) / path.name)
        with _opened(open_file(copied)) as copy, _opened(open_engine(settings)) as target:
            return _copy(copy, target)


@contextmanager
def _opened(engine: Engine) -> Iterator[Engine]:
    """With the tables of this version."""
    try:
        with archive_reachable():
            upgrade(engine)
        yield engine
    finally:
        engine.dispose()


def _copy(source: Engine, target: Engine) -> int:
    """Rows that the target lacks, in batches; how many transcripts."""
    copied = 0
    with archive_reachable(), source.connect() as reading, target.connect() as writing:
        reading.exec_driver_sql(SNAPSHOT[source.dialect.name])
        for rows in _batches(reading, transcripts, transcripts.c.task_id, or_(DELETED, DELETED_BY_OLDER)):
            writing.execute(insert_into(writing, transcripts).values(rows).on_conflict_do_nothing())
        for rows in _batches(reading, transcripts, transcripts.c.task_id, PRESENT):
            with transaction(writing):
                statement = insert_into(writing, transcripts).values(rows).on_conflict_do_nothing()
                brought = set(writing.scalars(statement.returning(transcripts.c.task_id)))
                if named := _named(reading, brought):
                    writing.execute(insert_into(writing, library).values(named).on_conflict_do_nothing())
                if made := _summaries(reading, brought):
                    writing.execute(insert_into(writing, summaries).values(made).on_conflict_do_nothing())
                if known := _fingerprints(reading, brought):
                    writing.execute(insert_into(writing, fingerprints).values(known).on_conflict_do_nothing())
            copied += len(brought)
        for rows in _batches(reading, failures, failures.c.task_id):
            writing.execute(insert_into(writing, failures).values(rows).on_conflict_do_nothing())
        for rows in _batches(reading, shares, shares.c.share_id):
            if of_same := _of_same(reading, writing, rows):
                writing.execute(insert_into(writing, shares).values(of_same).on_conflict_do_nothing())
        reading.exec_driver_sql("COMMIT")
        there = select(transcripts.c.task_id).where(PRESENT)  # of transcripts that were removed meanwhile
        writing.execute(delete(shares).where(shares.c.task_id.not_in(there)))
        writing.execute(delete(failures).where(failures.c.task_id.in_(select(transcripts.c.task_id))))
    return copied


def _batches(
    connection: Connection, table: Table, key: Column[Any], *conditions: Any
) -> Iterator[list[dict[str, Any]]]:
    """All rows of a table for which these are true, by their keys."""
    last = ""
    while True:
        query = select(table).where(*conditions, key > last).order_by(key).limit(BATCH)
        rows = [dict(row) for row in connection.execute(query).mappings()]
        if not rows:
            return
        yield rows
        last = rows[-1][key.name]


def _of_same(
    reading: Connection, writing: Connection, links: Collection[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Those of the links that lead to what they were made of: a program may have used an id again."""
    ids = {link["task_id"] for link in links}
    columns = (transcripts.c.task_id, transcripts.c.created_ms, transcripts.c.owner)
    query = select(*columns).where(transcripts.c.task_id.in_(ids), PRESENT)
    both = {tuple(row) for row in reading.execute(query)} & {tuple(row) for row in writing.execute(query)}
    same = {row[0] for row in both}
    return [link for link in links if link["task_id"] in same]


def _named(connection: Connection, task_ids: Collection[str]) -> list[dict[str, Any]]:
    """Titles and tags of those of the transcripts that have any."""
    columns = (library.c.task_id, library.c.created_ms, library.c.title, library.c.tags)
    query = select(*columns).where(library.c.task_id.in_(task_ids))
    is_named = or_(library.c.title.is_not(None), library.c.tags.is_not(None))
    return [dict(row) for row in connection.execute(query.where(is_named)).mappings()]


def _summaries(connection: Connection, task_ids: Collection[str]) -> list[dict[str, Any]]:
    """Those of the transcripts that were made; what was only asked for may be asked for again."""
    query = select(summaries).where(summaries.c.task_id.in_(task_ids), summaries.c.content.is_not(None))
    idle = {"due_ms": None, "token": None, "parts": None}
    return [dict(row) | idle for row in connection.execute(query).mappings()]


def _fingerprints(connection: Connection, task_ids: Collection[str]) -> list[dict[str, Any]]:
    query = select(fingerprints).where(fingerprints.c.task_id.in_(task_ids))
    return [dict(row) for row in connection.execute(query).mappings()]
