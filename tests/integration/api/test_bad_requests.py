"""Every bad request gets its answer, in one shape, and leaves nothing behind."""

from collections.abc import Callable

import httpx2
import pytest

from app.core.config import Settings
from tests.integration.api.bad_requests import BAD_REQUESTS, FORM_TYPE, GOOD, BadRequest
from tests.support.api import serving
from tests.support.serving import PATIENCE_SECONDS

MAX_UPLOAD_MB = 3


@pytest.mark.parametrize("bad", BAD_REQUESTS, ids=lambda bad: bad.name)
def test_it_is_refused_and_leaves_nothing(bad: BadRequest, settings_for: Callable[..., Settings]) -> None:
    with (
        serving(settings_for(max_upload_mb=MAX_UPLOAD_MB)) as service,
        httpx2.Client(base_url=service.url, timeout=PATIENCE_SECONDS) as client,
    ):
        answer = bad.send(client, MAX_UPLOAD_MB)
        problem = answer.json()

        assert (answer.status_code, problem["code"]) == (bad.status, bad.code), problem
        assert answer.headers["content-type"] == "application/problem+json"
        assert problem["status"] == bad.status
        assert problem["title"]
        assert problem["type"] in ("about:blank", f"/problems/{bad.code}")
        assert problem["instance"] == httpx2.URL(bad.path).path or "%2F" in bad.path
        assert problem["detail"].endswith(".")
        assert ". " not in problem["detail"]
        assert "\n" not in problem["detail"]
        assert service.files() == []
        assert service.keys() == []

        good = client.post("/transcribe/", content=GOOD, headers={"Content-Type": FORM_TYPE})
        assert good.status_code == 202, "the service goes on"


def test_the_table_is_large_enough_and_without_twins() -> None:
    names = {bad.name for bad in BAD_REQUESTS}
    assert len(names) == len(BAD_REQUESTS) >= 25
