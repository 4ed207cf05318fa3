"""What is deleted leaves nothing in Redis, and no request that was on its way brings it back."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from http.server import BaseHTTPRequestHandler

import httpx2
import pytest
import redis

from app.core.config import Settings
from app.queue.keys import Keys
from app.schemas.task import Task
from app.storage.opening import open_storage
from tests.integration.api.bad_requests import FORM_TYPE, GOOD
from tests.integration.api.test_idempotency import SPEECH, finish, post, task_id
from tests.support.api import Service, serving
from tests.support.serving import PATIENCE_SECONDS, until
from tests.support.web_server import Server, answer

ALICE = {"Authorization": "Bearer key-of-alice"}
HASHED = sha256(b"key-of-alice").hexdigest()

SettingsFor = Callable[..., Settings]


@pytest.fixture
def settings(archive_settings: SettingsFor) -> Settings:
    """Ended tasks are archived at once; deleted ones have their tombstones until the test ends."""
    return archive_settings(keep_ended_seconds=3600, maintenance_seconds=0.05)


def traces(settings: Settings, name: str) -> list[str]:
    """All keys of the server that name a task, or whose content does."""
    with redis.Redis(port=settings.redis_port) as store:
        read: dict[str, Callable[[bytes], object]] = {
            "string": store.get,
            "hash": store.hgetall,
            "list": lambda key: store.lrange(key, 0, -1),
            "set": store.smembers,
            "zset": lambda key: store.zrange(key, 0, -1),
        }
        return [
            key.decode()
            for kind, content in read.items()
            for key in store.scan_iter(count=1000, _type=kind)
            if name.encode() in key + repr(content(key)).encode()
        ]


def forget(settings: Settings, name: str) -> None:
    """RESULT_TTL_SECONDS are over, which are shorter than IDEMPOTENCY_SECONDS."""
    keys, outbox = Keys.from_settings(settings), open_storage(settings).outbox
    task = outbox.read(name)
    assert task is not None
    assert task.fingerprint is not None
    outbox.remove(name)
    with redis.Redis(port=settings.redis_port) as store:
        store.delete(keys.task(name), keys.result(name), keys.queue, keys.index)
        store.delete(keys.content(None, task.fingerprint))


def gone(client: httpx2.Client, name: str) -> None:
    assert client.delete(f"/transcribe/{name}").status_code == 204
    assert client.get(f"/transcribe/{name}").status_code == 404


@pytest.mark.parametrize("state", ["waits", "is done", "is archived alone"])
def test_a_deleted_task_leaves_nothing_in_redis(service: Service, client: httpx2.Client, state: str) -> None:
    settings, keys = service.settings, Keys.from_settings(service.settings)
    name = task_id(post(client, key="k"))
    if state != "waits":
        finish(settings, name)
        until(lambda: client.patch(f"/transcribe/{name}/details", json={"title": "Talk"}).status_code == 200)
    if state == "is archived alone":
        forget(settings, name)
    assert keys.request_of(name) in traces(settings, name)
    gone(client, name)
    assert traces(settings, name) == []
    assert not any(":request" in key for key in service.keys())  # noqa: SIM118


def test_a_deleted_task_of_a_key_is_waited_for_and_counted_no_more(archive_settings: SettingsFor) -> None:
    """One has a webhook, of the other somebody waits for the transcript."""
    with (
        serving(archive_settings(api_keys=(f"alice:{HASHED}",))) as service,
        httpx2.Client(base_url=service.url, timeout=PATIENCE_SECONDS, headers=ALICE) as client,
        ThreadPoolExecutor() as threads,
    ):
        keys = Keys.from_settings(service.settings)
        hooked = task_id(post(client, key="k", webhook="https://1.1.1.1/hook"))
        assert {keys.webhooks, keys.open_tasks("alice")} < set(traces(service.settings, hooked))
        gone(client, hooked)
        assert traces(service.settings, hooked) == []
        files = {"file": ("a.ogg", SPEECH)}
        waiter = threads.submit(client.post, "/v1/audio/transcriptions", files=files, data={"model": "base"})
        until(service.queued)
        awaited = service.queued_task().task_id
        until(lambda: keys.awaited in traces(service.settings, awaited))
        gone(client, awaited)
        assert waiter.result().status_code == 404
        assert traces(service.settings, awaited) == []


def test_a_task_that_runs_leaves_nothing_once_its_worker_is_told(
    service: Service, client: httpx2.Client
) -> None:
    name = task_id(post(client, key="k"))
    keys = Keys.from_settings(service.settings)
    with redis.Redis(port=service.settings.redis_port) as store:
        store.lmove(keys.queue, keys.processing("w"), "RIGHT", "LEFT")
        store.hset(keys.task(name), "status", "processing")
        gone(client, name)
        assert sorted(traces(service.settings, name)) == sorted([keys.task(name), keys.processing("w")])


@pytest.mark.parametrize("status", [204, 503])
def test_a_task_that_is_deleted_while_its_end_is_told_stays_away(
    archive_settings: SettingsFor, status: int
) -> None:
    """Whether it was told, or would be once more."""
    settings = archive_settings(fetch_private_addresses=True, keep_ended_seconds=3600)

    def delete(request: BaseHTTPRequestHandler) -> None:
        gone(client, name)
        answer(status)(request)

    with (
        Server({"/hook": delete}) as server,
        serving(settings) as service,
        httpx2.Client(base_url=service.url, timeout=PATIENCE_SECONDS) as client,
        redis.Redis(port=settings.redis_port) as store,
    ):
        keys = Keys.from_settings(settings)
        name = task_id(post(client, webhook=server.url("/hook")))
        finish(settings, name)
        store.zadd(keys.webhooks, {name: 1}, xx=True)
        counter = "webhooks_delivered" if status == 204 else "webhook_tries_failed"
        until(lambda: store.hget(keys.totals, counter) == b"1")
        assert traces(settings, name) == []


def test_a_key_that_is_anothers_by_now_stays(service: Service, client: httpx2.Client) -> None:
    keys = Keys.from_settings(service.settings)
    first, second = task_id(post(client, key="a")), task_id(post(client, key="b"))
    with redis.Redis(port=service.settings.redis_port) as store:
        of_first, of_second = (store.get(keys.request_of(name)) for name in (first, second))
        store.set(of_first, store.get(of_second))
    gone(client, first)
    assert task_id(post(client, key="a")) == second
    assert traces(service.settings, first) == []


def test_a_request_after_the_deletion_is_a_new_one(service: Service, client: httpx2.Client) -> None:
    first = task_id(post(client, key="k"))
    gone(client, first)
    again = post(client, key="k")
    assert task_id(again) != first
    assert "idempotency-replayed" not in again.headers
    assert task_id(post(client, key="k")) == task_id(again)


@pytest.mark.volume
@pytest.mark.parametrize("was_accepted", [True, False])
def test_a_request_before_the_deletion_brings_nothing_back(
    service: Service, client: httpx2.Client, was_accepted: bool
) -> None:
    """A client that has lost the answer sends the recording again, while somebody deletes the task; it may
    begin before the end of the acceptance, which the API that died at it left in Redis."""
    first = task_id(post(client, key="k"))
    with redis.Redis(port=service.settings.redis_port) as store:
        acceptance = store.get(Keys.from_settings(service.settings).request_of(first)) + b":accepting"
        if not was_accepted:
            store.set(acceptance, "1", px=600_000)
    headers = {"Content-Type": FORM_TYPE, "Idempotency-Key": "k"}
    is_deleted = threading.Event()

    def slowly() -> Iterator[bytes]:
        yield GOOD[:5000]
        assert is_deleted.wait(PATIENCE_SECONDS)
        yield GOOD[5000:]

    with ThreadPoolExecutor() as threads:
        again = threads.submit(client.post, "/transcribe/", content=slowly(), headers=headers)
        until(lambda: [each for each in service.files() if each.endswith(".part")])
        with redis.Redis(port=service.settings.redis_port) as store:
            store.delete(acceptance)
        gone(client, first)
        is_deleted.set()
        answer = again.result()
    assert task_id(answer) == first
    assert answer.headers["idempotency-replayed"] == "true"
    assert client.get(f"/transcribe/{first}").status_code == 404
    assert client.get("/transcribe/").json()["tasks"] == []
    assert traces(service.settings, first) == []
    assert not any(":request" in key for key in service.keys())  # noqa: SIM118


def test_what_redis_was_not_told_goes_later(settings_for: SettingsFor) -> None:
    """It knew nothing of the task any more but its request."""
    settings = settings_for(keep_ended_seconds=0, maintenance_seconds=0.05)
    keys, storage = Keys.from_settings(settings), open_storage(settings)
    with redis.Redis(port=settings.redis_port) as store:
        store.set(keys.request(None, "digest"), '{"fingerprint":"f","task_id":"gone-task"}')
        store.set(keys.request_of("gone-task"), keys.request(None, "digest"))
    storage.discard(Task(task_id="gone-task", file_path="gone-task.ogg"))
    with serving(settings) as service:
        until(lambda: not service.files())
        assert traces(settings, "gone-task") == []
