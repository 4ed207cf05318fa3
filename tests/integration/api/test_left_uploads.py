"""Uploads whose clients went away: live recordings become tasks, the others expire."""

import json
import os
import time
from collections.abc import Callable, Iterator

import httpx2
import pytest

from app.core.config import Settings
from app.services.receiving import BATCH_BYTES
from tests.integration.api.tus import SPEECH, begin, go_on, stored, transcribe, unfinished
from tests.support.api import Service, serving
from tests.support.serving import until


@pytest.fixture
def left(settings_for: Callable[..., Settings]) -> Iterator[Service]:
    """A service that waits for no client."""
    settings = settings_for(default_model="base", maintenance_seconds=0.1, left_upload_seconds=0.5)
    with serving(settings) as running:
        yield running


def test_a_recording_whose_page_was_closed_becomes_a_task(left: Service) -> None:
    with httpx2.Client(base_url=left.url) as client:
        address = begin(client, None, filename="memo.ogg", transcribe=json.dumps({"language": "ru"}))
        go_on(client, address, 0, SPEECH[:20000])
        until(left.queued)
        task = left.queued_task()
        assert (task.filename, task.language) == ("memo.ogg", "ru")
        assert (left.folder / task.file_path).read_bytes() == SPEECH[:20000]
        assert transcribe(client, address).json()["task_id"] == task.task_id  # the page comes back


def test_part_of_a_file_does_not_become_one(left: Service) -> None:
    """Its client knows that there is more, and may come back; nor does what nobody has asked for."""
    with httpx2.Client(base_url=left.url) as client:
        go_on(client, begin(client, transcribe="{}"), 0, SPEECH[:1000])
        go_on(client, begin(client, None), 0, SPEECH)
        go_on(client, begin(client, None, transcribe="{}"), 0, SPEECH)
        until(left.queued)
        assert (left.folder / left.queued_task().file_path).read_bytes() == SPEECH


def test_what_was_left_and_is_no_recording_is_logged_once(
    left: Service, caplog: pytest.LogCaptureFixture
) -> None:
    with httpx2.Client(base_url=left.url) as client:
        go_on(client, begin(client, None, transcribe="{}"), 0, b"no sound")
        until(lambda: "becomes no task" in caplog.text)
        time.sleep(0.5)  # several more rounds
        assert caplog.text.count("becomes no task") == 1


def test_what_was_refused_is_looked_at_again_when_more_of_it_is_there(
    left: Service, caplog: pytest.LogCaptureFixture
) -> None:
    with httpx2.Client(base_url=left.url) as client:
        address = begin(client, None, transcribe="{}")
        go_on(client, address, 0, SPEECH[:20])
        until(lambda: "becomes no task" in caplog.text)
        go_on(client, address, 20, SPEECH[20:])
        until(left.queued)


@pytest.mark.volume
def test_what_is_left_does_not_expire_unseen(settings_for: Callable[..., Settings]) -> None:
    """The service was away for longer than it keeps what nobody goes on with."""
    settings = settings_for(default_model="base", maintenance_seconds=0.1, left_upload_seconds=0.5)
    before = settings.model_copy(update={"left_upload_seconds": 3600})
    with serving(before) as service, httpx2.Client(base_url=service.url) as client:
        go_on(client, begin(client, None, transcribe="{}"), 0, SPEECH)
    for path in (settings.upload_dir / ".uploads").iterdir():
        os.utime(path, (0, 0))
    with serving(settings) as service:
        until(service.queued)


def test_one_whose_length_was_told_too_early_is_left_all_the_same(left: Service) -> None:
    with httpx2.Client(base_url=left.url) as client:
        address = begin(client, None, transcribe="{}")
        go_on(client, address, 0, SPEECH[:20000], **{"Upload-Length": str(len(SPEECH))})
        until(left.queued)


def test_an_old_upload_expires(settings_for: Callable[..., Settings]) -> None:
    settings = settings_for(maintenance_seconds=0.1, resumable_upload_seconds=0.2)
    with serving(settings) as service, httpx2.Client(base_url=service.url) as client:
        begin(client)
        until(lambda: not service.files())


def test_what_is_being_written_does_not_expire(settings_for: Callable[..., Settings]) -> None:
    """However slowly it comes."""
    settings = settings_for(maintenance_seconds=0.05, resumable_upload_seconds=0.2, left_upload_seconds=0.2)
    with serving(settings) as service, httpx2.Client(base_url=service.url) as client:
        address = begin(client, None, transcribe="{}")
        content = bytes(BATCH_BYTES)
        with unfinished(service, address, content, 2 * len(content)):
            until(lambda: stored(service, address) == len(content))
            time.sleep(0.6)  # several rounds of the housekeeping
            assert stored(service, address) == len(content)
            assert not service.queued()
