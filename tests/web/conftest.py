"""The page in Debian's Chromium, against the whole service: API, worker, the real `base` model."""

import math
import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import av
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from app.core.config import Settings
from app.launcher.redis_server import RedisServer
from scripts.browser import browser_path
from tests.support.api import ASSETS, Service, serving
from tests.support.processes import Worker, settings_of_whole

SAMPLE_RATE = 16_000
PATIENCE_MILLISECONDS = 60_000

expect.set_options(timeout=PATIENCE_MILLISECONDS)


def write_speech(path: Path, seconds: float, source: str = "speech_en.flac") -> Path:
    """The recording `source` as WAV, again and again, until it is so long."""
    with av.open(str(ASSETS / source)) as container:
        resampler = av.AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE)
        frames = [piece for frame in container.decode(audio=0) for piece in resampler.resample(frame)]
    once = b"".join(bytes(frame.planes[0])[: frame.samples * 2] for frame in frames)
    length = int(seconds * SAMPLE_RATE) * 2
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, SAMPLE_RATE, 0, "NONE", ""))
        file.writeframes((once * math.ceil(length / len(once)))[:length])
    return path


@pytest.fixture(scope="session")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `short.wav` (11 s), `half_minute.wav` (28 s) and `long.wav` (60 s)."""
    folder = tmp_path_factory.mktemp("recordings")
    write_speech(folder / "short.wav", 11)
    write_speech(folder / "half_minute.wav", 28)
    write_speech(folder / "long.wav", 60)
    return folder


@pytest.fixture(scope="session")
def web_settings(
    redis_server: RedisServer, base_weights: Path, tmp_path_factory: pytest.TempPathFactory
) -> Settings:
    """One window at a time, so that progress is seen."""
    folder = tmp_path_factory.mktemp("web")
    one_at_a_time = {"batch_size": 1, "tasks_in_flight": 1, "high_slots": 0, "short_slots": 0}
    return settings_of_whole("web", redis_server, base_weights, folder, **one_at_a_time)


@pytest.fixture(scope="session")
def web_worker(web_settings: Settings) -> Iterator[Worker]:
    """One worker for all tests: it loads the model once."""
    worker = Worker(web_settings)
    yield worker
    worker.stop()


@pytest.fixture(scope="session")
def web(web_settings: Settings, web_worker: Worker) -> Iterator[Service]:
    """The running service."""
    with serving(web_settings) as service:
        yield service


@pytest.fixture
def idle(settings_for: Callable[..., Settings]) -> Iterator[Service]:
    """A service without a worker: its tasks wait."""
    with serving(settings_for(reuse_results=False)) as service:
        yield service


@pytest.fixture(scope="package")  # its event loop ends before tests that have their own begin
def browser(recordings: Path) -> Iterator[Browser]:
    """Chromium, whose microphone hears `short.wav`."""
    arguments = [
        "--no-sandbox",  # the tests may be run by root
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={recordings / 'short.wav'}",
        "--autoplay-policy=no-user-gesture-required",
    ]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser_path(), args=arguments)
        yield chromium
        chromium.close()


class Visitor:
    """A browser profile, and what went wrong in it."""

    def __init__(self, context: BrowserContext) -> None:
        self.context = context
        self.wrong: list[str] = []
        self.hosts: set[str] = set()
        context.on("weberror", lambda error: self.wrong.append(str(error.error)))
        context.on("request", lambda request: self.hosts.add(urlsplit(request.url).hostname or ""))
        context.on("console", lambda message: self._heard(message.type, message.text))

    def open(self, url: str) -> Page:
        """The page, drawn."""
        page = self.context.new_page()
        page.goto(url)
        expect(page.locator("main h1, main h2, dialog h2").first).to_be_visible()
        return page

    def _heard(self, kind: str, text: str) -> None:
        # Chromium calls each answer of 4xx and each lost connection an error; the page tells of those itself.
        expected = ("Failed to load resource", "Service Worker registration blocked by Playwright")
        if kind in ("error", "warning") and not text.startswith(expected):
            self.wrong.append(text)


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Visitor]]:
    """Makes visitors; in the end, no page had an error, broke its policy, or asked another host."""
    visitors: list[Visitor] = []

    def make(**options: object) -> Visitor:
        # Of what a service worker answers, a test could hold back nothing.
        usual = {"locale": "en-GB", "service_workers": "block"}
        context = browser.new_context(**(usual | options))  # type: ignore[arg-type]
        context.set_default_timeout(PATIENCE_MILLISECONDS)
        visitors.append(Visitor(context))
        return visitors[-1]

    yield make
    for visitor in visitors:
        visitor.context.close()
        assert visitor.wrong == []
        assert visitor.hosts <= {"127.0.0.1", ""}


@pytest.fixture
def visitor(visit: Callable[..., Visitor]) -> Visitor:
    """One with a wide window, who reads English."""
    return visit(viewport={"width": 1200, "height": 900})


@pytest.fixture
def page(visitor: Visitor, web: Service) -> Page:
    """The first view of the whole service."""
    return visitor.open(web.url)
