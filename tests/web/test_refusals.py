"""What the service does not take, and what the page says then; addresses instead of files."""

from collections.abc import Callable
from pathlib import Path

import httpx2
from playwright.sync_api import expect

from app.core.config import Settings
from tests.integration.api.service import Service, serving
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
