"""The archive is copied, wiped and brought back: equal, in both databases and from one to the other."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import delete, select
from typer.testing import CliRunner

from app.archive import archive as archive_module
from app.archive.__main__ import cli
from app.archive.archive import DAY_MS, Archive
from app.archive.backup import back_up, restore
from app.archive.database import open_engine
from app.archive.tables import library, transcripts
from app.core.config import Settings
from app.schemas.archived import ArchivedTask
from app.schemas.library import Details, DetailsChange
from app.schemas.share import Share

MANY = 450
"""More than two batches."""


def filled(settings: Settings) -> Archive:
    archive = Archive.from_settings(settings)
    for number in range(MANY):
        task = ArchivedTask(
            task_id=f"t{number}", created_ms=number, owner="alice", filename=f"Запись {number}"
        )
        archive.keep(task, f'{{"text": "{number}"}}'.encode())
    archive.correct("t7", b'{"texts": {"0": "seven"}}', 0)
    archive.library.describe("t7", DetailsChange(title="Семь", tags=("a b", "c")))
    archive.library.describe("t300", DetailsChange(tags=("c",)))
    archive.remove("t8")
    return archive


def rows(settings: Settings) -> list[tuple[object, ...]]:
    engine = open_engine(settings)
    with engine.connect() as connection:
        query = (
            select(transcripts).where(transcripts.c.gone_until_ms.is_(None)).order_by(transcripts.c.task_id)
        )
        found = [tuple(row) for row in connection.execute(query)]
    engine.dispose()
    return found


def named(settings: Settings) -> dict[str, Details]:
    archive = Archive.from_settings(settings)
    entries = archive.library.entries([f"t{number}" for number in range(MANY)])
    archive.close()
    return {task_id: entry.details for task_id, entry in entries.items()}


def wipe(settings: Settings) -> None:
    engine = open_engine(settings)
    with engine.connect() as connection:
        connection.execute(delete(transcripts))
        connection.execute(delete(library))
    engine.dispose()


def test_a_copy_brings_everything_back(archive_settings: Callable[..., Settings], tmp_path: Path) -> None:
    settings, copy = archive_settings(), tmp_path / "copy.db"
    archive = filled(settings)
    before, names_before = rows(settings), named(settings)
    assert back_up(settings, copy) == MANY - 1
    assert sorted(path.name for path in tmp_path.glob("copy*")) == ["copy.db"]
    wipe(settings)
    assert restore(settings, copy) == MANY - 1
    assert rows(settings) == before
    assert named(settings) == names_before
    assert names_before["t7"] == Details(title="Семь", tags=("a b", "c"))
    assert restore(settings, copy) == 0, "what is there stays"
    archive.close()


def test_a_copy_moves_to_another_database(
    archive_settings: Callable[..., Settings], settings_for: Callable[..., Settings], tmp_path: Path
) -> None:
    settings = archive_settings()
    filled(settings).close()
    back_up(settings, tmp_path / "copy.db")
    other = settings_for(data_dir=tmp_path / "elsewhere")
    restore(other, tmp_path / "copy.db")
    assert rows(other) == rows(settings)
    assert named(other) == named(settings)


def test_what_is_there_counts_more(archive_settings: Callable[..., Settings], tmp_path: Path) -> None:
    settings = archive_settings()
    archive = filled(settings)
    back_up(settings, tmp_path / "copy.db")
    archive.correct("t7", b'{"texts": {"0": "later"}}', 1)
    archive.library.describe("t7", DetailsChange(title="", tags=()))
    assert restore(settings, tmp_path / "copy.db") == 0
    assert archive.corrections("t7") == (2, b'{"texts": {"0": "later"}}')
    assert named(settings)["t7"] == Details(title="Запись 7")
    archive.close()


def test_what_was_deleted_stays_so_whichever_copy_is_brought_back(
    archive_settings: Callable[..., Settings],
    settings_for: Callable[..., Settings],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = archive_settings(archive_deleted_days=2)
    archive, older, newer = Archive.from_settings(settings), tmp_path / "older.db", tmp_path / "newer.db"
    for task_id in ("t7", "t8"):
        archive.keep(ArchivedTask(task_id=task_id, created_ms=7), b"{}")
    link = Share(share_id="s", created_at=0.0)
    archive.shares.add("t7", link, "token")
    back_up(settings, older)
    archive.remove("t7")
    monkeypatch.setattr(archive_module, "_now_ms", lambda: int(time.time() * 1000) + 2 * DAY_MS)
    archive.trim()
    back_up(settings, newer)
    assert restore(settings, older) == 0
    assert (archive.read("t7"), archive.shares.find("token")) == (None, None)
    lost = settings_for(data_dir=tmp_path / "new")
    assert restore(lost, newer) == 1
    assert restore(lost, older) == 0, "the newer copy tells what was deleted"

    new = ArchivedTask(task_id="t7", created_ms=7)
    assert archive.missing(["t7"]) == {"t7"}
    assert archive.keep(new, b"{}"), "a program may use the id again"
    assert archive.corrections("t7") == (0, b"")
    archive.remove("t7")
    monkeypatch.setattr(archive_module, "_now_ms", lambda: int(time.time() * 1000) + 6 * DAY_MS)
    archive.trim()
    assert restore(settings, older) == 1, "nothing is known for longer than ARCHIVE_DELETED_DAYS"
    archive.close()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["backup", "there.db"], "there.db is there already"),
        (["restore", "missing.db"], "There is no file missing.db"),
        (["restore", "there.db"], "file is not a database"),
    ],
)
def test_what_goes_wrong_is_a_sentence(
    arguments: list[str], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.db").write_bytes(b"something else" * 100)
    found = CliRunner().invoke(cli, arguments)
    assert found.exit_code == 1
    assert told in found.stderr


def test_the_commands_tell_how_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    filled(Settings()).close()
    assert f"{MANY - 1} transcript(s) are in c.db" in CliRunner().invoke(cli, ["backup", "c.db"]).stdout
    wipe(Settings())
    assert "449 transcript(s) were brought back" in CliRunner().invoke(cli, ["restore", "c.db"]).stdout
