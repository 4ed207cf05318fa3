"""The steps that bring the tables of an older version up to date, in both databases."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, insert, select

from app.archive import archive as archive_module
from app.archive.archive import DAY_MS
from app.archive.backup import back_up, restore
from app.archive.database import open_engine
from app.archive.packing import ENCODING, packed
from app.archive.schema import MIGRATIONS, NEWEST
from app.archive.tables import WORDS_TABLE, metadata, transcripts
from app.core.config import Settings
from app.core.errors import ArchiveUnavailable
from app.schemas.archived import ArchivedResult, ArchivedTask
from tests.unit.archive.test_archive import opened

SettingsFor = Callable[..., Settings]

TASK = ArchivedTask(task_id="t", created_ms=1_700_000_000_123)
RESULT = b'{"text": "hello"}'


@contextmanager
def connected(settings: Settings) -> Iterator[Connection]:
    engine = open_engine(settings)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def test_the_migrations_make_what_the_tables_say(archive_settings: SettingsFor) -> None:
    settings = archive_settings()
    with opened(settings) as archive:
        archive.prepare()
    engine = open_engine(settings)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": _is_in_both})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def _is_in_both(thing: object, name: str | None, *_: object) -> bool:
    """Not the index of words: no metadata can describe the tables that SQLite has instead of PostgreSQL's."""
    return not str(name).startswith((WORDS_TABLE, "ix_library_words"))


def test_the_newest_step_is_the_last_of_the_migrations() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_current_head() == NEWEST


def test_tables_of_a_newer_version_are_left_alone(archive_settings: SettingsFor) -> None:
    settings = archive_settings()
    with opened(settings) as archive:
        archive.keep(TASK, RESULT)
    engine = open_engine(settings)
    with engine.connect() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with opened(settings) as archive:
        with pytest.raises(ArchiveUnavailable):
            archive.read("t")
        with engine.connect() as connection:
            connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{NEWEST}'")
        assert archive.read("t") == ArchivedResult(TASK, RESULT)
    engine.dispose()


def test_marks_of_deleted_tasks_are_carried_over(
    archive_settings: SettingsFor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of before 0007, and those that an older API makes beside a newer one."""
    settings, copy = archive_settings(archive_deleted_days=9), tmp_path / "copy.db"
    with connected(settings) as connection:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, "0006")
        content = {"encoding": ENCODING, "content": packed(RESULT)}
        connection.execute(insert(transcripts).values(_older_row("kept", **content)))
        connection.execute(insert(transcripts).values(_older_mark("removed", "deleted")))
        connection.execute(insert(transcripts).values(_older_mark("evicted", "")))
    with opened(settings) as archive, connected(settings) as connection:
        archive.prepare()
        assert _marks(connection) == {"removed": True, "evicted": False}
        older = transcripts.c.task_id == "removed", transcripts.c.encoding == "deleted"
        assert connection.execute(select(transcripts.c.task_id).where(*older)).all(), "an older API knows it"
        connection.execute(insert(transcripts).values(_older_mark("removed later", "deleted")))
        back_up(settings, copy)
        found = archive.read("kept")
        assert found is not None
        assert found.result == RESULT

        monkeypatch.setattr(archive_module, "_now_ms", lambda: int(time.time() * 1000) + 3 * DAY_MS)
        archive.trim()
        assert _marks(connection) == {"removed": True, "removed later": True}
        connection.execute(transcripts.delete())
        restore(settings, copy)
        archive.trim()
        assert _marks(connection) == {"removed": True, "removed later": True}


def _older_row(task_id: str, **values: object) -> dict[str, object]:
    return {"task_id": task_id, "created_ms": 0, "archived_ms": 0, "size": 0} | values


def _older_mark(task_id: str, encoding: str) -> dict[str, object]:
    return _older_row(task_id, encoding=encoding, gone_until_ms=int(time.time() * 1000) + DAY_MS)


def _marks(connection: Connection) -> dict[str, bool]:
    """Whether each is that of a deleted task."""
    columns = (transcripts.c.task_id, transcripts.c.deleted)
    query = select(*columns).where(transcripts.c.gone_until_ms.is_not(None))
    return {row.task_id: row.deleted for row in connection.execute(query)}
