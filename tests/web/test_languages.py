"""Russian and English."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
from playwright.sync_api import Page, expect

from app.asr.base import DecodeOptions, EngineInfo
from app.audio.decode import read_samples
from app.audio.downmix import MixReport
from app.audio.limits import AudioLimits
from app.audio.report import DecodeReport
from app.core.languages import LANGUAGES
from app.queue.results import FOREIGN_FAILURE_CODE
from app.schemas.transcript import Span
from app.transcription.ignored_options import ignored_options
from app.transcription.speech_warnings import speech_warnings
from app.web.files import read_page
from tests.integration.api.service import Service
from tests.recordings import Part, planes, silence, write
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


def every_warning(folder: Path) -> list[str]:
    """The sentences that the service can put into `warnings`, each made where it is made."""
    report = DecodeReport(
        12.5,
        3600.0,
        damaged_packets=3,
        trimmed=False,
        limited=86_400.0,
        missing_seconds=1.5,
        broken_samples=7,
        scale=32768.0,
        jumped=True,
        clock_start=100.0,
        mix=MixReport(unknown_layout=5, inverted=True, lfe=True),
    )
    quiet = planes(silence(0.5))
    tracks = write(folder / "tracks.mp4", Part(quiet, codec="alac"), *[Part(quiet, codec="aac")] * 2)
    tracks.write_bytes(tracks.read_bytes().replace(b"alac", b"apac"))
    passed_over = (AudioLimits().rate_problem(rate) for rate in (8, 10_000_000))
    unheard: dict[str, Any] = {"speech": 9.0, "sound": 600.0, "detected": True}
    info = EngineInfo("onnx-asr", "gigaam-v3", "cpu", "int8", "full", "", {}, ("prompt", "hotwords"))
    return [
        *report.warnings,
        *read_samples(tracks)[1].notes,
        *(f"Track 4 of the file was passed over. {problem}" for problem in passed_over),
        *speech_warnings((Span(start=1.0, end=9.0),), **unheard),
        *speech_warnings((), mixed=2, **unheard),
        *ignored_options(info, DecodeOptions(prompt="Ada", hotwords="Byron")),
    ]


def test_warnings_are_told_in_russian(
    idle: Service, visit: Callable[..., Visitor], recordings: Path, tmp_path: Path
) -> None:
    sentences = [*every_warning(tmp_path), "A foreign worker says this."]
    page = visit(locale="ru-RU").open(idle.url)
    card = send(page, recordings / "short.wav")
    expect(card.locator(".badge")).to_have_text("Ожидает")
    finish(idle.settings, idle.queued_task().task_id, result_of() | {"warnings": sentences})
    card.get_by_role("link", name="Открыть").click()
    notices = page.locator(".desk-head ~ p.notice")
    expect(notices).to_have_count(len(sentences))
    *told, foreign = notices.all_text_contents()

    known = texts(page, "en")
    assert len(told) == len([name for name in known if name.startswith("warning_")])
    assert [text for text in told if not re.match(r"[А-Я]", text) or "{" in text] == []
    assert "заявлена длительность 3600,0 с, но звука в файле только 12,5 с" in " ".join(told)
    assert told[-1] == "Модель gigaam-v3 не умеет учитывать prompt, hotwords: расшифровано без этого."
    assert foreign == sentences[-1]
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
