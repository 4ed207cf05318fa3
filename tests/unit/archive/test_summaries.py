"""Summaries in the archive: each attempt is one process's, and whoever lost it writes nothing."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from app.archive.archive import Archive
from app.schemas.archived import ArchivedTask
from app.schemas.task import TaskFailure, TaskStatus

FAILURE = TaskFailure(code="summary_unreachable", message="Away.")


@pytest.fixture
def kept(archive: Archive) -> Archive:
    """An archive with one transcript, which nobody wanted to be summarised."""
    assert archive.keep(ArchivedTask("t", 1), b"{}")
    return archive


def status(archive: Archive) -> TaskStatus | None:
    found = archive.summaries.read("t")
    return found.status if found is not None else None


def test_from_the_question_to_the_text(kept: Archive) -> None:
    assert (kept.summaries.take(60), status(kept)) == (None, None)
    assert kept.summaries.ask("t")
    assert status(kept) is TaskStatus.QUEUED
    attempt = kept.summaries.take(60)
    assert attempt is not None
    assert (attempt.number, attempt.parts, status(kept)) == (1, {}, TaskStatus.PROCESSING)
    assert kept.summaries.take(60) is None
    assert kept.summaries.finish(attempt, "Short.", "small", 0)
    found = kept.summaries.read("t")
    assert found is not None
    assert (found.status, found.text, found.model) == (TaskStatus.DONE, "Short.", "small")
    assert kept.summaries.take(60) is None


def test_what_is_wanted_with_the_transcript_is_kept_with_it(archive: Archive) -> None:
    assert archive.keep(ArchivedTask("t", 1), b"{}", is_summarised=True)
    attempt = archive.summaries.take(60)
    assert attempt is not None
    assert archive.summaries.finish(attempt, "Short.", None, 0)
    assert not archive.keep(ArchivedTask("t", 1), b"{}", is_summarised=True)  # archived once more
    assert status(archive) is TaskStatus.DONE


def test_a_process_that_died_is_followed_by_another(kept: Archive) -> None:
    kept.summaries.ask("t")
    dead = kept.summaries.take(0)
    assert dead is not None
    assert kept.summaries.note(dead, {"key": "answer"}, 0)
    next_one = kept.summaries.take(60)
    assert next_one is not None
    assert (next_one.number, next_one.parts) == (2, {"key": "answer"})
    assert not kept.summaries.finish(dead, "Late.", None, 0)
    assert not kept.summaries.note(dead, {}, 60)
    assert not kept.summaries.fail(dead, FAILURE, None)
    assert kept.summaries.finish(next_one, "In time.", None, 0)
    found = kept.summaries.read("t")
    assert found is not None
    assert found.text == "In time."


def test_failures_are_told_and_tried_again(kept: Archive) -> None:
    kept.summaries.ask("t")
    for again, wanted in ((0.0, TaskStatus.QUEUED), (None, TaskStatus.ERROR)):
        attempt = kept.summaries.take(60)
        assert attempt is not None
        assert kept.summaries.fail(attempt, FAILURE, again)
        found = kept.summaries.read("t")
        assert found is not None
        assert (found.status, found.error) == (wanted, FAILURE)
    assert kept.summaries.take(60) is None
    assert kept.summaries.ask("t")
    again_asked = kept.summaries.take(60)
    assert again_asked is not None
    assert again_asked.number == 1


def test_the_last_summary_stays_until_there_is_another(kept: Archive) -> None:
    kept.summaries.ask("t")
    attempt = kept.summaries.take(60)
    assert attempt is not None
    kept.summaries.finish(attempt, "Old.", None, 0)
    kept.summaries.ask("t")
    found = kept.summaries.read("t")
    assert found is not None
    assert (found.status, found.text) == (TaskStatus.QUEUED, "Old.")


def test_a_summary_of_older_corrections_says_so(kept: Archive) -> None:
    def is_stale() -> bool:
        found = kept.summaries.read("t")
        assert found is not None
        return found.stale

    def summarise(version: int) -> None:
        kept.summaries.ask("t")
        attempt = kept.summaries.take(60)
        assert attempt is not None
        assert kept.summaries.finish(attempt, "Short.", None, version)

    kept.summaries.ask("t")
    assert not is_stale()  # there is none yet
    summarise(0)
    assert not is_stale()
    assert kept.correct("t", b'{"texts": {}}', 0)
    assert is_stale()
    kept.summaries.ask("t")
    assert is_stale()  # as long as the old text is there
    summarise(1)
    assert not is_stale()
    assert kept.correct("t", b'{"texts": {}}', 1)
    summarise(1)  # corrected while it was made
    assert is_stale()


def test_asking_while_it_is_made_changes_nothing(kept: Archive) -> None:
    kept.summaries.ask("t")
    attempt = kept.summaries.take(60)
    assert kept.summaries.ask("t")
    assert kept.summaries.take(60) is None
    assert attempt is not None
    assert kept.summaries.finish(attempt, "Short.", None, 0)


def test_many_at_once_take_each_once(archive: Archive) -> None:
    for number in range(12):
        archive.keep(ArchivedTask(f"t{number}", 1), b"{}", is_summarised=True)
    with ThreadPoolExecutor(4) as threads:
        taken = [each for each in threads.map(lambda _: archive.summaries.take(60), range(24)) if each]
    left = iter(lambda: archive.summaries.take(60), None)  # two may have looked at the same row
    ids = [each.task_id for each in (*taken, *left)]
    assert sorted(ids) == sorted(f"t{number}" for number in range(12))


def test_a_deleted_transcript_takes_its_summary_along(kept: Archive) -> None:
    kept.summaries.ask("t")
    attempt = kept.summaries.take(60)
    kept.remove("t")
    assert attempt is not None
    assert not kept.summaries.finish(attempt, "Late.", None, 0)
    assert (kept.summaries.read("t"), kept.summaries.ask("t")) == (None, False)
    kept.trim()
    assert kept.summaries.take(0) is None
