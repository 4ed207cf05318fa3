"""Failures in the archive, and results that are found by what was asked."""

from collections.abc import Callable
from pathlib import Path

import pytest

from app.archive.archive import Archive
from app.archive.backup import back_up, restore
from app.core.config import Settings
from app.schemas.archived import ArchivedTask
from app.schemas.failure import ArchivedFailure
from app.schemas.position import Position


def failure(task_id: str = "t", at: float = 1.5, **more: object) -> ArchivedFailure:
    values: dict[str, object] = {
        "task_id": task_id,
        "created_at": at,
        "ended_at": at + 1,
        "owner": "alice",
        "filename": "Совещание.mp3",
        "code": "audio_undecodable",
        "message": "Not one second can be read.",
        "attempts": 3,
    }
    return ArchivedFailure(**(values | more))


def ids(found: list[ArchivedFailure]) -> list[str]:
    return [each.task_id for each in found]


def test_a_failure_is_kept_until_the_task_is_done(archive: Archive) -> None:
    assert archive.failures.keep(failure())
    assert not archive.failures.keep(failure(message="Again."))
    assert archive.failures.read("t") == failure(message="Again.")
    assert archive.failures.known(["t", "u"]) == {"t"}
    archive.keep(ArchivedTask("t", 1500), b"{}")
    assert archive.failures.read("t") is None
    assert not archive.failures.keep(failure())  # told late


def test_a_deleted_one_does_not_come_back(archive: Archive) -> None:
    archive.failures.keep(failure())
    archive.remove("t")
    assert archive.failures.read("t") is None
    assert not archive.failures.keep(failure())


def test_lists_and_search(archive: Archive) -> None:
    for number in range(5):
        archive.failures.keep(failure(f"t{number}", number + 0.001))
    archive.failures.keep(failure("b", 9, owner="bob", code="fetch_refused", message="100 % \0 gone"))
    assert ids(archive.failures.page(None, None, 2)) == ["b", "t4"]
    assert ids(archive.failures.page("alice", None, 2)) == ["t4", "t3"]
    assert ids(archive.failures.page("alice", Position(3001.0, "t3"), 9)) == ["t2", "t1", "t0"]
    for text, wanted in (("СОВЕЩ", 6), ("undecod", 5), ("100 %", 1), ("%", 1), ("_", 6), ("nothing", 0)):
        assert len(archive.failures.page(None, None, 9, text=text)) == wanted, text
    assert ids(archive.failures.page(None, None, 9, code="fetch_refused")) == ["b"]


def test_questions_may_hold_any_character(archive: Archive) -> None:
    archive.failures.keep(failure(message="100 % \0 gone"))
    assert ids(archive.failures.page(None, None, 9, text="% \0 g")) == ["t"]
    assert archive.failures.page(None, None, 9, code="\0") == []


def test_old_ones_go(archive_settings: Callable[..., Settings]) -> None:
    archive = Archive.from_settings(archive_settings())
    archive.failures.keep(failure())
    archive.failures.keep(failure("new", 4e9))
    archive.trim()
    assert ids(archive.failures.page(None, None, 9)) == ["new"]
    archive.close()


def test_results_are_found_by_what_was_asked(archive: Archive) -> None:
    for number, owner in enumerate(("alice", "alice", "bob", None)):
        task = ArchivedTask(f"t{number}", number, owner)
        archive.keep(task, b'{"text": "%d"}' % number, fingerprint="f")
    for owner, wanted in (("alice", "t1"), ("bob", "t2"), (None, "t3")):
        found = archive.of_fingerprint(owner, "f")
        assert found is not None
        assert (found.task.task_id, found.result) == (wanted, b'{"text": "%s"}' % wanted[1:].encode())
    assert archive.of_fingerprint("carol", "f") is None
    assert archive.of_fingerprint("alice", "g") is None
    archive.remove("t1")
    found = archive.of_fingerprint("alice", "f")
    assert found is not None
    assert found.task.task_id == "t0"


@pytest.mark.parametrize("is_done", [True, False])
def test_copies_have_both(
    archive_settings: Callable[..., Settings],
    settings_for: Callable[..., Settings],
    tmp_path: Path,
    is_done: bool,
) -> None:
    settings, copy = archive_settings(), tmp_path / "copy.db"
    archive = Archive.from_settings(settings)
    archive.keep(ArchivedTask("done", 1), b"{}", fingerprint="f")
    archive.failures.keep(failure())
    back_up(settings, copy)
    archive.close()
    other = settings_for(data_dir=tmp_path / "other")
    brought = Archive.from_settings(other)
    if is_done:  # meanwhile
        brought.keep(ArchivedTask("t", 1), b"{}")
    restore(other, copy)
    assert brought.of_fingerprint(None, "f") is not None
    assert (brought.failures.read("t") is None) is is_done
    brought.close()
