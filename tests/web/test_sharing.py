"""Transcripts are passed on: by a link, as a document, many at once."""

import zipfile
from collections.abc import Callable
from pathlib import Path
from re import compile as matching

import docx
import httpx2
import pytest
from playwright.sync_api import Page, expect

from app.core.api_keys import new_key
from app.core.config import Settings
from tests.support.api import Service, serving
from tests.web.conftest import Visitor
from tests.web.scenes import Stage, conversation, finish
from tests.web.test_sending import send

ALICE = new_key("alice")


@pytest.fixture
def stage(idle: Service, visitor: Visitor, recordings: Path) -> Stage:
    """A page on which nothing was done yet."""
    return Stage(visitor.open(idle.url), idle.url, idle.settings, recordings / "half_minute.wav")


def saved(page: Page, button: str) -> Path:
    """The file that the button gives."""
    with page.expect_download() as waiting:
        page.get_by_role("button", name=button).click()
    return waiting.value.path()


def made_link(page: Page) -> str:
    """A new link to the transcript that is open; the dialog stays open."""
    page.get_by_role("button", name="Share").click()
    page.get_by_role("button", name="Create a link").click()
    address = page.get_by_label("New link")
    expect(address).to_have_value(matching(r"^http://127\.0\.0\.1:\d+/shared/[\w-]{43}$"))
    return address.input_value()


def open_as_alice(page: Page, service: Service, recording: Path) -> None:
    """She sends a conversation, opens its transcript and names a speaker."""
    page.get_by_label("Key", exact=True).fill(ALICE.key)
    page.get_by_role("button", name="Use this key").click()
    card = send(page, recording)
    expect(card.locator(".badge")).to_have_text("Waiting")
    finish(service.settings, service.queued_task().task_id, conversation())
    card.get_by_role("link", name="Open").click()
    page.get_by_label("Name of S2").fill("Bob")
    page.get_by_label("Name of S2").press("Enter")
    expect(page.get_by_text("Edited", exact=True)).to_be_visible()


def expect_nothing_to_change(guest: Page) -> None:
    """Whoever follows a link can only read."""
    for written in ("Edit", "Undo", "Share", "Delete"):
        expect(guest.get_by_role("button", name=written)).to_have_count(0)
    expect(guest.locator("main").get_by_role("combobox", name="Speaker")).to_have_count(0)
    expect(guest.get_by_role("navigation")).to_have_count(0)
    expect(guest.get_by_role("dialog")).to_have_count(0)


def test_a_guest_without_a_key_reads_hears_and_saves_until_it_is_revoked(
    settings_for: Callable[..., Settings], visitor: Visitor, visit: Callable[..., Visitor], recordings: Path
) -> None:
    settings = settings_for(api_keys=(ALICE.entry,), keep_audio=True, reuse_results=False)
    with serving(settings) as service:
        page = visitor.open(service.url)
        open_as_alice(page, service, recordings / "half_minute.wav")
        link = made_link(page)

        guest = visit().open(link)
        expect(guest.get_by_role("heading", level=1)).to_have_text("half_minute")
        expect(guest.locator(".segment")).to_have_count(7)
        expect(guest.locator(".segment").nth(1)).to_contain_text("Bob")
        guest.get_by_role("button", name="Play", exact=True).click()
        expect(guest.get_by_role("button", name="Pause")).to_be_visible()
        expect(guest.locator(".segment[aria-current]")).to_contain_text("Good morning")
        expect_nothing_to_change(guest)
        document = docx.Document(str(saved(guest, "Download DOCX")))
        assert "Bob · 0:04" in [line.text for line in document.paragraphs]
        assert "Bob: We have three points" in saved(guest, "Download TXT").read_text("utf-8")

        page.get_by_role("button", name="Revoke").click()
        expect(page.get_by_text("None.")).to_be_visible()
        guest.reload()
        expect(guest.get_by_role("alert").filter(has_text="leads nowhere")).to_be_visible()
        expect(guest.locator(".segment")).to_have_count(0)
        assert httpx2.get(f"{link}/audio").status_code == 404
        guest.get_by_role("button", name="Русский").click()  # what was told before is, too
        expect(guest.locator(".failure")).to_have_text(matching("^Ссылка не работает"))


def test_files_are_named_after_the_title(stage: Stage, visit: Callable[..., Visitor]) -> None:
    stage.transcribe(result=conversation())
    stage.open_transcript()
    stage.page.get_by_role("button", name="Name and tags").click()
    stage.page.get_by_label("Name", exact=True).fill("Board of 12.05")
    stage.page.keyboard.press("Enter")
    link = stage.share()
    for page in (stage.page, visit().open(link)):
        expect(page.get_by_role("heading", level=1)).to_have_text("Board of 12.05")
        with page.expect_download() as waiting:
            page.get_by_role("button", name="Download SRT").click()
        assert waiting.value.suggested_filename == "Board of 12.05.srt"


def test_a_guest_asks_for_nothing_but_what_is_shared(stage: Stage, visit: Callable[..., Visitor]) -> None:
    stage.transcribe(result=conversation())
    link = stage.share()
    guest = visit()
    asked: list[str] = []
    guest.context.on("request", lambda request: asked.append(request.url.removeprefix(stage.url)))
    page = guest.open(link)
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_enabled()
    shared = link.removeprefix(stage.url)
    assert {path for path in asked if not path.startswith("/web/")} == {
        *(shared, f"{shared}/result", f"{shared}/audio")
    }


def test_links_are_copied_listed_and_have_an_end(stage: Stage) -> None:
    page = stage.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    stage.transcribe()
    stage.open_transcript()
    link = made_link(page)
    page.get_by_role("button", name="Copy the link").click()
    expect(page.get_by_text("Copied")).to_be_visible()
    assert page.evaluate("() => navigator.clipboard.readText()") == link
    expect(page.locator(".share-links li")).to_contain_text("until")
    page.get_by_label("The link works").select_option("never")
    page.get_by_role("button", name="Create a link").click()
    expect(page.locator(".share-links li")).to_have_count(2)
    expect(page.locator(".share-links li").first).to_contain_text("no end")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("button", name="Share")).to_be_focused()
    page.get_by_role("button", name="Share").click()
    expect(page.locator(".share-links li")).to_have_count(2)
    expect(page.get_by_label("New link")).to_have_count(0)  # it was shown once


def test_a_service_without_an_archive_says_so(
    settings_for: Callable[..., Settings], visitor: Visitor, recordings: Path
) -> None:
    with serving(settings_for(archive=False)) as service:
        page = visitor.open(service.url)
        stage = Stage(page, service.url, service.settings, recordings / "half_minute.wav")
        stage.transcribe()
        stage.open_transcript()
        page.get_by_role("button", name="Share").click()
        expect(page.get_by_role("alert").filter(has_text="archive")).to_be_visible()


def test_a_shared_recording_that_is_not_kept_is_not_promised(stage: Stage) -> None:
    stage.transcribe()
    [recording] = stage.settings.upload_dir.glob("*.wav")
    link = stage.share()
    recording.unlink()
    stage.page.goto(link)
    expect(stage.page.get_by_text("The recording is not kept")).to_be_visible()
    expect(stage.page.get_by_role("button", name="Play", exact=True)).to_be_disabled()


def test_many_are_saved_as_a_zip(stage: Stage) -> None:
    page = stage.page
    stage.transcribe("first.wav")
    stage.transcribe("second.wav", {"text": "Something else.", "segments": []})
    stage.send("waits.wav")
    page.get_by_role("button", name="Select several").click()
    expect(page.get_by_role("button", name="Select all shown")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("3 selected")).to_be_visible()
    page.get_by_label("Format of the files").select_option("text")
    with zipfile.ZipFile(saved(page, "Download as ZIP")) as packed:
        assert sorted(packed.namelist()) == ["first.txt", "second.txt"]
        assert packed.read("second.txt") == b"Something else.\n"
    page.get_by_role("button", name="Done", exact=True).click()
    expect(page.get_by_role("button", name="Select several")).to_be_focused()


def test_many_are_deleted(stage: Stage) -> None:
    page = stage.page
    for name in ("first.wav", "second.wav", "third.wav"):
        stage.transcribe(name)
    page.get_by_role("button", name="Select several").click()
    for name in ("first.wav", "third.wav"):
        page.get_by_label(f"Select {name}").check()
    page.locator(".many").get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.locator(".card h3")).to_have_text(["second.wav"])
    expect(page.get_by_role("checkbox", name="Select")).to_have_count(0)
    tasks = httpx2.get(f"{stage.url}/transcribe/").json()["tasks"]
    assert [task["filename"] for task in tasks] == ["second.wav"]


def test_a_correction_is_in_the_subtitles_at_once(stage: Stage) -> None:
    page = stage.page
    stage.transcribe()
    stage.open_transcript()
    before = saved(page, "Download SRT").read_text("utf-8")
    assert "budget" in before
    page.get_by_role("button", name="Edit the text at 0:04").click()
    text = "We have three points on the agenda: the gadget, the new workshop, and the summer fair."
    page.locator("textarea").fill(text)
    page.locator("textarea").press("Enter")
    after = saved(page, "Download SRT").read_text("utf-8")
    assert after == before.replace("budget", "gadget")
