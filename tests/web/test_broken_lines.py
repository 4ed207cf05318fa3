"""Long recordings over lines that break, and tabs that are closed while something is recorded."""

import wave
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from app.core.config import Settings
from tests.support.api import Service, serving
from tests.support.serving import until
from tests.web.conftest import SAMPLE_RATE, Visitor

LONG_SECONDS = 330
"""10.6 MB: three pieces."""

LISTENED = "0:05"
"""Two of the times at which the page sends what it has recorded have passed."""


@pytest.fixture(scope="module")
def long_recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("long") / "long.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, SAMPLE_RATE, 0, "NONE", ""))
        file.writeframes(bytes(range(256)) * (LONG_SECONDS * SAMPLE_RATE * 2 // 256))
    return path


def uploads(service: Service) -> list[Path]:
    """What has come of uploads that are no task yet."""
    return [path for path in service.settings.upload_dir.glob(".uploads/*.bytes") if path.stat().st_size]


def listen(page: Page) -> None:
    page.get_by_role("button", name="Record", exact=True).click()
    expect(page.get_by_role("timer")).to_have_text(LISTENED)


def test_a_long_recording_goes_on_where_the_line_broke(
    idle: Service, visitor: Visitor, long_recording: Path
) -> None:
    page = visitor.open(idle.url)
    asked: list[str] = []

    def break_each_second(route: object) -> None:
        asked.append("PATCH")
        if len(asked) % 2:
            route.abort("connectionreset")  # type: ignore[attr-defined]
        else:
            route.continue_()  # type: ignore[attr-defined]

    page.route(
        "**/uploads/*",
        lambda route: break_each_second(route) if route.request.method == "PATCH" else route.continue_(),
    )
    page.locator("input[type=file]").first.set_input_files(long_recording)
    expect(page.locator(".card .badge")).to_have_text("Waiting")
    assert len(asked) == 6, "three pieces, each of which went twice"
    stored = idle.settings.upload_dir / idle.queued_task().file_path
    assert stored.read_bytes() == long_recording.read_bytes()


def test_a_closed_tab_loses_nothing_of_a_recording(
    settings_for: Callable[..., Settings], visitor: Visitor
) -> None:
    with serving(settings_for(maintenance_seconds=0.2, left_upload_seconds=6)) as service:
        page = visitor.open(service.url)
        listen(page)
        until(lambda: uploads(service))
        page.close()
        until(service.queued)
        task = service.queued_task()
        assert (service.settings.upload_dir / task.file_path).stat().st_size > 5000
        assert task.filename is not None
        assert task.filename.endswith(".webm")


def test_who_comes_back_finds_it_at_once(idle: Service, visitor: Visitor) -> None:
    page = visitor.open(idle.url)
    page.get_by_text("More options").click()
    page.get_by_label("Likely words").fill("Acme")
    listen(page)
    until(lambda: uploads(idle))
    page.close()
    again = visitor.open(idle.url)
    expect(again.locator(".card .badge")).to_have_text("Waiting")
    assert idle.queued_task().hotwords == "Acme"


def test_another_tab_leaves_a_recording_alone(idle: Service, visitor: Visitor) -> None:
    page = visitor.open(idle.url)
    listen(page)
    until(lambda: uploads(idle))
    other = visitor.open(idle.url)
    expect(other.get_by_text("Nothing here yet")).to_be_visible()
    page.get_by_role("button", name="Stop and transcribe").click()
    expect(page.locator(".card")).to_have_count(1)
    until(idle.queued)
    until(lambda: not uploads(idle))


def test_a_discarded_recording_is_discarded_at_the_service_too(idle: Service, visitor: Visitor) -> None:
    page = visitor.open(idle.url)
    listen(page)
    until(lambda: uploads(idle))
    page.get_by_role("button", name="Discard").click()
    until(lambda: not uploads(idle))
    assert not idle.queued()
