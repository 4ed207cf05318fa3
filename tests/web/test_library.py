"""Search through all transcripts, their names and tags."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import httpx2
import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import func, select, text

from app.archive.database import open_engine
from app.archive.tables import WORDS_TABLE, metadata, transcripts
from app.core.config import Settings
from tests.integration.api.test_archive import forget
from tests.support.api import Service, serving
from tests.support.serving import until
from tests.web.conftest import Visitor, write_speech
from tests.web.scenes import SENTENCES, Stage, result_of


@pytest.fixture
def archiving(settings_for: Callable[..., Settings]) -> Iterator[Service]:
    """A service without a worker, whose ended tasks are archived at once."""
    with serving(
        settings_for(reuse_results=False, keep_audio=True, keep_ended_seconds=0, maintenance_seconds=0.05)
    ) as service:
        yield service


@pytest.fixture
def stage(archiving: Service, visitor: Visitor, recordings: Path) -> Stage:
    """A transcript is in the archive."""
    page = visitor.open(archiving.url)
    stage = Stage(page, archiving.url, archiving.settings, recordings / "half_minute.wav")
    stage.transcribe()
    stage.archived()
    return stage


def look_for(page: Page, question: str) -> None:
    page.get_by_role("link", name="Search", exact=True).click()
    asked = page.get_by_label("Words that were said")
    expect(asked).to_have_value("")  # the form of the search before is gone
    asked.fill(question)
    page.keyboard.press("Enter")


def test_a_moment_leads_to_its_place_in_text_and_recording(stage: Stage) -> None:
    page = stage.page
    look_for(page, "questioning")
    expect(page.locator(".told")).to_have_text("1 recording")
    expect(page.locator(".moments mark")).to_have_text(["questions"])
    page.locator(".moments a").click()
    expect(page.locator(".segment[aria-current]")).to_contain_text("Are there any questions so far?")
    expect(page.get_by_role("slider")).to_have_attribute("aria-valuenow", "20")
    expect(page.get_by_role("button", name="Play from 0:20")).to_be_focused()
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_enabled()
    expect(page.get_by_role("slider")).to_have_attribute("aria-valuenow", "20")
    page.go_back()
    expect(page.get_by_label("Words that were said")).to_have_value("questioning")
    expect(page.locator(".moments mark")).to_have_text(["questions"])


def newest_task(stage: Stage) -> str:
    """Its id."""
    return str(httpx2.get(f"{stage.url}/transcribe/").json()["tasks"][0]["task_id"])


def test_another_browser_finds_a_word_of_an_old_transcript_and_plays_it(
    archiving: Service, stage: Stage, visit: Callable[..., Visitor], tmp_path: Path
) -> None:
    sentences = (*SENTENCES, *SENTENCES, *SENTENCES[:4], "Lighthouses are our last point.", *SENTENCES[:2])
    old = replace(stage, recording=write_speech(tmp_path / "old.wav", 4 * len(sentences)))
    old.transcribe("old.wav", result_of(sentences))
    old.archived()
    task_id = newest_task(old)
    forget(archiving.settings, task_id)
    assert task_id not in " ".join(archiving.keys())

    page = visit().open(f"{stage.url}/#/search")
    expect(page.get_by_role("link", name="meeting", exact=True)).to_be_visible()
    look_for(page, "lighthouse")
    expect(page.locator(".moments mark")).to_have_text(["Lighthouses"])
    page.locator(".moments a").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("old")
    expect(page.locator(".segment[aria-current]")).to_contain_text("Lighthouses are our last point.")
    expect(page.get_by_role("button", name="Play from 1:12")).to_be_focused()
    expect(page.get_by_role("slider")).to_have_attribute("aria-valuenow", "72")
    page.get_by_role("button", name="Play", exact=True).click()
    expect(page.get_by_role("slider")).to_have_attribute("aria-valuenow", re.compile(r"7[3-9]|8\d"))


def rows_of(settings: Settings) -> dict[str, int]:
    """How many rows each table of the archive has, and how many transcripts its index of words has."""
    engine = open_engine(settings)
    with engine.connect() as connection:
        counts = {
            table.name: connection.scalar(select(func.count()).select_from(table)) or 0
            for table in metadata.sorted_tables
        }
        found = f"SELECT count(*) FROM {WORDS_TABLE} WHERE {WORDS_TABLE} MATCH 'roof'"
        counts[WORDS_TABLE] = connection.scalar(text(found)) or 0
    engine.dispose()
    return counts


def mark_of(settings: Settings, task_id: str) -> dict[str, object]:
    """What the archive has of a task, but for times and what is empty."""
    engine = open_engine(settings)
    with engine.connect() as connection:
        row = connection.execute(select(transcripts).where(transcripts.c.task_id == task_id)).one()
    engine.dispose()
    return {name: value for name, value in row._mapping.items() if value and not name.endswith("_ms")}


def test_what_is_deleted_is_gone_from_disk_database_and_redis(archiving: Service, stage: Stage) -> None:
    task_id = newest_task(stage)
    stage.share()
    assert [name for name in archiving.files() if name.endswith(".wav")] == [f"{task_id}.wav"]
    assert task_id in " ".join(archiving.keys())
    held = {name for name, count in rows_of(archiving.settings).items() if count}
    assert held == {"transcripts", "library", "shares", "fingerprints", WORDS_TABLE}

    stage.page.locator(".card").get_by_role("button", name="Delete").click()
    stage.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(stage.page.locator(".card")).to_have_count(0)

    until(lambda: archiving.files() == [])
    assert archiving.keys() == []
    assert {name: count for name, count in rows_of(archiving.settings).items() if count} == {"transcripts": 1}
    # One row says that it was deleted, so that no backup brings it back.
    assert mark_of(archiving.settings, task_id) == {
        "task_id": task_id,
        "deleted": True,
        "encoding": "deleted",
    }


def test_language_and_length_narrow_it_down(stage: Stage) -> None:
    page = stage.page
    look_for(page, "roof")
    for label, filled, found in (
        ("Minutes at most", "0.25", 0),
        ("Minutes at most", "1", 1),
        ("Minutes at least", "0.5", 0),
    ):
        page.get_by_text("Narrow down").click() if not page.get_by_label(label).is_visible() else None
        page.get_by_label(label).fill(filled)
        page.keyboard.press("Enter")
        expect(page.locator(".library .card")).to_have_count(found)
        expect(page.get_by_label(label)).to_have_value(filled)
    page.goto(f"{stage.url}/#/search/{quote('q=roof&language=en')}")
    expect(page.locator(".library .card")).to_have_count(1)
    page.get_by_label("Language", exact=True).select_option("ru")
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page.locator(".told")).to_have_text("Nothing found")


def test_what_was_not_changed_stays(stage: Stage) -> None:
    page = stage.page
    [task] = httpx2.get(f"{stage.url}/transcribe/").json()["tasks"]
    details = f"{stage.url}/transcribe/{task['task_id']}/details"
    httpx2.patch(details, json={"tags": ["Smith, John"]}).raise_for_status()
    stage.open_transcript()
    expect(page.locator(".tags a")).to_have_text(["Smith, John"])
    page.get_by_role("button", name="Name and tags").click()
    page.get_by_label("Name", exact=True).fill("Board")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Board")
    assert httpx2.get(details).json() == {"title": "Board", "tags": ["Smith, John"]}


def test_a_name_is_shown_everywhere(stage: Stage) -> None:
    page = stage.page
    stage.open_transcript()
    page.get_by_role("button", name="Name and tags").click()
    expect(page.get_by_label("Name", exact=True)).to_be_focused()
    page.get_by_label("Name", exact=True).fill("Board <b>meeting</b>")
    page.get_by_label("Tags, separated by commas").fill("board, Summer fair, board")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Board <b>meeting</b>")
    expect(page.get_by_role("button", name="Name and tags")).to_be_focused()
    expect(page.locator(".tags a")).to_have_text(["board", "Summer fair"])
    [task] = httpx2.get(f"{stage.url}/transcribe/").json()["tasks"]
    assert (task["title"], task["tags"]) == ("Board <b>meeting</b>", ["board", "Summer fair"])
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Board <b>meeting</b>")
    page.get_by_role("link", name="All recordings").click()
    expect(page.locator(".card h3")).to_have_text("Board <b>meeting</b>")
    page.locator(".tags a", has_text="Summer fair").click()
    expect(page.locator(".library h2")).to_have_text("Board <b>meeting</b>")
    expect(page.get_by_label("Tag", exact=True)).to_have_value("Summer fair")


def test_what_the_service_does_not_take_is_told(stage: Stage) -> None:
    page = stage.page
    stage.open_transcript()
    page.get_by_role("button", name="Name and tags").click()
    page.get_by_label("Tags, separated by commas").fill("x" * 51)
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert").filter(has_text="at most 50 characters")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Name and tags")).to_be_focused()
    expect(page.get_by_role("heading", level=1)).to_have_text("meeting.wav")


def test_hostile_words_stay_words(stage: Stage) -> None:
    hostile = '<img src=x onerror="window.hurt=1"> & "quoted"'
    stage.transcribe("hostile.wav", result_of((f"Say {hostile} here.",)))
    stage.archived()
    look_for(stage.page, "quoted onerror")
    expect(stage.page.locator(".moment-text")).to_have_text(f"Say {hostile} here.")
    expect(stage.page.locator(".moments mark")).to_have_text(["onerror", "quoted"])
    assert stage.page.evaluate("window.hurt") is None
    look_for(stage.page, "<script>window.hurt = 1</script>")
    expect(stage.page.locator(".told")).to_have_text("Nothing found")


def test_more_pages_are_shown_as_they_are_wanted(stage: Stage) -> None:
    for number in range(11):
        stage.transcribe(f"talk {number}.wav")
    stage.archived()
    look_for(stage.page, "workshop")
    expect(stage.page.locator(".told")).to_have_text("The newest 10 recordings")
    stage.page.get_by_role("button", name="Show more").click()
    expect(stage.page.locator(".library .card")).to_have_count(12)
    expect(stage.page.locator(".told")).to_have_text("12 recordings")
    expect(stage.page.get_by_role("button", name="Show more")).to_have_count(0)


def test_questions_that_make_no_sense_are_told(stage: Stage, visit: Callable[..., Visitor]) -> None:
    look_for(stage.page, "?!")
    expect(stage.page.get_by_role("alert").filter(has_text="must hold a word")).to_be_visible()
    russian = visit(locale="ru-RU").open(f"{stage.url}/#/search/q%3Droof")
    expect(russian.get_by_role("heading", level=1)).to_have_text("Поиск")
    expect(russian.locator(".told")).to_have_text("1 запись")


def test_without_an_archive_nothing_is_offered(
    settings_for: Callable[..., Settings], visitor: Visitor, recordings: Path
) -> None:
    with serving(settings_for(archive=False, reuse_results=False)) as service:
        page = visitor.open(service.url)
        stage = Stage(page, service.url, service.settings, recordings / "half_minute.wav")
        stage.transcribe()
        stage.open_transcript()
        expect(page.get_by_role("link", name="Service")).to_be_visible()
        expect(page.get_by_role("link", name="Search", exact=True)).to_have_count(0)
        expect(page.get_by_role("button", name="Name and tags")).to_have_count(0)
        page.goto(f"{service.url}/#/search")
        expect(page.get_by_text("keeps no archive")).to_be_visible()


def test_keys_are_enough(stage: Stage) -> None:
    page = stage.page
    page.get_by_role("link", name="Search", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Words that were said")).to_be_visible()
    page.get_by_label("Words that were said").focus()
    page.keyboard.type("permit")
    page.keyboard.press("Enter")
    expect(page.locator(".moments mark")).to_have_text(["permit"])
    page.locator(".moments a").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Play from 0:24")).to_be_focused()
    until(lambda: page.evaluate("scrollY") > 0)
