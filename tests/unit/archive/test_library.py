"""Titles, tags and search in both databases, which answer alike."""

import threading
import zlib
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import insert, select, update

from app.archive.archive import Archive
from app.archive.database import open_engine
from app.archive.schema import MIGRATIONS
from app.archive.tables import library, transcripts
from app.core.config import Settings
from app.schemas.archived import ArchivedTask
from app.schemas.library import DetailsChange, Indexable, Search
from app.schemas.position import Position

SettingsFor = Callable[..., Settings]


class Words:
    """Words of the result, or of the corrections where there are any, and of the title; tags after a #."""

    def __init__(self, rules: int = 1) -> None:
        self.rules = rules

    def words_of(self, source: Indexable) -> Collection[str]:
        """See Indexer."""
        if source.result == b"odd":
            raise ValueError("nobody understands this")
        said = (source.corrections or source.result).decode()
        return {*said.split(), *(source.title or "").split(), *(f"#{tag}" for tag in source.tags)}


@contextmanager
def opened(settings: Settings, rules: int = 1) -> Iterator[Archive]:
    archive = Archive.from_settings(settings, Words(rules))
    try:
        yield archive
    finally:
        archive.close()


@pytest.fixture
def archive(archive_settings: SettingsFor) -> Iterator[Archive]:
    with opened(archive_settings()) as archive:
        yield archive


def keep(archive: Archive, task_id: str, said: str, created_ms: int = 0, **known: object) -> None:
    assert archive.keep(ArchivedTask(task_id, created_ms, **known), said.encode())  # type: ignore[arg-type]


def found(archive: Archive, *words: str, owner: str | None = None, **bounds: object) -> list[str]:
    wanted = Search(frozenset(words), **bounds)  # type: ignore[arg-type]
    return [each.task.task_id for each in archive.library.search(wanted, owner, None, 50)]


def test_what_has_all_words_is_found_newest_first(archive: Archive) -> None:
    keep(archive, "old", "мир hello", 1)
    keep(archive, "new", "мир hello there", 3)
    keep(archive, "other", "hello", 2)
    assert found(archive, "hello") == ["new", "other", "old"]
    assert found(archive, "hello", "мир") == ["new", "old"]
    assert found(archive, "hello", "nothing") == []
    assert found(archive, "hell") == [], "tokens are whole"
    assert found(archive) == ["new", "other", "old"]


def test_pages_follow_each_other(archive: Archive) -> None:
    for number in range(7):
        keep(archive, f"t{number}", "word", number // 2)
    pages, after = [], None
    while page := archive.library.search(Search(frozenset({"word"})), None, after, 3):
        pages += [each.task.task_id for each in page]
        after = Position(page[-1].task.created_ms, page[-1].task.task_id)
    assert pages == ["t6", "t5", "t4", "t3", "t2", "t1", "t0"]


def test_bounds_hold(archive: Archive) -> None:
    for number, language in enumerate(("ru", "en", None)):
        keep(
            archive,
            str(number),
            "word",
            number,
            language=language,
            duration=number * 10.0,
            owner="ab"[number % 2],
        )
    assert found(archive, "word", from_ms=1) == ["2", "1"]
    assert found(archive, "word", to_ms=1) == ["1", "0"]
    assert found(archive, "word", language="ru") == ["0"]
    assert found(archive, "word", min_duration=10, max_duration=15) == ["1"]
    assert found(archive, max_duration=0) == ["0"]
    assert found(archive, "word", owner="a") == ["2", "0"]
    assert found(archive, owner="b") == ["1"]


def test_details_are_changed_one_by_one_and_found(archive: Archive) -> None:
    keep(archive, "t", "said", filename="talk.mp3")
    assert archive.library.entries(["t", "u"])["t"].details.title == "talk"
    assert archive.library.describe("t", DetailsChange(title="Совет", tags=("board", "2026")))
    assert archive.library.describe("t", DetailsChange(title="Board meeting"))
    entry = archive.library.entries(["t"])["t"]
    assert (entry.title, entry.tags) == ("Board meeting", ("board", "2026"))
    assert found(archive, "meeting", "said", "#board") == ["t"]
    assert found(archive, "Совет") == []
    assert archive.library.describe("t", DetailsChange(title="", tags=()))
    assert archive.library.entries(["t"])["t"].details.model_dump() == {"title": "talk", "tags": ()}
    assert found(archive, "#board") == found(archive, "meeting") == []
    assert found(archive, "said") == ["t"]
    assert not archive.library.describe("unknown", DetailsChange(title="x"))


def test_corrections_are_searched_instead(archive: Archive) -> None:
    keep(archive, "t", "whether nice")
    assert archive.correct("t", b"weather nice", 0)
    assert found(archive, "weather") == ["t"]
    assert found(archive, "whether") == []
    assert not archive.correct("t", b"late", 0)
    assert found(archive, "late") == []


def test_what_is_removed_is_not_found_and_may_not_be_named(archive: Archive) -> None:
    keep(archive, "t", "secret")
    archive.library.describe("t", DetailsChange(title="confidential"))
    archive.remove("t")
    assert found(archive, "secret") == found(archive, "confidential") == found(archive) == []
    assert not archive.library.describe("t", DetailsChange(title="again"))
    assert archive.library.entries(["t"]) == {}
    assert archive.library.index_stale(10) == 0


def test_what_leaves_for_age_is_not_found(archive_settings: SettingsFor) -> None:
    with opened(archive_settings(archive_max_days=1)) as archive:
        keep(archive, "t", "word", 5)
        assert archive.trim() == 1
        assert found(archive, "word") == []


def test_a_transcript_that_nobody_understands_is_kept(archive: Archive) -> None:
    keep(archive, "t", "odd")
    assert archive.read("t") is not None
    assert found(archive) == ["t"]
    assert archive.library.index_stale(10) == 0, "it would be tried for ever"


def test_transcripts_of_an_older_version_are_indexed_bit_by_bit(archive_settings: SettingsFor) -> None:
    old = Archive.from_settings(archive_settings())  # as a version before the library: nothing is indexed
    for number in range(5):
        keep(old, f"t{number}", "word", number)
    old.library.describe("t0", DetailsChange(title="named"))
    old.close()
    with opened(archive_settings()) as archive:
        assert found(archive, "word") == []
        assert len(found(archive)) == 5
        assert [archive.library.index_stale(3) for _ in range(3)] == [3, 2, 0]
        assert len(found(archive, "word")) == 5
        assert found(archive, "named") == ["t0"]


def test_new_rules_and_foreign_corrections_index_anew(archive_settings: SettingsFor) -> None:
    settings = archive_settings()
    with opened(settings) as archive:
        keep(archive, "t", "word")
        keep(archive, "u", "word")
    before = Archive.from_settings(settings)  # an API of an older version that still runs
    before.correct("u", b"corrected", 0)
    before.close()
    with opened(settings) as archive:
        assert archive.library.index_stale(10) == 1
        assert found(archive, "corrected") == ["u"]
    with opened(settings, rules=2) as archive:
        assert archive.library.index_stale(10) == 2
        assert found(archive, "word") == ["t"]
        assert archive.library.index_stale(10) == 0


def test_what_an_older_version_removes_is_forgotten(archive_settings: SettingsFor) -> None:
    settings = archive_settings()
    with opened(settings) as archive:
        keep(archive, "t", "word")
        keep(archive, "u", "word")
        engine = open_engine(settings)
        with engine.connect() as connection:
            gone = {"gone_until_ms": 2**60, "content": None, "created_ms": 0}
            connection.execute(update(transcripts).where(transcripts.c.task_id == "t").values(gone))
            assert found(archive, "word") == ["u"]
            archive.trim()
            assert list(connection.scalars(select(library.c.task_id))) == ["u"]
        engine.dispose()


def test_a_write_that_fails_in_the_middle_leaves_nothing(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def die(*_: object) -> None:
        raise Killed

    keep(archive, "there", "word")
    with monkeypatch.context() as dying:
        dying.setattr(archive.library, "index", die)
        changes: tuple[Callable[[], object], ...] = (
            lambda: archive.keep(ArchivedTask("t", 1), b"word"),
            lambda: archive.correct("there", b"corrected", 0),
            lambda: archive.library.describe("there", DetailsChange(title="title")),
        )
        for change in changes:
            with pytest.raises(Killed):
                change()
    assert archive.missing(["t"]) == {"t"}
    assert archive.corrections("there") == (0, b"")
    assert archive.library.entries(["there"])["there"].title is None
    keep(archive, "t", "word", 1)
    assert found(archive, "word") == ["t", "there"]


def test_many_name_one_transcript_at_once(archive: Archive) -> None:
    keep(archive, "t", "word")
    changes = [DetailsChange(title=f"title{number}") for number in range(8)]
    threads = [threading.Thread(target=archive.library.describe, args=("t", each)) for each in changes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    title = archive.library.entries(["t"])["t"].title
    assert title is not None
    assert [name for name in (f"title{number}" for number in range(8)) if found(archive, name)] == [title]


def test_words_of_what_was_removed_leave_the_file(settings: Settings) -> None:
    with opened(settings) as archive:
        for number in range(30):
            keep(archive, f"t{number}", f"word{number}forget common")
        for number in range(0, 30, 2):
            archive.remove(f"t{number}")
        archive.trim()
        assert len(found(archive, "common")) == 15
    content = b"".join(path.read_bytes() for path in settings.data_dir.iterdir())
    assert b"ord11forget" in content, "words lie in the file as they are"
    for number in range(0, 30, 2):
        assert b"ord%dforget" % number not in content


def test_an_archive_of_the_first_version_is_brought_up_to_date(archive_settings: SettingsFor) -> None:
    settings = archive_settings()
    _make_first_version(settings, "old")
    with opened(settings) as archive:
        assert archive.library.entries(["old"])["old"].details.title == "talk"
        assert archive.library.index_stale(5) == 1
        assert found(archive, "word") == ["old"]


def _make_first_version(settings: Settings, task_id: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    engine = open_engine(settings)
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        row = {"task_id": task_id, "created_ms": 1, "archived_ms": 1, "filename": "talk.mp3"}
        content = {"size": 4, "encoding": "zlib", "content": zlib.compress(b"word")}
        connection.execute(insert(transcripts).values(row | content))
    engine.dispose()
