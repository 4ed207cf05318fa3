"""Links in the archive: valid, expired, revoked, copied and brought back."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from app.archive import shares as shares_module
from app.archive.archive import Archive
from app.archive.backup import back_up, restore
from app.archive.database import open_engine
from app.archive.tables import shares
from app.core.config import Settings
from app.schemas.archived import ArchivedTask
from app.schemas.share import Share

NOW = 1_700_000_000.0


def keep(archive: Archive, task_id: str = "t") -> None:
    archive.keep(ArchivedTask(task_id=task_id, created_ms=1), b'{"text": "x"}')


def share(name: str, expires_at: float | None = None) -> Share:
    return Share(share_id=name, created_at=NOW, expires_at=expires_at)


def rows(settings: Settings) -> list[str]:
    engine = open_engine(settings)
    with engine.connect() as connection:
        found = sorted(row.share_id for row in connection.execute(shares.select()))
    engine.dispose()
    return found


def test_a_link_leads_to_its_transcript(archive: Archive) -> None:
    keep(archive)
    assert archive.shares.add("t", share("a"), "hash-a")
    assert archive.shares.find("hash-a") == ("t", share("a"))
    assert archive.shares.find("hash-b") is None
    assert archive.shares.of("t") == [share("a")]
    assert archive.shares.of("u") == []


def test_there_is_none_without_a_transcript(archive: Archive) -> None:
    assert not archive.shares.add("t", share("a"), "hash-a")
    keep(archive)
    archive.remove("t")
    assert not archive.shares.add("t", share("a"), "hash-a")


def test_it_ends_at_its_time(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(archive)
    archive.shares.add("t", share("a", NOW + 60), "hash-a")
    monkeypatch.setattr(shares_module, "_now_ms", lambda: int(NOW * 1000) + 59_999)
    assert archive.shares.find("hash-a") == ("t", share("a", NOW + 60))
    monkeypatch.setattr(shares_module, "_now_ms", lambda: int(NOW * 1000) + 60_000)
    assert archive.shares.find("hash-a") is None
    assert archive.shares.of("t") == []
    assert not archive.shares.revoke("t", "a")


def test_it_is_revoked_once_and_by_its_task(archive: Archive) -> None:
    keep(archive)
    archive.shares.add("t", share("a"), "hash-a")
    assert not archive.shares.revoke("u", "a")
    assert archive.shares.revoke("t", "a")
    assert not archive.shares.revoke("t", "a")
    assert archive.shares.find("hash-a") is None


def test_it_goes_with_its_transcript_for_good(
    archive_settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = archive_settings()
    archive = Archive.from_settings(settings)
    keep(archive)
    archive.shares.add("t", share("a"), "hash-a")
    archive.remove("t")
    assert archive.shares.find("hash-a") is None
    assert rows(settings) == []
    monkeypatch.setattr("app.archive.archive._now_ms", lambda: int(time.time() * 1000) + 2 * 86_400_000)
    archive.trim()
    keep(archive)  # a foreign program uses the id again
    assert archive.shares.find("hash-a") is None
    archive.close()


def test_what_leads_nowhere_is_tidied_away(
    archive_settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = archive_settings()
    archive = Archive.from_settings(settings)
    keep(archive)
    archive.shares.add("t", share("lasts"), "1")
    archive.shares.add("t", share("revoked"), "2")
    archive.shares.add("t", share("expired", NOW + 60), "3")
    archive.shares.revoke("t", "revoked")
    archive.trim()
    assert rows(settings) == ["lasts", "revoked"], "a revoked one stays, so that no copy brings it back"
    archive.close()


def test_an_archive_of_the_version_before_gets_links(archive_settings: Callable[..., Settings]) -> None:
    settings = archive_settings()
    older = Archive.from_settings(settings)
    keep(older)
    older.close()
    engine = open_engine(settings)
    with engine.connect() as connection:
        for name in ("shares", "summaries", "failures", "fingerprints"):
            connection.execute(text(f"DROP TABLE {name}"))
        connection.execute(text("ALTER TABLE transcripts DROP COLUMN deleted"))
        connection.execute(text("UPDATE alembic_version SET version_num = '0002'"))
    engine.dispose()
    archive = Archive.from_settings(settings)
    assert archive.shares.add("t", share("a"), "hash-a")
    assert archive.shares.find("hash-a") == ("t", share("a"))
    archive.close()


def test_a_copy_brings_links_back_but_not_revoked_ones(
    archive_settings: Callable[..., Settings], settings_for: Callable[..., Settings], tmp_path: Path
) -> None:
    settings, copy = archive_settings(), tmp_path / "copy.db"
    archive = Archive.from_settings(settings)
    for task_id in ("t", "u"):
        keep(archive, task_id)
        for number in range(201 if task_id == "t" else 1):
            archive.shares.add(task_id, share(f"{task_id}{number}"), f"hash-{task_id}{number}")
    back_up(settings, copy)
    archive.shares.revoke("t", "t7")
    archive.remove("u")
    restore(settings, copy)
    assert archive.shares.find("hash-t7") is None
    assert archive.shares.find("hash-u0") is None
    assert len(archive.shares.of("t")) == 200
    other = settings_for(data_dir=tmp_path / "elsewhere")
    restore(other, copy)
    brought = Archive.from_settings(other)
    assert brought.shares.find("hash-u0") == ("u", share("u0"))
    assert len(brought.shares.of("t")) == 201
    brought.close()
    archive.close()


def test_a_link_never_leads_to_another_task_of_the_same_name(
    archive_settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings, copy = archive_settings(), tmp_path / "copy.db"
    archive = Archive.from_settings(settings)
    keep(archive)
    archive.shares.add("t", share("a"), "hash-a")
    back_up(settings, copy)
    archive.remove("t")
    monkeypatch.setattr("app.archive.archive._now_ms", lambda: int(time.time() * 1000) + 2 * 86_400_000)
    archive.trim()
    assert archive.keep(ArchivedTask("t", 2, owner="bob"), b"{}")
    restore(settings, copy)
    assert archive.shares.find("hash-a") is None
    archive.close()
