"""Russian and English."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
from playwright.sync_api import Page, expect

from app.core.languages import LANGUAGES
from app.core.transcript_warnings import TranscriptWarning
from app.queue.results import FOREIGN_FAILURE_CODE
from app.web.files import read_page
from tests.support.api import Service
from tests.unit.core.test_errors import ALL
from tests.web.conftest import Visitor
from tests.web.scenes import finish, result_of
from tests.web.test_sending import send

PAGE = read_page()
PAGES_OWN = {"unexpected", "offline", "interrupted", "recording_missing"}
"""Codes of errors that the page meets by itself."""

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


def codes_of_router(url: str) -> set[str]:
    """Those of the answers that no route makes."""
    answers = (httpx2.get(f"{url}/nothing"), httpx2.put(f"{url}/transcribe/"))
    return {answer.json()["code"] for answer in answers}


def test_every_error_is_told_in_both_languages(idle: Service, visitor: Visitor) -> None:
    codes = {error.code for error in ALL} | {FOREIGN_FAILURE_CODE} | codes_of_router(idle.url)
    assert {"not_found", "method_not_allowed", "request_in_progress"} < codes
    page = visitor.open(idle.url)
    for language, letters in (("en", "A-Z"), ("ru", "А-ЯЁ")):
        known = texts(page, language)
        told = {
            name.removeprefix("error_"): text for name, text in known.items() if name.startswith("error_")
        }
        assert codes | PAGES_OWN == told.keys()
        sentence = re.compile(rf"[{letters}].*(\.|{{told}})")
        assert {code for code, text in told.items() if not sentence.fullmatch(text)} == set()


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


FIGURE = 7
"""What is put into the templates of warnings."""


def template_of(warning: TranscriptWarning) -> str:
    """As the page has it: without the formats of the figures."""
    return re.sub(r"{(\w+):[^}]*}", r"{\1}", warning.value)


def sentence_of(warning: TranscriptWarning) -> str:
    """What the service may write into `warnings`."""
    return warning.sentence(**dict.fromkeys(re.findall(r"{(\w+)", warning.value), FIGURE))


def translation_of(warning: TranscriptWarning, text: str) -> str:
    """What the page is to tell instead: `text` with the figures as the service formats them, but a comma."""
    figures = {
        name: format(FIGURE, form).replace(".", ",")
        for name, form in re.findall(r"{(\w+):?([^}]*)}", warning.value)
    }
    return text.format(**figures)


def test_every_warning_is_told_in_russian(
    idle: Service, visit: Callable[..., Visitor], recordings: Path
) -> None:
    """A warning that Python has and the page has not would be told in English; nothing else would say so."""
    page = visit(locale="ru-RU").open(idle.url)
    english, russian = texts(page, "en"), texts(page, "ru")
    names = {warning: f"warning_{warning.name.lower()}" for warning in TranscriptWarning}
    assert {name: text for name, text in english.items() if name.startswith("warning_")} == {
        name: template_of(warning) for warning, name in names.items()
    }

    problem = TranscriptWarning.TRACK_LOW_RATE.sentence(rate=8, limit=2000)
    passed_over = TranscriptWarning.TRACK_PASSED_OVER.sentence(track=2, problem=problem)
    sentences = [*map(sentence_of, TranscriptWarning), passed_over, "A foreign worker says this."]
    card = send(page, recordings / "short.wav")
    expect(card.locator(".badge")).to_have_text("Ожидает")
    finish(idle.settings, idle.queued_task().task_id, result_of() | {"warnings": sentences})
    card.get_by_role("link", name="Открыть").click()
    notices = page.locator(".desk-head ~ p.notice")
    expect(notices).to_have_text(
        [
            *(translation_of(warning, russian[name]) for warning, name in names.items()),
            "Дорожка 2 пропущена. Её частота дискретизации 8 Гц ниже наименьшей допустимой, "
            "MIN_SAMPLE_RATE=2000.",
            "A foreign worker says this.",
        ]
    )
    page.get_by_role("button", name="English").click()
    expect(notices).to_have_text(sentences)


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
