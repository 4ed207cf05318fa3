"""The page is installed, and opens without a network; it keeps nothing but itself."""

import json
import re
import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import httpx2
from playwright.sync_api import expect

from app.web.files import FOLDER, read_page
from tests.support.api import Service
from tests.web.conftest import Visitor
from tests.web.scenes import Stage

KEPT = """async () => {
  const found = [];
  for (const name of await caches.keys())
    for (const request of await (await caches.open(name)).keys()) found.push(new URL(request.url).pathname);
  return found;
}"""


def test_the_page_opens_without_a_network_and_keeps_nothing_else(
    idle: Service, visit: Callable[..., Visitor], recordings: Path
) -> None:
    page = visit(service_workers="allow").open(idle.url)
    page.evaluate("async () => { await navigator.serviceWorker.ready }")
    page.wait_for_function("() => navigator.serviceWorker.controller")
    stage = Stage(page, idle.url, idle.settings, recordings / "half_minute.wav")
    stage.transcribe()
    stage.open_transcript()
    page.goto(stage.share())
    expect(page.locator(".segment").first).to_be_visible()
    page.goto(idle.url)
    page.context.set_offline(True)
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Recordings to text")
    expect(page.get_by_text("The service does not answer")).to_be_visible()
    expect(page.locator(".card")).to_contain_text("meeting.wav")
    page.context.set_offline(False)
    version = read_page().version
    kept = page.evaluate(KEPT)
    assert "/" in kept
    assert [path for path in kept if path != "/" and not path.startswith(f"/web/{version}/")] == []


def test_the_manifest_names_files_that_there_are(idle: Service) -> None:
    answer = httpx2.get(f"{idle.url}/manifest.webmanifest")
    assert answer.headers["content-type"] == "application/manifest+json"
    manifest = answer.json()
    assert (manifest["start_url"], manifest["display"]) == ("/", "standalone")
    for icon in manifest["icons"]:
        assert httpx2.get(f"{idle.url}{icon['src']}").headers["content-type"] == icon["type"]


def test_ios_finds_an_icon_that_it_can_show(idle: Service) -> None:
    [address] = re.findall(r'rel="apple-touch-icon" href="([^"]+)"', httpx2.get(idle.url).text)
    answer = httpx2.get(f"{idle.url}{address}")
    assert answer.headers["content-type"] == "image/png"
    assert len(answer.content) < 5_000
    width, height, _, colours = struct.unpack(">IIBB", answer.content[16:26])  # of the chunk IHDR
    assert (width, height) == (180, 180)
    assert colours == 2  # RGB: iOS shows what is transparent in black


def test_the_worker_is_asked_for_anew_and_names_every_file(idle: Service) -> None:
    answer = httpx2.get(f"{idle.url}/sw.js")
    assert answer.headers["cache-control"] == "no-cache"
    files = json.loads(re.findall(r"const FILES = (\[.*\]);", answer.text)[0])
    page = read_page()
    assert files == [f"/web/{page.version}/{name}" for name in page.files]
    assert "{{" not in answer.text


def test_an_upgrade_has_another_worker_with_a_cache_of_its_own(tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path / "web")
    (tmp_path / "web" / "js" / "main.js").write_text("// another version")
    old, new = read_page(), read_page(tmp_path / "web")
    caches = [re.findall(r'const CACHE = "(.*)"', page.worker.content.decode()) for page in (old, new)]
    assert caches == [[f"transcriber-{old.version}"], [f"transcriber-{new.version}"]]
    assert old.version not in new.worker.content.decode()
