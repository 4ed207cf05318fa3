"""What the service does not take, and what the page says then; addresses instead of files."""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import httpx2
import pytest
import redis
from playwright.sync_api import Route, expect

from app.core.config import Settings
from app.queue.keys import Keys
from app.services import idempotency
from tests.support.api import Service, serving
from tests.web.conftest import Visitor
from tests.web.scenes import Stage


def test_an_address_is_sent_or_its_fault_is_told(idle: Service, visit: Callable[..., Visitor]) -> None:
    page = visit(locale="ru-RU").open(idle.url)
    field = page.get_by_label("Или адрес записи в интернете")
    field.fill("talk.mp3")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert").filter(has_text="http://")).to_be_visible()
    expect(field).to_be_focused()
    field.fill("http://127.0.0.1:9/folder/my%20talk.mp3")
    page.keyboard.press("Enter")
    card = page.locator(".card", has_text="my talk.mp3")
    expect(card.locator(".failure")).to_contain_text("внутреннюю сеть")
    expect(page.get_by_role("alert").filter(has_text="http://")).to_have_count(0)
    assert httpx2.get(f"{idle.url}/transcribe/").json()["tasks"] == []


def test_a_limit_that_is_reached_says_which(
    settings_for: Callable[..., Settings], visit: Callable[..., Visitor], recordings: Path
) -> None:
    with serving(settings_for(rate_limit="1/hour", reuse_results=False)) as service:
        page = visit(locale="ru-RU").open(service.url)
        stage = Stage(page, service.url, service.settings, recordings / "short.wav")
        files = [(name, stage.recording.read_bytes()) for name in ("first.wav", "second.wav")]
        for name, content in files:
            page.locator("input[type=file]").first.set_input_files(
                {"name": name, "mimeType": "audio/wav", "buffer": content}
            )
        expect(page.locator(".card-progress").filter(has_text="Исчерпана квота")).to_have_count(1)


def test_the_disk_that_is_full_is_named(
    settings_for: Callable[..., Settings], visit: Callable[..., Visitor], recordings: Path
) -> None:
    with serving(settings_for(min_free_disk_mb=10**9)) as service:
        for locale, told in (("ru-RU", "кончилось место"), ("en-GB", "too little free disk space")):
            page = visit(locale=locale).open(service.url)
            page.locator("input[type=file]").first.set_input_files(recordings / "short.wav")
            expect(page.locator(".card-progress")).to_contain_text(told)


def test_fingers_are_not_told_to_drop(idle: Service, visit: Callable[..., Visitor]) -> None:
    phone = visit(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True).open(idle.url)
    expect(phone.get_by_text("Choose audio or video files")).to_be_visible()
    expect(phone.get_by_text("Drop audio or video")).to_have_count(0)


def test_an_earlier_try_that_is_still_being_taken_is_waited_for(
    idle: Service, visit: Callable[..., Visitor], recordings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For a while: then people are told, and may have it tried again, of which no second task comes."""
    monkeypatch.setattr(idempotency, "WAIT_SECONDS", 0)
    monkeypatch.setattr(idempotency, "RETRY_AFTER_SECONDS", 1)
    keys, asked = Keys.from_settings(idle.settings), list[str]()
    page = visit().open(idle.url)
    with redis.Redis(port=idle.settings.redis_port) as store:

        def begin(route: Route) -> None:
            """Another API is at an earlier try, which the first of these finds."""
            key = sha256(route.request.headers["idempotency-key"].encode()).hexdigest()
            if key not in asked:
                store.set(keys.request(None, key), "{")
                store.set(keys.acceptance(None, key), "1")
            asked.append(key)
            route.continue_()

        page.route("**/transcribe/", lambda route: begin(route) if is_post(route) else route.continue_())
        page.locator("input[type=file]").first.set_input_files(recordings / "short.wav")
        card = page.locator(".card", has_text="short.wav")
        expect(card.locator(".card-progress")).to_contain_text("still taking this recording")
        expect(card.locator(".failure")).to_contain_text("still taking this recording")
        assert len(asked) == 6
        card.get_by_role("button", name="Try again").click()
        expect(card.locator(".card-progress")).to_contain_text("still taking this recording")
        store.delete(keys.acceptance(None, asked[0]))
        expect(card.locator(".badge")).to_have_text("Waiting")
    assert len(set(asked)) == 1, "all are the same request"
    assert len(httpx2.get(f"{idle.url}/transcribe/").json()["tasks"]) == 1


def is_post(route: Route) -> bool:
    return route.request.method == "POST"


def test_a_task_of_another_device_has_its_name_while_it_waits(
    idle: Service, visit: Callable[..., Visitor], recordings: Path
) -> None:
    with (recordings / "short.wav").open("rb") as file:
        accepted = httpx2.post(f"{idle.url}/transcribe/", files={"file": ("Board meeting.wav", file)})
    page = visit().open(f"{idle.url}/#/transcript/{accepted.json()['task_id']}")
    expect(page.get_by_role("heading", level=1)).to_have_text("Board meeting.wav")
