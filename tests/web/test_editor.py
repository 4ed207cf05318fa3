"""The transcript's editor: by keys, in any layout; split, join, replace; where people were."""

import sys
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.api import Service
from tests.web.conftest import Visitor
from tests.web.scenes import SENTENCES, Stage, conversation, result_of
from tests.web.test_transcript import correct, saved


@pytest.fixture
def stage(idle: Service, visitor: Visitor, recordings: Path) -> Stage:
    """A transcript is open whose recording is there."""
    stage = Stage(visitor.open(idle.url), idle.url, idle.settings, recordings / "half_minute.wav")
    stage.transcribe()
    stage.open_transcript()
    return stage


def edit(page: Page, time: str, caret_after: str = "") -> Locator:
    """The field of that segment, with the caret behind these words."""
    page.get_by_role("button", name=f"Edit the text at {time}").click()
    area = page.locator("textarea")
    expect(area).to_be_focused()
    area.evaluate(
        "(area, words) => area.setSelectionRange(...Array(2).fill(area.value.indexOf(words) + words.length))",
        caret_after,
    )
    return area


def kept(stage: Stage) -> dict[str, object]:
    """The corrections that the service has once it has all."""
    expect(stage.page.get_by_text("Edited", exact=True)).to_be_visible()
    [task] = httpx2.get(f"{stage.url}/transcribe/").json()["tasks"]
    found: dict[str, object] = httpx2.get(f"{stage.url}/transcribe/{task['task_id']}/corrections").json()
    return found


def test_enter_saves_and_opens_the_next(stage: Stage) -> None:
    page = stage.page
    edit(page, "0:04").fill("Three points.")
    page.keyboard.press("Enter")
    expect(page.get_by_role("textbox", name="Text at 0:08")).to_be_focused()
    page.keyboard.type("Then ")
    page.keyboard.press("Enter")
    expect(page.get_by_role("textbox", name="Text at 0:12")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Play from 0:12")).to_be_focused()
    expect(page.locator(".segment-text").nth(1)).to_have_text("Three points.")
    expect(page.locator(".segment-text").nth(2)).to_have_text(f"Then {SENTENCES[2]}")
    edit(page, "0:24")
    page.keyboard.press("Enter")  # there is no next one
    expect(page.get_by_role("button", name="Play from 0:24")).to_be_focused()


def test_a_segment_is_split_at_the_caret_and_joined_again(stage: Stage) -> None:
    page = stage.page
    edit(page, "0:04", "We have three points on the agenda:")
    page.keyboard.press("Shift+Enter")
    expect(page.locator(".segment")).to_have_count(len(SENTENCES) + 1)
    expect(page.locator("textarea")).to_have_value("the budget, the new workshop, and the summer fair.")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".segment-text").nth(1)).to_have_text("We have three points on the agenda:")
    expect(page.locator(".segment").nth(2).locator(".segment-time")).to_have_text("0:05")
    assert list(kept(stage)["regrouped"]) == ["1"]  # type: ignore[call-overload]
    tsv = saved(page, "TSV").splitlines()
    assert tsv[2].startswith("4000\t5")
    assert tsv[2].endswith("We have three points on the agenda:")
    assert "the budget" in tsv[3]
    page.reload()
    expect(page.locator(".segment")).to_have_count(len(SENTENCES) + 1)
    edit(page, "0:05")
    page.locator("textarea").press("Home")
    page.keyboard.press("Backspace")  # joins with the one before
    expect(page.locator("textarea")).to_have_value(SENTENCES[1])
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Edited", exact=True)).to_have_count(0)
    expect(page.locator(".segment-text")).to_have_text(list(SENTENCES))


def test_two_segments_are_one_and_again_two(stage: Stage) -> None:
    page = stage.page
    edit(page, "0:16", SENTENCES[4])
    page.keyboard.press("Delete")
    expect(page.locator("textarea")).to_have_value(f"{SENTENCES[4]} {SENTENCES[5]}")
    page.get_by_role("button", name="Save and next").click()
    expect(page.get_by_role("textbox", name="Text at 0:24")).to_be_focused()
    page.keyboard.press("Escape")
    assert kept(stage)["regrouped"] == {
        "4": {"last": 5, "pieces": [{"text": f"{SENTENCES[4]} {SENTENCES[5]}", "speaker": None}]}
    }
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".segment-text")).to_have_text(list(SENTENCES))
    page.get_by_role("button", name="Redo").click()
    expect(page.locator(".segment")).to_have_count(len(SENTENCES) - 1)


def test_all_places_are_replaced_in_one_step(stage: Stage) -> None:
    page = stage.page
    edit(page, "0:04", "We have three points")
    page.keyboard.press("Shift+Enter")
    page.keyboard.press("Control+Enter")
    page.get_by_label("Search the text").fill("WORKSHOP")
    page.get_by_role("button", name="Replace", exact=True).click()
    page.get_by_label("Replace with").fill("$& studio")
    page.get_by_role("button", name="Replace all 2 places").click()
    expect(page.get_by_role("status").filter(has_text="2 places replaced")).to_be_attached()
    expect(page.locator(".segments")).to_contain_text("the new $& studio, and")
    expect(page.locator(".segments")).to_contain_text("The $& studio will cost")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".segments")).not_to_contain_text("studio")
    expect(page.locator(".segment")).to_have_count(len(SENTENCES) + 1)


def test_words_are_lit_after_a_correction(stage: Stage) -> None:
    page = stage.page
    correct(page, "We had three points on our agenda, the new workshop and the fair.")
    word = page.locator("[data-word]", has_text="workshop").first
    word.click()
    expect(word).to_have_class("lit")


CYRILLIC = {"KeyP": "з", "KeyJ": "о", "KeyD": "в", "KeyE": "у", "Slash": "."}


def press(page: Page, code: str, **more: object) -> None:
    """A key of a Russian keyboard: Playwright knows none."""
    event = {"code": code, "key": CYRILLIC[code], "bubbles": True, "cancelable": True, **more}
    page.evaluate("event => document.activeElement.dispatchEvent(new KeyboardEvent('keydown', event))", event)


def test_keys_work_in_a_russian_layout_and_never_while_somebody_types(stage: Stage) -> None:
    page = stage.page
    slider = page.get_by_role("slider")
    press(page, "KeyD")
    expect(slider).to_have_attribute("aria-valuenow", "8")
    expect(page.get_by_role("button", name="Play from 0:08")).to_be_focused()
    press(page, "KeyJ")
    expect(slider).to_have_attribute("aria-valuenow", "5")
    press(page, "KeyE")
    area = page.locator("textarea")
    expect(area).to_be_focused()
    area.fill("")
    page.keyboard.type("pjdef/?")
    expect(area).to_have_value("pjdef/?")
    press(page, "KeyD", altKey=True)  # to the word: it is selected
    expect(page.get_by_role("textbox", name="Text at 0:08")).to_be_focused()
    page.keyboard.press("Escape")
    press(page, "KeyP", altKey=True)
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    press(page, "KeyP")
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    press(page, "KeyP", altKey=True, ctrlKey=True)  # AltGr
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    press(page, "Slash", shiftKey=True)
    expect(page.get_by_role("dialog")).to_contain_text("Next doubtful word")
    page.get_by_role("dialog").get_by_label("Letters alone").uncheck()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    press(page, "Slash")
    expect(page.get_by_label("Search the text")).not_to_be_focused()


def test_what_was_corrected_is_doubtful_no_more(stage: Stage) -> None:
    page = stage.page
    expect(page.get_by_role("button", name="1 doubtful place")).to_be_visible()
    page.keyboard.press("d")
    page.keyboard.press("e")
    page.keyboard.type("Lucas")  # in the place of the doubtful word
    page.keyboard.press("Control+Enter")
    expect(page.locator(".segment").nth(2)).to_contain_text("Lucas has sent")
    expect(page.get_by_role("button", name="doubtful place")).to_have_count(0)


def test_a_reader_who_scrolls_is_not_pulled_back(stage: Stage) -> None:
    page = stage.page
    page.set_viewport_size({"width": 900, "height": 500})
    page.get_by_role("button", name="Play from 0:00").click()
    page.mouse.move(400, 450)
    page.mouse.wheel(0, 300)
    back = page.get_by_role("button", name="Back to what is said")
    expect(back).to_be_visible()
    back.click()
    expect(back).to_have_count(0)
    expect(page.get_by_label("Follow")).to_be_checked()


def long_result(segments: int) -> dict[str, object]:
    """A transcript of so many segments of 4 s."""
    return result_of(tuple(SENTENCES[place % len(SENTENCES)] for place in range(segments)))


def test_the_search_stays_in_sight_and_the_place_is_remembered(stage: Stage) -> None:
    page = stage.page
    page.go_back()
    stage.transcribe("long.wav", long_result(300))
    stage.open_transcript("long.wav")
    page.locator(".segment").nth(200).evaluate("row => row.scrollIntoView({ block: 'center' })")
    expect(page.locator(".segment").nth(200)).to_be_in_viewport()
    page.locator(".segment").nth(200).locator("[data-word]").first.click()
    expect(page.get_by_label("Search the text")).to_be_in_viewport()
    expect(page.get_by_role("slider")).to_have_attribute("aria-valuetext", "0:28")  # all that was recorded
    page.get_by_role("slider").press("Home")
    page.get_by_role("slider").press("PageUp")
    page.get_by_role("slider").press("ArrowLeft")
    for leave in ("reload", "go elsewhere") * 3:  # a place that is a little off each time is lost in the end
        if leave == "reload":
            page.reload()
        else:
            page.go_back()
            expect(page.locator(".card", has_text="long.wav")).to_be_visible()
            page.go_forward()
        expect(page.get_by_role("slider")).to_have_attribute("aria-valuetext", "0:23")
        expect(page.locator(".segment").nth(200)).to_be_in_viewport()


def test_a_split_segment_may_be_given_to_somebody_else(
    idle: Service, visitor: Visitor, recordings: Path
) -> None:
    page = visitor.open(idle.url)
    stage = Stage(page, idle.url, idle.settings, recordings / "half_minute.wav")
    stage.transcribe(result=conversation())
    stage.open_transcript()
    edit(page, "0:24", "Yes, one:")
    page.keyboard.press("Shift+Enter")
    page.keyboard.press("Control+Enter")
    page.locator(".segment").last.get_by_role("combobox").select_option(label="S3")
    piece = kept(stage)["regrouped"]["6"]["pieces"][1]  # type: ignore[index]
    assert piece == {"text": "when does the building permit run out?", "speaker": "S3"}
    assert "S3: when does the building permit" in saved(page, "TXT")


def test_two_browsers_that_split_and_write_do_not_overwrite_each_other(
    stage: Stage, visit: Callable[..., Visitor]
) -> None:
    [task] = httpx2.get(f"{stage.url}/transcribe/").json()["tasks"]
    other = visit().open(f"{stage.url}/#/transcript/{task['task_id']}")
    expect(other.locator(".segment")).to_have_count(len(SENTENCES))
    correct(other, "Written elsewhere.")
    expect(other.get_by_text("Edited", exact=True)).to_be_visible()
    edit(stage.page, "0:16", "That leaves us")
    stage.page.keyboard.press("Shift+Enter")
    stage.page.keyboard.press("Control+Enter")
    found = kept(stage)
    assert found["texts"] == {"1": "Written elsewhere."}
    assert list(found["regrouped"]) == ["4"]  # type: ignore[call-overload]
    expect(stage.page.locator(".segment").nth(1)).to_contain_text("Written elsewhere.")


OPENED = """async () => {
  const begun = performance.now();
  document.querySelector(".card a.button").click();
  const pause = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  while (document.querySelectorAll(".segment").length < 5000) await pause();
  await pause();
  return performance.now() - begun;
}"""


def test_a_transcript_of_5000_segments_draws_only_the_words_that_are_near(stage: Stage) -> None:
    page = stage.page
    page.go_back()
    stage.transcribe("day.wav", long_result(5000))
    milliseconds = page.evaluate(OPENED)
    sys.stdout.write(f"5000 segments are there after {milliseconds:.0f} ms\n")  # pytest -s shows it
    assert 0 < page.locator("[data-word]").count() < 2000
    far = page.locator(".segment").nth(4000)
    expect(far).to_contain_text(SENTENCES[4000 % len(SENTENCES)])
    far.evaluate("row => row.scrollIntoView()")
    far.locator("[data-word]").first.click()
    expect(page.get_by_role("slider")).to_have_attribute("aria-valuetext", "0:28")  # all that was recorded
