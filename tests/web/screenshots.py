"""Pictures of every view, in both themes and on a phone: `python -m tests.web.screenshots FOLDER`."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import sync_playwright
from redis import Redis

from app.core.config import Settings
from app.launcher.redis_server import RedisServer, free_port
from scripts.browser import browser_path
from tests.support.api import Service, serving
from tests.web.conftest import write_speech
from tests.web.scenes import SCENES, Stage

FINGERS = {"is_mobile": True, "has_touch": True}
WINDOWS = {
    "light": {"color_scheme": "light", "viewport": {"width": 1200, "height": 900}},
    "dark": {"color_scheme": "dark", "viewport": {"width": 1200, "height": 900}},
    "phone": {"color_scheme": "light", "viewport": {"width": 360, "height": 740}, **FINGERS},
    "phone-dark": {"color_scheme": "dark", "viewport": {"width": 360, "height": 740}, **FINGERS},
}
MICROPHONE = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")


@contextmanager
def fresh_service(redis: RedisServer, folder: Path, name: str) -> Iterator[Service]:
    """A service without a worker, and with nothing in it."""
    settings = Settings(
        redis_host="127.0.0.1",
        redis_port=redis.port,
        redis_queue_name=name,
        redis_results_prefix=f"{name}-result:",
        upload_dir=folder / name,
        log_dir=folder / "logs",
        data_dir=folder / "data" / name,
        log_level="ERROR",
        reuse_results=False,
    )
    with serving(settings) as service, Redis(port=redis.port) as client:
        client.zadd(f"{name}:workers", {"a-worker": int(client.time()[0]) * 1000 + 600_000})  # it looks alive
        yield service


def main(target: Path) -> None:
    """Write them all."""
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        recording = write_speech(folder / "speech.wav", 28)
        redis = RedisServer(folder, free_port())
        redis.start()
        chromium = playwright.chromium.launch(
            executable_path=browser_path(), args=["--no-sandbox", *MICROPHONE]
        )
        for window, options in WINDOWS.items():
            for scene, play in SCENES.items():
                context = chromium.new_context(locale="en-GB", **options)  # type: ignore[arg-type]
                page = context.new_page()
                with fresh_service(redis, folder, f"{window}-{scene}") as service:
                    page.goto(service.url)
                    play(Stage(page, service.url, service.settings, recording))
                    page.wait_for_timeout(500)  # fonts, charts, the fade of a press
                    page.screenshot(path=target / f"{scene}-{window}.png", full_page=window != "light")
                    context.close()
        chromium.close()
        redis.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "screenshots"))
