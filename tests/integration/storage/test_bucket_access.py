"""What a bucket admits, and what is told where it does not."""

import subprocess
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from app.core.config import Settings
from app.core.errors import (
    InvalidTask,
    StorageMisconfigured,
    StorageUnavailable,
)
from app.launcher.redis_server import free_port
from app.schemas.task import Task
from app.storage.bucket.storage import BucketStorage
from app.storage.marker import Marker
from tests.integration.storage.contents import TASK, TASK_ID
from tests.support.processes import ROOT, environment_of

pytestmark = pytest.mark.bucket


@pytest.mark.parametrize(
    "path",
    ["../x.wav", "/etc/passwd", ".outbox/x.json", ".service.json", "a/../b.wav", "x\0.wav", "a//b"],
)
def test_nothing_outside_the_folder_is_read(storage: BucketStorage, path: str) -> None:
    with pytest.raises(InvalidTask):
        storage.recording_of(Task(task_id="x", file_path=path))


def test_foreign_recordings_are_read_and_stay(storage: BucketStorage, settings: Settings) -> None:
    upload = storage.open_upload("theirs", "wav")
    upload.write(b"sound")
    upload.commit()
    for path in ("theirs.wav", f"{settings.storage_url}/theirs.wav"):
        task = Task(task_id="x", file_path=path)
        assert storage.recording_of(task) is not None
        storage.finish(task)
        assert storage.recording_of(task) is not None
        assert storage.kept_recording(task) is None


@pytest.mark.parametrize("filename", ["talk.mp3", None])
def test_recordings_of_archived_tasks_are_removed(storage: BucketStorage, filename: str | None) -> None:
    """Redis has forgotten the task; the archive keeps no paths."""
    upload = storage.open_upload("0b9e3b5c-6f0a-4f1c-9d39-5c9f6d3a1c55", "mp3")
    upload.write(b"sound")
    key = upload.commit()
    task_id = key.removesuffix(".mp3")
    storage.discard(Task(task_id=task_id, file_path=task_id, filename=filename))
    assert storage.recording_of(Task(task_id=task_id, file_path=key)) is None


def test_the_marker_is_written_once(storage: BucketStorage) -> None:
    mine, theirs = Marker.new("mine", "redis"), Marker.new("theirs", "redis")
    assert storage.marker.read() is None
    assert storage.marker.write(mine, replace=False)
    assert not storage.marker.write(theirs, replace=False)
    assert storage.marker.read() == mine
    assert storage.marker.write(theirs, replace=True)
    assert storage.marker.read() == theirs
    assert not storage.marker.is_abandoned()


def test_what_is_wrong_with_a_bucket_is_told(
    s3_settings: Callable[..., Settings], caplog: pytest.LogCaptureFixture
) -> None:
    right = s3_settings()
    BucketStorage(right).check()
    with pytest.raises(StorageMisconfigured, match=r"s3://no-such-bucket .*404 NoSuchBucket.*STORAGE_URL"):
        BucketStorage(right.model_copy(update={"storage_url": "s3://no-such-bucket"})).check()
    away = right.model_copy(
        update={"storage_endpoint": f"http://127.0.0.1:{free_port()}", "storage_timeout_seconds": 0.5}
    )
    with pytest.raises(StorageUnavailable, match="STORAGE_ENDPOINT"):
        BucketStorage(away).check()
    with pytest.raises(StorageUnavailable) as told:
        BucketStorage(away).outbox.save(TASK)
    assert "127.0.0.1" not in str(told.value), "who uploads need not know where the bucket is"
    assert f"cannot be written at .outbox/{TASK_ID}.json" in caplog.text


class Careless(BaseHTTPRequestHandler):
    """A store that speaks as much of S3 as the check asks for, and does not know conditional writes."""

    def do_GET(self) -> None:
        """An empty listing."""
        content = (
            b"<ListBucketResult><KeyCount>0</KeyCount><IsTruncated>false</IsTruncated></ListBucketResult>"
        )
        self._answer(content)

    def do_PUT(self) -> None:
        """Taken, whatever is there."""
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self._answer(b"")

    def _answer(self, content: bytes) -> None:
        self.send_response(200)
        self.send_header("ETag", '"0"')
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def test_a_store_that_overwrites_is_refused(s3_settings: Callable[..., Settings]) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Careless) as server:
        threading.Thread(target=server.serve_forever).start()
        settings = s3_settings(storage_endpoint=f"http://127.0.0.1:{server.server_port}")
        with pytest.raises(StorageMisconfigured, match="If-None-Match"):
            BucketStorage(settings).check()
        server.shutdown()


@pytest.mark.parametrize("program", [("-m", "uvicorn", "main:app", "--port", "0"), ("worker.py",)])
def test_a_wrong_key_ends_the_start_with_a_sentence(
    program: tuple[str, ...],
    s3_settings: Callable[..., Settings],
) -> None:
    environment = environment_of(s3_settings()) | {"AWS_SECRET_ACCESS_KEY": "wrong"}
    ended = subprocess.run(
        [sys.executable, *program],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1
    assert "403 SignatureDoesNotMatch. Check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY" in ended.stderr
    assert "Traceback" not in ended.stderr
