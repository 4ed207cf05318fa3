"""The transcript: listen, find, correct, take away."""

import json
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Page, expect

from tests.support.api import Service
from tests.web.conftest import Visitor
from tests.web.scenes import Stage

SEARCH_HITS = "() => (CSS.highlights.get('hit')?.size ?? 0) + (CSS.highlights.get('hit-current')?.size ?? 0)"

COLOURS = """() => {
  const canvas = document.querySelector('.waveform');
  const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
  const style = getComputedStyle(canvas);
  const found = new Set();
  for (let at = 0; at < data.length; at += 4) found.add(`rgb(${data[at]}, ${data[at + 1]}, ${data[at + 2]})`);
  return ['rest', 'played', 'speech', 'doubt'].filter((name) =>
    found.has(style.getPropertyValue(`--wave-${name}`)));
}"""


@pytest.fixture
def stage(idle: Service, visitor: Visitor, recordings: Path) -> Stage:
    """A transcript is open whose recording is there."""
    stage = Stage(visitor.open(idle.url), idle.url, idle.settings, recordings / "half_minute.wav")
    stage.transcribe()
    stage.open_transcript()
    return stage


def saved(page: Page, format_: str) -> str:
    """What the button gives."""
    with page.expect_download() as waiting:
        page.get_by_role("button", name=f"Download {format_}").click()
    return waiting.value.path().read_text("utf-8")


def correct(page: Page, text: str) -> None:
    """The second segment."""
    page.get_by_role("button", name="Edit the text at 0:04").click()
    page.locator("textarea").fill(text)
    page.locator("textarea").press("Control+Enter")
    expect(page.locator(".segment").nth(1)).to_contain_text(text)


def test_a_click_on_a_word_jumps_there_and_lights_it(stage: Stage) -> None:
    word = stage.page.locator("[data-word]", has_text="forty")
    word.click()
    expect(stage.page.get_by_role("slider")).to_have_attribute("aria-valuenow", "15")
    expect(word).to_have_class("lit")
    expect(stage.page.locator(".segment[aria-current]")).to_contain_text("forty thousand")


NOTE_LIT_WORDS = """() => {
  window.litWords = [];
  const lit = document.getElementsByClassName("lit");
  const note = () => window.litWords.push(...Array.from(lit, (word) => word.textContent));
  new MutationObserver(note).observe(document.body, { subtree: true, attributeFilter: ["class"] });
}"""
"""A word is lit for a part of a second: too short to be asked for from here, however busy the machine is."""


def test_the_recording_plays_and_the_text_follows(stage: Stage) -> None:
    page = stage.page
    page.evaluate(NOTE_LIT_WORDS)
    page.get_by_role("button", name="Play from 0:12").click()
    expect(page.locator(".segment[aria-current]")).to_contain_text("The workshop will cost")
    expect(page.locator(".segment[aria-current]")).to_contain_text("That leaves us")
    assert "cost" in page.evaluate("window.litWords")
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()


def test_the_waveform_shows_sound_speech_and_doubts(stage: Stage) -> None:
    page = stage.page
    page.get_by_role("slider").click()  # in the middle
    expect(page.get_by_role("slider")).to_have_attribute("aria-valuenow", "14")
    assert page.evaluate(COLOURS) == ["rest", "played", "speech", "doubt"]


def test_doubtful_words_are_marked_and_found(stage: Stage) -> None:
    page = stage.page
    expect(page.locator(".segments-doubts .doubtful")).to_have_text(["Łukasz"])
    page.get_by_role("button", name="doubtful").click()
    expect(page.get_by_role("slider")).to_have_attribute("aria-valuenow", "8")
    page.get_by_label("Mark doubts").uncheck()
    expect(page.locator(".segments-doubts")).to_have_count(0)


def test_text_is_found(stage: Stage) -> None:
    page = stage.page
    page.get_by_label("Search the text").fill("WORKSHOP")
    expect(page.locator(".search")).to_contain_text("1 of 2")
    expect(page.locator(".segment-found")).to_have_count(2)
    assert page.evaluate(SEARCH_HITS) == 2
    page.get_by_label("Search the text").press("Enter")
    expect(page.locator(".search")).to_contain_text("2 of 2")
    page.get_by_label("Search the text").fill("zebra")
    expect(page.locator(".search")).to_contain_text("Nothing found")


def test_what_is_not_edited_is_the_services_file(stage: Stage) -> None:
    [task] = httpx2.get(f"{stage.url}/transcribe/").json()["tasks"]
    for button, format_ in (
        ("Markdown", "md"),
        ("TXT", "text"),
        ("SRT", "srt"),
        ("VTT", "vtt"),
        ("TSV", "tsv"),
        ("JSON", "json"),
    ):
        served = httpx2.get(f"{stage.url}/transcribe/{task['task_id']}", params={"format": format_})
        assert saved(stage.page, button) == served.text


def test_corrections_are_in_the_files_and_survive_a_reload(stage: Stage) -> None:
    page = stage.page
    correct(page, "Budget & <workshop> --> fair")
    expect(page.get_by_text("Edited", exact=True)).to_be_visible()
    page.reload()
    expect(page.locator(".segment").nth(1)).to_contain_text("Budget & <workshop> --> fair")

    assert "Budget & <workshop> --> fair" in saved(page, "TXT")
    assert "2\n00:00:04,000 --> 00:00:07,600\nBudget & <\u2060workshop> --\u2060> fair\n" in saved(
        page, "SRT"
    )
    assert "00:00:04.000 --> 00:00:07.600\nBudget &amp; &lt;workshop&gt; --&gt; fair\n" in saved(page, "VTT")
    assert "4000\t7600\tBudget & <workshop> --> fair\n" in saved(page, "TSV")
    assert json.loads(saved(page, "JSON"))["segments"][1]["text"].strip() == "Budget & <workshop> --> fair"


def test_corrections_are_undone_and_done_again(stage: Stage) -> None:
    page = stage.page
    second = page.locator(".segment").nth(1)
    correct(page, "One.")
    correct(page, "Two.")
    page.get_by_role("button", name="Undo").click()
    expect(second).to_contain_text("One.")
    page.reload()  # the steps are kept
    page.get_by_role("button", name="Undo").click()
    expect(second).to_contain_text("We have three points")
    expect(page.get_by_role("button", name="Undo")).to_be_disabled()
    page.get_by_role("button", name="Redo").click()
    expect(second).to_contain_text("One.")
    page.get_by_role("button", name="Edit the text at 0:04").click()
    page.locator("textarea").fill("Three.")
    page.locator("textarea").press("Escape")
    expect(second).to_contain_text("One.")


def test_the_text_is_copied(stage: Stage) -> None:
    page = stage.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy text").click()
    expect(page.get_by_text("Copied")).to_be_visible()
    assert str(page.evaluate("() => navigator.clipboard.readText()")).startswith("Good morning")


def test_a_recording_that_is_not_kept_may_be_brought(
    stage: Stage, visit: Callable[..., Visitor], recordings: Path
) -> None:
    [task] = httpx2.get(f"{stage.url}/transcribe/").json()["tasks"]
    (stage.settings.upload_dir / f"{task['task_id']}.wav").unlink()
    other = visit().open(f"{stage.url}/#/transcript/{task['task_id']}")  # another browser
    expect(other.get_by_text("sent from somewhere else, and the service no longer keeps it")).to_be_visible()
    other.locator(".player input[type=file]").set_input_files(recordings / "half_minute.wav")
    expect(other.get_by_role("button", name="Play", exact=True)).to_be_enabled()


def test_another_browser_has_the_recording_and_the_corrections(
    stage: Stage, visit: Callable[..., Visitor]
) -> None:
    correct(stage.page, "Mine.")
    expect(stage.page.get_by_text("Edited", exact=True)).to_be_visible()
    [task] = httpx2.get(f"{stage.url}/transcribe/").json()["tasks"]
    other = visit().open(f"{stage.url}/#/transcript/{task['task_id']}")
    expect(other.locator(".segment").nth(1)).to_contain_text("Mine.")
    expect(other.get_by_role("button", name="Play", exact=True)).to_be_enabled()
    assert "Mine." in saved(other, "SRT")

    correct(other, "Theirs.")
    expect(other.get_by_text("Edited", exact=True)).to_be_visible()
    stage.page.get_by_role("button", name="Edit the text at 0:00").click()  # not knowing of that
    stage.page.locator("textarea").fill("First.")
    stage.page.locator("textarea").press("Enter")
    expect(stage.page.locator(".segment").nth(1)).to_contain_text("Theirs.")
    expect(stage.page.locator(".segment").first).to_contain_text("First.")
    other.reload()
    expect(other.locator(".segment").first).to_contain_text("First.")


def test_corrections_made_while_the_service_is_away_are_not_lost(stage: Stage) -> None:
    page = stage.page
    page.context.set_offline(True)
    correct(page, "Alone.")
    expect(page.get_by_text("Edited, so far in this browser only")).to_be_visible()
    assert "Alone." in saved(page, "SRT")
    page.context.set_offline(False)
    expect(page.get_by_text("Edited", exact=True)).to_be_visible()
    [task] = httpx2.get(f"{stage.url}/transcribe/").json()["tasks"]
    kept = httpx2.get(f"{stage.url}/transcribe/{task['task_id']}/corrections").json()
    assert kept["texts"] == {"1": "Alone."}
