"""The summary above a transcript: asked for with a button, there on every visit."""

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Page, expect

from app.core.config import Settings
from tests.support.api import Service, serving
from tests.support.chat_server import ChatStandIn, Reply, chat_server, completion
from tests.web.conftest import Visitor
from tests.web.scenes import conversation, finish
from tests.web.test_access import violations
from tests.web.test_sending import send


@pytest.fixture
def chat() -> Iterator[ChatStandIn]:
    with chat_server() as stand_in:
        stand_in.usual = lambda _: completion("They have <b>three</b> points.\n- One is open.")
        yield stand_in


@pytest.fixture
def service(settings_for: Callable[..., Settings], chat: ChatStandIn) -> Iterator[Service]:
    """An API that makes summaries, without workers."""
    settings = settings_for(
        summary_url=chat.url, summary_model="small", reuse_results=False, retry_backoff_seconds=0.1
    )
    with serving(settings) as running:
        yield running


def open_conversation(page: Page, service: Service, recording: Path) -> str:
    """Its transcript, without a summary; its task id."""
    card = send(page, recording)
    expect(card.locator(".badge")).to_have_text("Waiting")
    task_id = service.queued_task().task_id
    finish(service.settings, task_id, conversation())
    card.get_by_role("link", name="Open").click()
    return task_id


def correct(page: Page) -> None:
    page.get_by_role("button", name="Edit the text at 0:04").click()
    page.locator("textarea").fill("Three points.")
    page.keyboard.press("Control+Enter")


def test_a_button_where_the_service_makes_summaries(
    service: Service, visitor: Visitor, recordings: Path, chat: ChatStandIn
) -> None:
    page = visitor.open(service.url)
    open_conversation(page, service, recordings / "short.wav")
    chat.replies = [Reply(404, b"no such model")]
    page.get_by_role("button", name="Summarise").click()
    expect(page.get_by_text("could not be summarised: The chat server answered 404")).to_be_visible()
    page.get_by_role("button", name="Summarise").click()
    expect(page.locator(".summary-text")).to_have_text("They have <b>three</b> points.\n- One is open.")
    expect(page.get_by_text("Written by small; it may be wrong.")).to_be_visible()
    page.reload()
    expect(page.locator(".summary-text")).to_contain_text("One is open.")
    stale = page.get_by_text("The transcript was corrected after this summary was made.")
    expect(stale).to_have_count(0)
    correct(page)
    expect(stale).to_be_visible()
    assert violations(page) == []
    page.get_by_role("button", name="Summarise again").click()
    expect(stale).to_have_count(0)


def test_guests_read_the_summary_and_whether_it_is_outdated(
    service: Service, visitor: Visitor, visit: Callable[..., Visitor], recordings: Path
) -> None:
    page = visitor.open(service.url)
    task_id = open_conversation(page, service, recordings / "short.wav")
    page.get_by_role("button", name="Summarise").click()
    expect(page.locator(".summary-text")).to_contain_text("One is open.")
    correct(page)
    stale = page.get_by_text("The transcript was corrected after this summary was made.")
    expect(stale).to_be_visible()

    made = httpx2.post(f"{service.url}/transcribe/{task_id}/shares", json={}).json()
    guest = visit(locale="ru-RU").open(f"{service.url}{made['address']}")
    expect(guest.locator(".summary-text")).to_contain_text("One is open.")
    expect(guest.get_by_text("Написала языковая модель; она может ошибаться.")).to_be_visible()
    outdated = guest.get_by_text("После этого пересказа расшифровку исправляли.")
    expect(outdated).to_be_visible()
    expect(guest.locator(".summary button")).to_have_count(0)  # guests do not ask for another
    assert violations(guest) == []

    page.get_by_role("button", name="Summarise again").click()
    expect(stale).to_have_count(0)
    guest.reload()
    expect(guest.locator(".summary-text")).to_be_visible()
    expect(outdated).to_have_count(0)
