"""Requests that come again, and recordings that were transcribed before."""

import json
import wave
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest
import redis

from app.core.api_keys import new_key
from app.core.config import Settings
from app.services import idempotency
from app.services.receiving import FORM_OVERHEAD_BYTES
from tests.integration.api import tus
from tests.support.api import ASSETS, Service, serving
from tests.support.places import outbox_of
from tests.support.serving import PATIENCE_SECONDS, until

SPEECH = (ASSETS / "speech_ru.ogg").read_bytes()
OTHER = (ASSETS / "speech_en.mp3").read_bytes()
RESULT = {"text": "Hello.", "segments": []}
ALICE = new_key("alice")


def post(
    client: httpx2.Client, content: bytes = SPEECH, key: str | None = None, **fields: str
) -> httpx2.Response:
    name = "a.ogg" if content == SPEECH else "a.mp3"
    headers = {"Idempotency-Key": key} if key else {}
    return client.post("/transcribe/", files={"file": (name, content)}, data=fields, headers=headers)


def task_id(answer: httpx2.Response) -> str:
    assert answer.status_code == 202, answer.text
    return str(answer.json()["task_id"])


def finish(settings: Settings, name: str) -> None:
    with redis.Redis(port=settings.redis_port) as client:
        client.set(f"{settings.redis_results_prefix}{name}", json.dumps(RESULT))


def test_the_same_request_is_the_same_task(service: Service, client: httpx2.Client) -> None:
    first, second = post(client, key="k1"), post(client, key="k1")

    assert task_id(first) == task_id(second)
    assert second.headers["idempotency-replayed"] == "true"
    assert second.headers["location"] == first.headers["location"]
    assert len([name for name in service.files() if name.endswith(".ogg")]) == 1
    assert task_id(post(client, key="k2")) != task_id(first)
    assert task_id(post(client)) != task_id(first)


def test_many_at_once_are_one_task(client: httpx2.Client) -> None:
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: post(client, key="k"), range(8)))
    assert len({task_id(answer) for answer in answers}) == 1


@pytest.mark.parametrize(
    ("content", "fields"), [(OTHER, {}), (SPEECH, {"language": "en"}), (SPEECH, {"model": "base"})]
)
def test_a_key_of_another_request_is_refused(
    service: Service, client: httpx2.Client, content: bytes, fields: dict[str, str]
) -> None:
    post(client, key="k")
    before = service.files()
    answer = post(client, content, key="k", **fields)

    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_conflict")
    assert service.files() == before


def test_a_request_that_was_refused_may_come_again(client: httpx2.Client) -> None:
    broken = client.post(
        "/transcribe/", files={"file": ("a.mp3", b"no sound")}, headers={"Idempotency-Key": "k"}
    )
    assert broken.status_code == 422
    assert task_id(post(client, key="k"))


def test_a_request_that_is_still_being_accepted_is_waited_for_and_then_told(
    service: Service, client: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its acceptance is in Redis: another API may be at it."""
    first = post(client, key="k")
    with redis.Redis(port=service.settings.redis_port) as store:
        (name,) = store.keys(f"{service.settings.redis_queue_name}:request:*")
        store.set(f"{name.decode()}:accepting", "1", px=600_000)
        monkeypatch.setattr(idempotency, "WAIT_SECONDS", 0.5)
        answer = post(client, key="k")
        assert (answer.status_code, answer.json()["code"]) == (409, "request_in_progress")
        assert int(answer.headers["retry-after"]) > 0
        assert post(client, OTHER, key="k").json()["code"] == "idempotency_conflict"
        store.delete(f"{name.decode()}:accepting")
    assert task_id(post(client, key="k")) == task_id(first)


def test_a_key_of_a_task_that_is_not_known_is_taken_over(service: Service, client: httpx2.Client) -> None:
    """As an earlier version left it, whose API was killed before the task was there."""
    first = task_id(post(client, key="k"))
    with redis.Redis(port=service.settings.redis_port) as store:
        store.delete(f"{service.settings.redis_queue_name}:task:{first}")
    assert task_id(post(client, key="k")) == first, "it is noted"
    (outbox_of(service.settings) / f"{first}.json").unlink()
    with redis.Redis(port=service.settings.redis_port) as store:
        store.delete(f"{service.settings.redis_queue_name}:task:{first}", service.settings.redis_queue_name)
    again = task_id(post(client, OTHER, key="k"))
    assert again != first
    assert client.get(f"/transcribe/{again}").status_code == 200


def test_a_key_that_is_not_ours_is_taken_over(service: Service, client: httpx2.Client) -> None:
    post(client, key="k")
    with redis.Redis(port=service.settings.redis_port) as store:
        (name,) = store.keys(f"{service.settings.redis_queue_name}:request:*")
        store.set(name, "{")
    assert task_id(post(client, key="k"))


def test_a_key_that_is_too_long(client: httpx2.Client) -> None:
    answer = post(client, key="k" * 256)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_parameter")


def test_a_recording_that_was_done_is_done_at_once(service: Service, client: httpx2.Client) -> None:
    first = task_id(post(client, model="base"))
    finish(service.settings, first)
    second = task_id(post(client, model="base", priority="high"))
    state = client.get(f"/transcribe/{second}").json()

    assert second != first
    assert state["status"] == "done"
    assert state["result"] == RESULT | {"reused_from": first}
    assert [name for name in service.files() if second in name] == [
        f".outbox/{second}.json",
        f".outbox/{second}.result",
        f"{second}.ogg",
    ], "kept as long as those of any task that has ended: Redis may lose it"
    assert second in [task["task_id"] for task in client.get("/transcribe/").json()["tasks"]]


def test_the_end_of_a_task_that_was_done_at_once_is_told(settings_for: Callable[..., Settings]) -> None:
    settings = settings_for(fetch_private_addresses=True)
    with (
        serving(settings) as service,
        httpx2.Client(base_url=service.url, timeout=PATIENCE_SECONDS) as client,
    ):
        finish(settings, task_id(post(client)))
        second = task_id(post(client, webhook="http://127.0.0.1:9/hook"))
        until(lambda: client.get(f"/transcribe/{second}").json()["webhook"]["attempts"])


def test_a_key_is_remembered_where_a_result_was_used_again(service: Service, client: httpx2.Client) -> None:
    finish(service.settings, task_id(post(client)))

    first, second = post(client, key="k"), post(client, key="k")

    assert task_id(first) == task_id(second)
    assert second.headers["idempotency-replayed"] == "true"


@pytest.mark.parametrize(
    ("content", "fields"),
    [
        (OTHER, {}),
        (SPEECH, {"word_timestamps": "true"}),
        (SPEECH, {"trim": "2"}),
        (SPEECH, {"reuse": "false"}),
        (SPEECH, {"temperature": "0.5"}),
    ],
)
def test_what_is_not_the_same_is_transcribed(
    service: Service, client: httpx2.Client, content: bytes, fields: dict[str, str]
) -> None:
    finish(service.settings, task_id(post(client)))
    again = task_id(post(client, content, **fields))
    assert client.get(f"/transcribe/{again}").json()["status"] == "queued"


def test_what_has_not_ended_or_failed_is_not_used_again(service: Service, client: httpx2.Client) -> None:
    first = task_id(post(client))
    assert client.get(f"/transcribe/{task_id(post(client))}").json()["status"] == "queued"
    with redis.Redis(port=service.settings.redis_port) as store:
        store.set(f"{service.settings.redis_results_prefix}{first}", '{"status": "error", "error": "x"}')
    assert client.get(f"/transcribe/{task_id(post(client))}").json()["status"] == "queued"


def test_nothing_is_used_again_where_the_operator_does_not_want_it(
    settings_for: Callable[..., Settings],
) -> None:
    with (
        serving(settings_for(reuse_results=False)) as service,
        httpx2.Client(base_url=service.url, timeout=PATIENCE_SECONDS) as client,
    ):
        finish(service.settings, task_id(post(client)))
        assert client.get(f"/transcribe/{task_id(post(client))}").json()["status"] == "queued"


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("ftp://example.org/a.mp3", "unsafe_address"),
        ("http://127.0.0.1/a.mp3", "unsafe_address"),
        ("http://169.254.169.254/latest/meta-data", "unsafe_address"),
        ("http://[::ffff:10.0.0.1]/a", "unsafe_address"),
        ("http://user:word@example.org/a", "unsafe_address"),
        ("nonsense", "unsafe_address"),
    ],
)
@pytest.mark.parametrize("field", ["url", "webhook"])
def test_addresses_are_checked_before_the_task_is_taken(
    service: Service, client: httpx2.Client, url: str, code: str, field: str
) -> None:
    files = {"file": ("a.ogg", SPEECH)} if field == "webhook" else {"model": (None, "")}
    answer = client.post("/transcribe/", files=files, data={field: url})

    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert (service.files(), service.keys()) == ([], [])


def test_a_file_or_an_address_not_both_and_not_none(client: httpx2.Client) -> None:
    both = post(client, url="https://example.org/a.mp3")
    none = client.post("/transcribe/", files={"model": (None, "base")})

    assert (both.status_code, both.json()["code"]) == (400, "malformed_upload")
    assert (none.status_code, none.json()["code"]) == (422, "file_missing")


@pytest.fixture
def long_recording(tmp_path: Path) -> bytes:
    """One that is longer than a form may be whose fields name a recording."""
    with wave.open(str(tmp_path / "long.wav"), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(bytes(2 * FORM_OVERHEAD_BYTES))
    return (tmp_path / "long.wav").read_bytes()


@pytest.fixture
def busy(settings_for: Callable[..., Settings]) -> Iterator[tuple[Service, httpx2.Client]]:
    """A service for six tasks, and a client with a key that may send 20 MiB a day."""
    settings = settings_for(
        max_queue_length=6,
        api_keys=(ALICE.entry,),
        key_quotas=("alice:mebibytes_day=20",),
        default_model="base",
        sync_wait_seconds=0.05,
    )
    headers = {"X-API-Key": ALICE.key}
    with (
        serving(settings) as service,
        httpx2.Client(base_url=service.url, headers=headers, timeout=PATIENCE_SECONDS) as client,
    ):
        yield service, client


def test_a_full_queue_refuses_no_request_that_was_accepted(
    busy: tuple[Service, httpx2.Client], long_recording: bytes
) -> None:
    """In every dialect: its answer was lost, and its own task is one of those that fill the queue."""
    service, client = busy
    addresses = [tus.begin(client, filename="t.ogg") for _ in range(2)]
    for address in addresses:
        tus.go_on(client, address, 0, SPEECH)
    wav = {"Content-Type": "audio/wav"}

    def long(key: str) -> httpx2.Response:
        files = {"file": ("long.wav", long_recording)}
        return client.post("/transcribe/", files=files, headers={"Idempotency-Key": key})

    def uploaded(address: str) -> httpx2.Response:
        return client.post("/transcribe/", files={"upload": (None, address.rpartition("/")[2])})

    def openai(language: str, **headers: str) -> httpx2.Response:
        form, files = {"model": "base", "language": language}, {"file": ("long.wav", long_recording)}
        return client.post("/v1/audio/transcriptions", data=form, files=files, headers=headers)

    def webservice(language: str) -> httpx2.Response:
        files = {"audio_file": ("long.wav", long_recording)}
        return client.post("/asr", params={"language": language, "output": "json"}, files=files)

    first = long("k")
    again = {"again_of": (None, task_id(first)), "language": (None, "en")}
    requests: list[Callable[[], httpx2.Response]] = [
        lambda: long("k"),
        lambda: client.post("/transcribe/", files=again, headers={"Idempotency-Key": "again"}),
        lambda: uploaded(addresses[0]),
        lambda: openai("ru"),
        lambda: openai("de", **{"Prefer": "respond-async", "Idempotency-Key": "async"}),
        lambda: client.post("/v1/listen", params={"language": "fr"}, content=long_recording, headers=wav),
    ]

    def told() -> list[tuple[int, str]]:
        answers = [request() for request in requests]
        return [(each.status_code, each.headers.get("location", each.text)) for each in answers]

    before = told()
    assert len(service.queued()) == 6
    assert told() == before
    files = service.files()
    for refused in (long("new"), uploaded(addresses[1]), openai("en"), webservice("en")):
        assert refused.status_code == 429, refused.text
    assert (service.files(), len(service.queued())) == (files, 6)


def test_a_recording_that_is_done_again_is_not_sent_again(
    busy: tuple[Service, httpx2.Client], long_recording: bytes
) -> None:
    """It counts for no quota of bytes; whoever asks the same once more gets the task, and no other copy."""
    service, client = busy

    def used() -> tuple[float, int]:
        told = client.get("/usage").json()
        return told["mebibytes_day"]["used"], told["tasks_day"]

    def again(language: str = "en") -> httpx2.Response:
        form = {"again_of": (None, first), "language": (None, language)}
        return client.post("/transcribe/", files=form, headers={"Idempotency-Key": "k"})

    first = task_id(client.post("/transcribe/", files={"file": ("long.wav", long_recording)}))
    mebibytes, tasks = used()
    second = task_id(again())
    assert used() == (mebibytes, tasks + 1)
    (service.folder / f"{first}.wav").unlink()
    files = service.files()
    assert task_id(again()) == second
    assert again("de").json()["code"] == "idempotency_conflict"
    assert (service.files(), used()) == (files, (mebibytes, tasks + 1))
