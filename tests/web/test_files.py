"""How the page is sent, and how much of it."""

import gzip
import sys
from typing import Any

import httpx2
import pytest
from playwright.sync_api import expect

from app.api.routes.page import POLICY
from app.web.files import read_page
from tests.support.api import Service
from tests.support.serving import PATIENCE_SECONDS
from tests.web.conftest import Visitor

VERSION = read_page().version
MOST_BYTES = 250_000


@pytest.fixture
def get(idle: Service) -> Any:
    """GET of a path."""

    def ask(path: str, **headers: str) -> httpx2.Response:
        return httpx2.get(f"{idle.url}{path}", headers=headers, timeout=PATIENCE_SECONDS)

    return ask


def test_only_files_of_this_service_run(get: Any) -> None:
    for path in ("/", f"/web/{VERSION}/js/main.js"):
        answer = get(path)
        assert answer.headers["content-security-policy"] == POLICY
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert "unsafe" not in POLICY
    assert "microphone=(self)" in get("/").headers["permissions-policy"]


def test_the_page_is_asked_for_anew_and_its_files_are_kept(get: Any) -> None:
    page, file = get("/"), get(f"/web/{VERSION}/css/base.css")
    assert page.headers["cache-control"] == "no-cache"
    assert file.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert get("/web/another/css/base.css").headers["cache-control"] == "no-cache"
    for path, answer in (("/", page), (f"/web/{VERSION}/css/base.css", file)):
        again = get(path, **{"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["content-security-policy"] == POLICY
        assert again.headers["cache-control"] == answer.headers["cache-control"]


def test_what_gzip_makes_smaller_is_compressed(idle: Service) -> None:
    address = f"{idle.url}/web/{VERSION}/js/main.js"
    with httpx2.stream("GET", address, headers={"Accept-Encoding": "gzip"}) as answer:
        packed = b"".join(answer.iter_raw())
    plain = httpx2.get(address, headers={"Accept-Encoding": "identity"})
    assert answer.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert gzip.decompress(packed) == plain.content
    assert answer.headers["etag"] != plain.headers["etag"]
    assert plain.headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize("name", ["nothing.js", "../files.py", "files.py", "vendor/README.md", "index.html"])
def test_nothing_else_is_served(get: Any, name: str) -> None:
    assert get(f"/web/{VERSION}/{name.replace('..', '%2e%2e')}").status_code == 404


def test_the_page_answers_head(idle: Service) -> None:
    answer = httpx2.head(f"{idle.url}/")
    assert (answer.status_code, answer.content) == (200, b"")


def test_the_whole_page_is_small(idle: Service, visitor: Visitor) -> None:
    page = visitor.context.new_page()
    session = visitor.context.new_cdp_session(page)
    received: list[int] = []
    session.on("Network.loadingFinished", lambda event: received.append(int(event["encodedDataLength"])))
    session.send("Network.enable")
    page.goto(idle.url)
    expect(page.get_by_text("Nothing here yet")).to_be_visible()
    page.get_by_role("link", name="Service").click()
    expect(page.get_by_text("Waiting tasks")).to_be_visible()
    paint = page.evaluate("() => performance.getEntriesByName('first-contentful-paint')[0].startTime")
    sys.stdout.write(f"{sum(received)} bytes, first paint after {paint:.0f} ms\n")  # pytest -s shows it
    assert len(received) > 50
    assert sum(received) < MOST_BYTES
