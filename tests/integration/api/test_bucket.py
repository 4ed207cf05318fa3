"""The API on a real S3 server: what is sent, played, put straight into the bucket, and removed."""

from collections.abc import Callable, Iterator

import httpx2
import pytest

from app.core.config import Settings
from app.storage.opening import open_storage
from tests.integration.api.tus import SPEECH as OGG
from tests.integration.api.tus import begin, go_on, transcribe
from tests.support.api import ASSETS, Service, serving
from tests.support.places import tombstone_name

pytestmark = pytest.mark.bucket

SPEECH = (ASSETS / "speech_en.mp3").read_bytes()


@pytest.fixture
def service(s3_settings: Callable[..., Settings]) -> Iterator[Service]:
    with serving(s3_settings(max_upload_mb=1, storage_redirects=True)) as running:
        yield running


def direct(client: httpx2.Client, content: bytes, length: int | None = None) -> str:
    """Put a recording straight into the bucket; the id of the upload."""
    wish = {"length": length or len(content), "filename": "talk.mp3"}
    answer = client.post("/uploads/direct", json=wish)
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert (told["method"], told["expires_in_seconds"]) == ("PUT", 3600)
    assert httpx2.put(told["url"], content=content, headers=told["headers"]).status_code == 200
    return str(told["upload_id"])


def test_from_the_upload_to_the_tombstone(service: Service, client: httpx2.Client) -> None:
    assert client.get("/health/ready").status_code == 200
    assert 'folder="uploads"' not in client.get("/metrics").text, "a bucket has no disk"
    task_id = client.post("/transcribe/", files={"file": ("talk.mp3", SPEECH)}).json()["task_id"]
    assert service.files() == [f".outbox/{task_id}.json", f"{task_id}.mp3"]
    task = service.queued_task()
    assert (task.file_path, round(task.duration or 0)) == (f"{task_id}.mp3", 6)
    assert client.get(f"/transcribe/{task_id}").json()["status"] == "queued"

    led = client.get(f"/transcribe/{task_id}/audio", headers={"Range": "bytes=1-9"})
    assert led.status_code == 307
    assert httpx2.get(led.headers["location"], headers={"Range": "bytes=1-9"}).content == SPEECH[1:10]

    assert client.delete(f"/transcribe/{task_id}").status_code == 204
    assert service.files() == [tombstone_name(service.settings, task_id)]
    assert client.get(f"/transcribe/{task_id}").status_code == 404


def test_what_is_no_recording_leaves_nothing(service: Service, client: httpx2.Client) -> None:
    wrong = {b"no sound": "unreadable_audio", bytes(2**20 + 1): "upload_too_large", b"": "empty_file"}
    for content, code in wrong.items():
        answer = client.post("/transcribe/", files={"file": ("talk.mp3", content)})
        assert answer.json()["code"] == code
    assert service.files() == []


def test_a_recording_is_played_in_ranges(s3_settings: Callable[..., Settings]) -> None:
    """Where clients are not sent to the bucket."""
    with serving(s3_settings()) as service, httpx2.Client(base_url=service.url) as client:
        task_id = client.post("/transcribe/", files={"file": ("talk.mp3", SPEECH)}).json()["task_id"]
        address = f"/transcribe/{task_id}/audio"
        whole = client.get(address)
        assert (whole.content, whole.headers["content-type"]) == (SPEECH, "audio/mpeg")
        assert "sandbox" in whole.headers["content-security-policy"]
        part = client.get(address, headers={"Range": "bytes=100-299"})
        assert (part.status_code, part.content) == (206, SPEECH[100:300])
        assert part.headers["content-range"] == f"bytes 100-299/{len(SPEECH)}"
        assert client.get(address, headers={"Range": f"bytes={len(SPEECH)}-"}).status_code == 416


def test_a_recording_comes_in_several_requests(service: Service, client: httpx2.Client) -> None:
    address = begin(client)
    assert go_on(client, address, 0, OGG[:1000]).status_code == 204
    assert transcribe(client, address).json()["code"] == "upload_incomplete"
    assert go_on(client, address, 1000, OGG[1000:]).status_code == 204
    first = transcribe(client, address)
    assert first.status_code == 202
    assert transcribe(client, address).json()["task_id"] == first.json()["task_id"]
    assert go_on(client, address, len(OGG), b"more").json()["code"] == "upload_taken"
    recording = open_storage(service.settings).recording_of(service.queued_task())
    assert recording is not None
    with recording.open("rb", 0) as file:
        assert file.readall() == OGG


def test_a_recording_is_put_straight_into_the_bucket(service: Service, client: httpx2.Client) -> None:
    upload_id = direct(client, SPEECH)
    answer = client.post("/transcribe/", params={"upload": upload_id})
    assert answer.status_code == 202, answer.text
    task = service.queued_task()
    assert (task.filename, round(task.duration or 0)) == ("talk.mp3", 6)
    again = client.post("/transcribe/", params={"upload": upload_id})
    assert again.json()["task_id"] == answer.json()["task_id"]


@pytest.mark.parametrize(
    ("content", "length", "code"),
    [
        (SPEECH, len(SPEECH) + 1, "upload_incomplete"),
        (SPEECH, 10, "upload_too_large"),
        (b"no sound", None, "unreadable_audio"),
    ],
)
def test_what_was_put_there_is_looked_at(
    service: Service, client: httpx2.Client, content: bytes, length: int | None, code: str
) -> None:
    upload_id = direct(client, content, length)
    answer = client.post("/transcribe/", params={"upload": upload_id})
    assert answer.json()["code"] == code
    assert service.queued() == []
    assert all(name.startswith(f".resumable/{upload_id}/") for name in service.files())


def test_who_announces_too_much_gets_no_link(service: Service, client: httpx2.Client) -> None:
    answer = client.post("/uploads/direct", json={"length": 2**21})
    assert (answer.status_code, answer.json()["code"]) == (413, "upload_too_large")
    answer = client.post("/transcribe/", params={"upload": begin_direct(client)})
    assert answer.json()["code"] == "upload_incomplete"
    for wrong in ({}, {"length": 0}, {"length": 1, "more": 2}):
        assert client.post("/uploads/direct", json=wrong).json()["code"] == "invalid_parameter"


def begin_direct(client: httpx2.Client) -> str:
    return str(client.post("/uploads/direct", json={"length": 5}).json()["upload_id"])


@pytest.mark.volume
def test_a_volume_takes_no_direct_uploads(settings: Settings) -> None:
    with serving(settings) as service, httpx2.Client(base_url=service.url) as client:
        answer = client.post("/uploads/direct", json={"length": 5})
        assert (answer.status_code, answer.json()["code"]) == (409, "direct_uploads_off")
        assert service.files() == []
