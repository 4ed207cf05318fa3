"""What goes wrong, does not stay wrong: restarts, reloads, keys, hostile texts."""

from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import expect

from app.core.api_keys import new_key
from app.core.config import Settings
from tests.support.api import Service, serving
from tests.support.processes import ApiProcess, Worker
from tests.web.conftest import Visitor
from tests.web.scenes import Stage, fail_next, finish, give_up
from tests.web.test_sending import SAID, send

HOSTILE = "<img src=x onerror=\"document.title='taken'\">"
ALICE, OLGA = new_key("alice"), new_key("olga")


@pytest.mark.weights
def test_a_restart_in_the_middle_is_survived(
    web_settings: Settings, web_worker: Worker, visitor: Visitor, recordings: Path
) -> None:
    api = ApiProcess(web_settings)
    try:
        page = visitor.open(api.url)
        card = send(page, recordings / "long.wav")
        expect(card.locator(".card-text")).to_contain_text(SAID)
        api.kill()
        expect(card).to_contain_text("Waiting for the service")
        expect(page.get_by_text("The service does not answer")).to_be_visible()
        again = send(page, recordings / "short.wav")  # while it is away
        expect(again).to_contain_text("Waiting for the service")
        api.start()
        expect(card.locator(".badge")).to_have_text("Done")
        expect(again.locator(".badge")).to_have_text("Done")
        expect(page.get_by_text("The service does not answer")).to_have_count(0)
    finally:
        api.kill()


@pytest.mark.parametrize("failures", [1, 2])
def test_a_module_that_does_not_arrive_is_loaded_again(
    idle: Service, visitor: Visitor, failures: int
) -> None:
    """As Chromium gives up all that is under way when the network changes."""
    pages: list[str] = []
    page = visitor.context.new_page()
    page.on("domcontentloaded", lambda page: pages.append(page.url))
    page.route(
        "**/js/views/toolbar.js",
        lambda route: route.abort() if len(pages) < failures else route.fallback(),
    )
    page.goto(idle.url)
    if failures > 1:
        expect(page.locator("#page")).to_contain_text("could not be loaded")
        page.get_by_role("button", name="Reload").click()
    expect(page.locator("main h1, main h2").first).to_be_visible()
    assert len(pages) == failures + 1
    assert all("ERR_FAILED" in line for line in visitor.wrong)
    visitor.wrong.clear()


def test_the_history_and_the_recordings_survive_a_reload(
    idle: Service, visitor: Visitor, recordings: Path
) -> None:
    page = visitor.open(idle.url)
    stage = Stage(page, idle.url, idle.settings, recordings / "half_minute.wav")
    stage.transcribe("first.wav")
    task_id = stage.send("second.wav")
    page.reload()
    expect(page.locator(".card h3")).to_have_text(["second.wav", "first.wav"])
    expect(page.locator(".bottom")).to_contain_text("MB of at most 500 MB")
    finish(idle.settings, task_id, {"text": "Said later."})
    expect(page.locator(".card").first).to_contain_text("Said later.")
    stage.open_transcript("first.wav")
    page.go_back()
    page.get_by_role("button", name="Delete the audio from this browser").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete the audio from this browser").click()
    expect(page.locator(".bottom")).to_contain_text("0 KB of at most 500 MB")


def test_a_task_that_failed_is_queued_again(idle: Service, visitor: Visitor, recordings: Path) -> None:
    page = visitor.open(idle.url)
    task_id = Stage(page, idle.url, idle.settings, recordings / "short.wav").send("talk.wav")
    fail_next(idle.settings)
    card = page.locator(".card", has_text="talk.wav")
    expect(card.locator(".badge")).to_have_text("Failed")

    card.get_by_role("button", name="Try again").click()

    expect(card.locator(".badge")).to_have_text("Waiting")
    [task] = httpx2.get(f"{idle.url}/transcribe/").json()["tasks"]
    assert (task["task_id"], task["status"]) == (task_id, "queued")


def test_tasks_of_others_are_taken_up(idle: Service, visitor: Visitor, recordings: Path) -> None:
    with (recordings / "short.wav").open("rb") as file:
        httpx2.post(f"{idle.url}/transcribe/", files={"file": ("by-curl.wav", file)})
    page = visitor.open(idle.url)
    page.get_by_role("button", name="Show all recordings on this server").click()
    expect(page.locator(".card")).to_contain_text("by-curl.wav")
    expect(page.get_by_text("1 found")).to_be_visible()


def test_a_key_is_asked_for(
    settings_for: Callable[..., Settings], visitor: Visitor, recordings: Path
) -> None:
    settings = settings_for(api_keys=(ALICE.entry, OLGA.entry), operator_keys=("olga",))
    with serving(settings) as service:
        page = visitor.open(service.url)
        for key in ("tr_wrong", ALICE.key):
            page.get_by_label("Key", exact=True).fill(key)
            page.get_by_role("button", name="Use this key").click()
            if key == "tr_wrong":
                expect(page.get_by_text("This key is not known here.")).to_be_visible()
        expect(page.get_by_role("dialog")).to_have_count(0)
        card = send(page, recordings / "short.wav")
        expect(card.locator(".badge")).to_have_text("Waiting")
        page.reload()  # the key is kept
        expect(card).to_contain_text("Number 1 in the queue")
        page.get_by_role("link", name="Service").click()
        expect(page.get_by_role("alert").filter(has_text="for operators")).to_be_visible()

        page.get_by_role("button", name="Forget the API key").click()
        page.get_by_label("Key", exact=True).fill(OLGA.key)
        page.get_by_role("button", name="Use this key").click()
        expect(page.get_by_text("Waiting tasks")).to_be_visible()


def test_who_has_no_key_may_look_at_the_page(settings: Settings, visitor: Visitor, recordings: Path) -> None:
    with serving(settings.model_copy(update={"api_keys": (ALICE.entry,)})) as service:
        page = visitor.open(service.url)
        page.get_by_role("button", name="Not now").click()
        card = send(page, recordings / "short.wav")
        expect(card.locator(".failure")).to_contain_text("API key")
        page.get_by_role("button", name="Enter an API key").click()
        expect(page.get_by_role("dialog")).to_be_visible()


def test_hostile_names_and_texts_stay_text(idle: Service, visitor: Visitor, recordings: Path) -> None:
    give_up(idle.settings, HOSTILE)
    page = visitor.open(idle.url)
    stage = Stage(page, idle.url, idle.settings, recordings / "short.wav")
    segment = {"id": HOSTILE, "start": 0, "end": 5, "text": HOSTILE, "words": [{"word": HOSTILE}]}
    result = {
        "text": HOSTILE,
        "language": HOSTILE,
        "model": HOSTILE,
        "duration": "long",
        "segments": [segment, None, 7, {"text": 3}],
        "warnings": [HOSTILE, {}],
        "quality": {"low_confidence": "none"},
    }
    name = f"{HOSTILE.replace('/', '')}.wav"
    stage.page.locator("input[type=file]").first.set_input_files(
        {"name": name, "mimeType": "audio/wav", "buffer": stage.recording.read_bytes()}
    )
    expect(page.locator(".badge")).to_have_text("Waiting")
    expect(page.locator("h3")).to_have_text(name)
    finish(idle.settings, httpx2.get(f"{idle.url}/transcribe/").json()["tasks"][0]["task_id"], result)
    expect(page.locator(".card-text")).to_have_text(HOSTILE)
    page.get_by_role("link", name="Open").click()
    expect(page.locator(".segment-text").first).to_have_text(HOSTILE)
    expect(page.locator("h1")).to_have_text(name)
    page.get_by_label("Search the text").fill("<img")
    expect(page.locator(".segment-found")).to_have_count(1)
    assert page.locator("img").count() == 0
    page.get_by_role("link", name="Service").click()
    expect(page.locator(".row-name", has_text=HOSTILE)).to_be_visible()
    assert page.locator("img").count() == 0
    assert "taken" not in page.title()


def test_an_operator_sees_and_mends(idle: Service, visitor: Visitor) -> None:
    give_up(idle.settings, "interview.mp3")
    page = visitor.open(f"{idle.url}/#/operator")
    expect(page.locator(".row", has_text="interview.mp3")).to_contain_text("The engine process died.")
    expect(page.locator(".row", has_text="a-worker")).to_contain_text("At at-work")
    expect(page.locator(".chart", has_text="Waiting tasks").locator(".chart-now")).to_have_text("3")
    page.get_by_role("button", name="Queue again").click()
    expect(page.get_by_text("No task has failed for good.")).to_be_visible()
    expect(page.locator(".chart", has_text="Waiting tasks").locator(".chart-now")).to_have_text("4")
    expect(page.locator(".chart-line").first).to_be_attached()


def test_a_failed_task_is_tried_again(idle: Service, visitor: Visitor, recordings: Path) -> None:
    page = visitor.open(idle.url)
    task_id = Stage(page, idle.url, idle.settings, recordings / "short.wav").send()
    finish(idle.settings, task_id, {"error": {"code": "engine_failed", "message": "It failed."}})
    card = page.locator(".card")
    expect(card.locator(".badge")).to_have_text("Failed")
    card.get_by_role("button", name="Try again").click()
    expect(card.locator(".badge")).to_have_text("Waiting")
