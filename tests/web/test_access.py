"""Nobody is shut out: axe-core finds nothing, narrow windows do not scroll sideways, keys are enough."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from app.core.api_keys import new_key
from app.core.config import Settings
from tests.support.api import Service, serving
from tests.web.conftest import Visitor
from tests.web.scenes import SCENES, Stage

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text("utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def violations(page: Page) -> list[str]:
    """What axe-core finds in the page as it is now."""
    page.evaluate(AXE)
    found: dict[str, Any] = page.evaluate(
        "rules => axe.run(document, {runOnly: {type: 'tag', values: rules}})", RULES
    )
    return [
        f"{each['id']}: {node['html'][:200]} {node['failureSummary']}"
        for each in found["violations"]
        for node in each["nodes"]
    ]


def play(scene: str, service: Service, visitor: Visitor, recordings: Path) -> Page:
    """The page in that scene."""
    page = visitor.open(service.url)
    SCENES[scene](Stage(page, service.url, service.settings, recordings / "half_minute.wav"))
    return page


@pytest.mark.parametrize("scene", SCENES)
def test_axe_finds_nothing(
    scene: str, idle: Service, visit: Callable[..., Visitor], recordings: Path
) -> None:
    page = play(scene, idle, visit(reduced_motion="reduce"), recordings)
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        assert violations(page) == []


@pytest.mark.parametrize("scene", SCENES)
def test_a_phone_does_not_scroll_sideways(
    scene: str, idle: Service, visit: Callable[..., Visitor], recordings: Path
) -> None:
    phone = visit(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    page = play(scene, idle, phone, recordings)
    widths = "() => [document.documentElement.scrollWidth, innerWidth]"
    assert page.evaluate(widths) == [360, 360]
    assert violations(page) == []


def test_the_question_for_a_key_shuts_nobody_out(settings: Settings, visit: Callable[..., Visitor]) -> None:
    with serving(settings.model_copy(update={"api_keys": (new_key("alice").entry,)})) as service:
        page = visit().open(service.url)
        expect(page.get_by_label("Key", exact=True)).to_be_focused()
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)
            assert violations(page) == []


def test_keys_are_enough(idle: Service, visitor: Visitor, recordings: Path) -> None:
    page = play("transcript", idle, visitor, recordings)
    slider = page.get_by_role("slider")
    slider.focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    expect(slider).to_have_attribute("aria-valuetext", "0:05")
    page.get_by_role("button", name="Play from 0:00").focus()
    page.keyboard.press("Tab")  # one stop a segment
    expect(page.get_by_role("button", name="Play from 0:04")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("button", name="Edit the text at 0:04")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.type(" Really.")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".segment").nth(1)).to_contain_text("fair. Really.")
    expect(page.get_by_role("button", name="Play from 0:04")).to_be_focused()
    page.keyboard.press("Control+z")
    expect(page.locator(".segment").nth(1)).not_to_contain_text("Really.")
    page.keyboard.press("Control+Shift+Z")
    expect(page.locator(".segment").nth(1)).to_contain_text("Really.")


def test_the_first_key_leads_to_the_content(idle: Service, visitor: Visitor) -> None:
    page = visitor.open(idle.url)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_what_has_ended_is_announced(idle: Service, visitor: Visitor, recordings: Path) -> None:
    page = visitor.open(idle.url)
    stage = Stage(page, idle.url, idle.settings, recordings / "short.wav")
    stage.transcribe("talk.wav")
    expect(page.get_by_role("status").filter(has_text="The text of talk.wav is there")).to_be_attached()
