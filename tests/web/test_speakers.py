"""Who said what, on the page: named, merged, corrected, saved."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.support.api import Service
from tests.web.conftest import Visitor
from tests.web.scenes import SENTENCES, Stage, conversation
from tests.web.test_sending import send
from tests.web.test_transcript import saved


@pytest.fixture
def page(idle: Service, visitor: Visitor, recordings: Path) -> Page:
    """A conversation of three is open."""
    stage = Stage(visitor.open(idle.url), idle.url, idle.settings, recordings / "half_minute.wav")
    stage.transcribe(result=conversation())
    stage.open_transcript()
    return stage.page


def labels(page: Page) -> Locator:
    """The speaker of each segment."""
    return page.locator(".segment-speaker option:checked")


def rename(page: Page, old: str, new: str) -> None:
    field = page.get_by_label(f"Name of {old}", exact=True)
    field.fill(new)
    field.press("Tab")


def test_each_segment_has_its_speaker_in_a_colour(page: Page) -> None:
    expect(labels(page)).to_have_text(["S1", "S2", "S3", "S1", "S2", "S3", "S1"])

    colours = page.locator(".segment-speaker").evaluate_all(
        "all => all.map((each) => getComputedStyle(each).color)"
    )
    assert colours[:3] == colours[3:6]
    assert len(set(colours)) == 3


def test_a_name_is_changed_everywhere_at_once_and_survives_a_reload(page: Page) -> None:
    rename(page, "S1", "Ann <Lee>")

    expect(labels(page)).to_have_text(["Ann <Lee>", "S2", "S3", "Ann <Lee>", "S2", "S3", "Ann <Lee>"])
    expect(page.get_by_text("Edited", exact=True)).to_be_visible()
    page.reload()
    expect(labels(page).first).to_have_text("Ann <Lee>")
    assert saved(page, "TXT").startswith(f"Ann <Lee>: {SENTENCES[0]}\nS2: ")
    assert "Ann <\u2060Lee>: " in saved(page, "SRT")
    assert "<v Ann &lt;Lee&gt;>" in saved(page, "VTT")
    assert saved(page, "TSV").splitlines()[1] == f"0\t3600\t{SENTENCES[0]}\tAnn <Lee>"
    assert "0.000 3.600 <NA> <NA> Ann_<Lee> <NA> <NA>\n" in saved(page, "RTTM")
    assert json.loads(saved(page, "JSON"))["speakers"][0]["name"] == "Ann <Lee>"


def test_a_name_that_is_typed_stays_while_another_is_saved(page: Page) -> None:
    held: list[Route] = []
    page.route(
        "**/corrections",
        lambda route: held.append(route) if route.request.method == "PUT" else route.continue_(),
    )
    with page.expect_request(lambda request: request.method == "PUT"):
        rename(page, "S1", "Ann")
    field = page.get_by_label("Name of S2", exact=True)
    field.fill("Bob")
    held.pop().continue_()
    expect(page.get_by_text("Edited", exact=True)).to_be_visible()
    expect(field).to_have_value("Bob")
    field.press("Tab")
    expect(labels(page)).to_have_text(["Ann", "Bob", "S3", "Ann", "Bob", "S3", "Ann"])


def test_a_name_that_was_typed_and_taken_back_is_not_kept(page: Page) -> None:
    rename(page, "S1", "Ann")
    field = page.get_by_label("Name of Ann", exact=True)
    field.press("End")
    field.press_sequentially("a")
    field.press("Backspace")
    field.press("Tab")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_label("Name of S1", exact=True)).to_have_value("S1")


def test_two_speakers_are_merged_and_parted_again(page: Page) -> None:
    page.get_by_label("S3 is the same as").select_option("S1")

    expect(labels(page)).to_have_text(["S1", "S2", "S1", "S1", "S2", "S1", "S1"])
    expect(page.locator(".speakers li")).to_have_count(2)
    assert "S3" not in saved(page, "RTTM")
    assert '"S3"' not in saved(page, "JSON").replace(" ", "")
    page.get_by_role("button", name="Undo").click()
    expect(labels(page)).to_have_text(["S1", "S2", "S3", "S1", "S2", "S3", "S1"])
    page.get_by_role("button", name="Redo").click()
    expect(page.locator(".speakers li")).to_have_count(2)


def test_a_segment_is_given_to_another_speaker(page: Page) -> None:
    page.get_by_label("Speaker at 0:04").select_option("S3")

    expect(labels(page).nth(1)).to_have_text("S3")
    # With what the same speaker says next: the file is the service's, which has the change by then.
    assert saved(page, "TXT").splitlines()[1] == f"S3: {SENTENCES[1]} {SENTENCES[2]}"


def test_what_is_not_edited_is_the_services_file(page: Page) -> None:
    assert saved(page, "TXT").splitlines()[:2] == [f"S1: {SENTENCES[0]}", f"S2: {SENTENCES[1]}"]
    assert saved(page, "RTTM").startswith("SPEAKER recording 1 0.000 3.600 <NA> <NA> S1 <NA> <NA>\n")


def test_speakers_are_asked_for_in_the_options_and_shown(
    web: Service, visitor: Visitor, recordings: Path, speaker_weights: Path
) -> None:
    assert speaker_weights.is_file()
    page = visitor.open(web.url)
    page.get_by_text("More options").click()
    page.get_by_label("Number of speakers").fill("1-4")
    page.get_by_label("Number of speakers").blur()
    page.get_by_label("Tell who says what").check()

    card = send(page, recordings / "short.wav")

    expect(card.locator(".badge")).to_have_text("Done")
    card.get_by_role("link", name="Open").click()
    expect(labels(page).first).to_have_text("S1")
    expect(page.locator(".speakers li")).to_have_count(1)
