"""Russian and English."""

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from app.core.languages import LANGUAGES
from app.web.files import read_page
from tests.integration.api.service import Service
from tests.web.conftest import Visitor

PAGE = read_page()
PLURALS = {"en": {"one", "other"}, "ru": {"one", "few", "many", "other"}}


def texts(page: Page, language: str) -> dict[str, Any]:
    """All of the page in a language."""
    path = f"/web/{PAGE.version}/js/i18n/{language}.js"
    found: dict[str, Any] = page.evaluate("async path => (await import(path)).TEXTS", path)
    return found


def test_both_languages_say_the_same_things(idle: Service, visitor: Visitor) -> None:
    page = visitor.open(idle.url)
    english, russian = texts(page, "en"), texts(page, "ru")
    assert english.keys() == russian.keys()
    for language, all_texts in (("en", english), ("ru", russian)):
        for text in all_texts.values():
            assert isinstance(text, str) or set(text) == PLURALS[language]

    def values(text: Any) -> set[str]:
        forms = [text] if isinstance(text, str) else text.values()
        return {name for form in forms for name in re.findall(r"{(\w+)}", form)}

    assert {name for name in english if values(english[name]) != values(russian[name])} == set()


def test_every_text_that_is_used_is_there(idle: Service, visitor: Visitor) -> None:
    known = texts(visitor.open(idle.url), "en")
    code = "".join(file.content.decode() for name, file in PAGE.files.items() if name.startswith("js/"))
    used = set(re.findall(r'\bt\(\s*"(\w+)"', code))
    assert len(used) > 90
    assert used - known.keys() == set()


def test_the_browser_chooses_and_people_may_too(idle: Service, visit: Callable[..., Visitor]) -> None:
    page = visit(locale="ru-RU").open(idle.url)
    expect(page.get_by_role("heading", level=1)).to_have_text("Из записи в текст")
    assert page.locator("html").get_attribute("lang") == "ru"
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Recordings to text")
    expect(page).to_have_title("Recordings – Transcriber")
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Recordings to text")


def test_refusals_are_told_in_russian(idle: Service, visit: Callable[..., Visitor]) -> None:
    page = visit(locale="ru-RU").open(idle.url)
    page.locator("input[type=file]").set_input_files(
        {"name": "a.mp3", "mimeType": "audio/mpeg", "buffer": b"not a recording" * 100}
    )
    expect(page.locator(".failure")).to_have_text(re.compile("^Это не запись: в файле нет аудио или видео"))


def test_the_theme_is_the_systems_or_the_chosen(idle: Service, visit: Callable[..., Visitor]) -> None:
    page = visit(color_scheme="dark").open(idle.url)
    background = "() => getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(background)
    page.get_by_role("button", name="Theme").click()
    expect(page.get_by_role("button", name="Theme: light")).to_be_visible()
    light = page.evaluate(background)
    assert light != dark
    page.reload()
    assert page.evaluate(background) == light


def test_the_languages_are_whispers() -> None:
    code = PAGE.files["js/views/language_codes.js"].content.decode()
    assert " ".join(re.findall(r'"([^"]+)"', code)).split() == list(LANGUAGES)
