"""From a recording to its text, with the real model."""

from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.api import Service
from tests.web.conftest import Visitor
from tests.web.scenes import finish

pytestmark = pytest.mark.weights

SAID = "lunch under the"

NOTE_PROGRESS = """() => {
  globalThis.seen = new Set();
  new MutationObserver(() => {
    for (const bar of document.querySelectorAll('.card-processing progress')) seen.add(bar.value);
  }).observe(document.body, {subtree: true, childList: true, attributes: true, characterData: true});
}"""


def send(page: Page, *paths: Path) -> Locator:
    """Recordings; the card of the last of them."""
    page.locator("input[type=file]").first.set_input_files(list(paths))
    return page.locator(".card", has_text=paths[-1].name).first


def test_a_file_becomes_text(page: Page, recordings: Path) -> None:
    card = send(page, recordings / "short.wav")
    expect(card.locator(".badge")).to_have_text("Done")
    expect(card).to_contain_text(SAID)
    card.get_by_role("link", name="Open").click()
    expect(page.locator(".segments")).to_contain_text(SAID)
    expect(page.locator("[data-word]", has_text="river").first).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text("short.wav")


def test_many_files_may_be_dropped(page: Page) -> None:
    page.evaluate(
        """() => {
          const dropped = new DataTransfer();
          for (const name of ['1.txt', '2.txt', '3.txt']) dropped.items.add(new File(['words'], name));
          dispatchEvent(new DragEvent('drop', {dataTransfer: dropped, cancelable: true}));
        }"""
    )
    expect(page.locator(".card")).to_have_count(3)
    expect(page.locator(".card-error")).to_have_count(3)


def test_files_may_be_pasted(page: Page) -> None:
    page.evaluate(
        """() => {
          const pasted = new DataTransfer();
          pasted.items.add(new File(['words'], 'pasted.txt'));
          dispatchEvent(new ClipboardEvent('paste', {clipboardData: pasted}));
        }"""
    )
    expect(page.locator(".card")).to_contain_text("pasted.txt")


def test_the_microphone_becomes_text(page: Page) -> None:
    page.get_by_role("button", name="Record", exact=True).click()
    expect(page.get_by_role("timer")).to_have_text("0:05")
    page.get_by_role("button", name="Stop and transcribe").click()
    card = page.locator(".card").first
    expect(card.locator(".badge")).to_have_text("Done")
    expect(card).to_contain_text("river")
    card.get_by_role("link", name="Open").click()
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_enabled()


def test_progress_moves_and_text_comes_as_windows_end(page: Page, recordings: Path) -> None:
    page.evaluate(NOTE_PROGRESS)
    card = send(page, recordings / "long.wav")
    expect(card.locator(".badge")).to_have_text("Transcribing")
    expect(card.locator(".card-text")).to_contain_text(SAID)
    expect(card.locator(".card-progress")).to_contain_text("left")
    expect(card.locator(".badge")).to_have_text("Done")
    seen = [each for each in page.evaluate("() => [...seen]") if 0 < each < 1]
    assert len(seen) >= 2


NOTE_NOTICES = """() => {
    window.notices = [];
    window.Notification = class {
        static permission = "default";
        static async requestPermission() { return (this.permission = "granted"); }
        constructor(title) { window.notices.push(title); }
        close() {}
    };
    Object.defineProperty(document, "hidden", { get: () => true });
}"""


def test_who_looks_elsewhere_is_told(idle: Service, visitor: Visitor, recordings: Path) -> None:
    visitor.context.add_init_script(f"({NOTE_NOTICES})()")
    page = visitor.open(idle.url)
    card = send(page, recordings / "short.wav")
    expect(card.locator(".badge")).to_have_text("Waiting")
    expect(page).to_have_title("0% · Recordings – Transcriber")
    page.get_by_role("button", name="Notify me when they are done").click()
    expect(page.get_by_role("button", name="Notify me when they are done")).to_have_count(0)
    finish(idle.settings, idle.queued_task().task_id, {"text": "Said."})
    expect(card.locator(".badge")).to_have_text("Done")
    expect(page).to_have_title("Recordings – Transcriber")
    assert page.evaluate("() => notices") == ["The text of short.wav is there"]


def test_a_task_may_be_cancelled_and_sent_again(page: Page, web: Service, recordings: Path) -> None:
    card = send(page, recordings / "long.wav")
    expect(card.locator(".card-text")).to_contain_text(SAID)
    task_id = httpx2.get(f"{web.url}/transcribe/").json()["tasks"][0]["task_id"]
    card.get_by_role("button", name="Cancel").click()
    expect(card.locator(".badge")).to_have_text("Cancelled")
    assert httpx2.get(f"{web.url}/transcribe/{task_id}").status_code == 404

    card.get_by_role("button", name="Try again").click()
    expect(card.locator(".badge")).to_have_text("Transcribing")
    card.get_by_role("button", name="Cancel").click()
    expect(card.locator(".badge")).to_have_text("Cancelled")
    card.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.locator(".card")).to_have_count(0)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("README.md", "no audio or video that can be opened"),
        ("text_renamed.mp3", "no audio or video that can be opened"),
    ],
)
def test_a_wrong_file_is_refused_with_words(page: Page, assets: Path, name: str, told: str) -> None:
    card = send(page, assets / name)
    expect(card.locator(".badge")).to_have_text("Failed")
    expect(card.locator(".failure")).to_contain_text(told)
    expect(card.get_by_role("button", name="Try again")).to_have_count(0)


def test_options_reach_the_service_and_are_remembered(
    web: Service, visit: Callable[..., Visitor], assets: Path
) -> None:
    page = visit().open(web.url)
    page.get_by_label("Language spoken").select_option("ru")
    page.get_by_text("More options").click()
    page.get_by_label("Time each word").uncheck()
    page.get_by_label("Only the first seconds").fill("3")
    page.get_by_label("Only the first seconds").blur()
    card = send(page, assets / "speech_ru.ogg")
    expect(card.locator(".badge")).to_have_text("Done")
    task_id = httpx2.get(f"{web.url}/transcribe/").json()["tasks"][0]["task_id"]
    result = httpx2.get(f"{web.url}/transcribe/{task_id}").json()["result"]
    assert (result["language"], result["duration"], result["trimmed"]) == ("ru", 3.0, True)
    assert "words" not in result["segments"][0]
    page.reload()
    expect(page.get_by_label("Language spoken")).to_have_value("ru")
