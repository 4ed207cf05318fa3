"""Every end of a task is told to its webhook, however the task came and ended."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import httpx2
import pytest
import redis
from pydantic import SecretStr

from app.core.config import Settings
from tests.integration.api.test_idempotency import finish, post, task_id
from tests.integration.whole.conftest import WEBHOOK_SECRET
from tests.support.api import Service, serving
from tests.support.serving import PATIENCE_SECONDS, until
from tests.support.web_server import Seen, Server, answer

SECRET = SecretStr(WEBHOOK_SECRET)


@dataclass(frozen=True)
class Told:
    """A service, and somebody who wants to be told."""

    service: Service
    server: Server
    client: httpx2.Client

    @property
    def hook(self) -> str:
        """Address of the receiver."""
        return self.server.url("/hook")

    def delivery(self, name: str) -> object:
        """What a client is told of the task's webhook."""
        return self.client.get(f"/transcribe/{name}").json()["webhook"]

    def figures(self) -> dict[str, float]:
        """What `/metrics` counts of webhooks."""
        text = self.client.get("/metrics").text
        found = re.findall(r"^transcriber_(webhook\w*)_total (\S+)$", text, re.MULTILINE)
        return {name: float(count) for name, count in found}


@pytest.fixture
def told(settings_for: Callable[..., Settings]) -> Iterator[Told]:
    with (
        Server({"/hook": answer(204), "/gone": answer(404)}) as server,
        serving(settings_for(fetch_private_addresses=True, webhook_secret=SECRET)) as service,
        httpx2.Client(base_url=service.url, timeout=PATIENCE_SECONDS) as client,
    ):
        yield Told(service, server, client)


def messages(requests: list[Seen]) -> list[object]:
    return [json.loads(seen.body)["data"] for seen in requests]


def test_a_result_that_is_used_again_is_told(told: Told) -> None:
    finish(told.service.settings, task_id(post(told.client)))
    again = task_id(post(told.client, webhook=told.hook))
    until(lambda: told.server.requests)

    assert messages(told.server.requests) == [{"task_id": again, "status": "done"}]
    until(lambda: told.delivery(again) == {"state": "delivered", "attempts": 1, "status": 204})
    lost = task_id(post(told.client, webhook=told.server.url("/gone")))
    until(lambda: told.delivery(lost) == {"state": "failed", "attempts": 1, "status": 404})
    until(
        lambda: told.figures() == {"webhooks_delivered": 1, "webhooks_failed": 1, "webhook_tries_failed": 1}
    )


def test_each_end_of_a_task_that_is_tried_again_is_told(told: Told) -> None:
    """The messages differ in their ids: a receiver may drop those that it has had (Standard Webhooks)."""
    name = task_id(post(told.client, webhook=told.hook))
    settings = told.service.settings
    failure = '{"code":"engine_crashed","message":"It crashed."}'
    with redis.Redis(port=settings.redis_port) as store:
        due = f"{settings.redis_queue_name}:webhooks"
        for _ in range(2):
            store.lpush(f"{settings.redis_queue_name}:dead", store.rpop(settings.redis_queue_name))
            ended = {"status": "error", "error": failure}
            store.hset(f"{settings.redis_queue_name}:task:{name}", mapping=ended)
            store.zadd(due, {name: 1})
            until(lambda: told.delivery(name) == {"state": "delivered", "attempts": 1, "status": 204})

            assert told.client.post(f"/transcribe/{name}/retry").status_code == 202
            assert told.delivery(name) == {"state": "pending", "attempts": 0}
        finish(settings, name)
        assert store.zscore(due, name) is not None, "the second end is expected, too"
        store.zadd(due, {name: 1})
    until(lambda: told.delivery(name) == {"state": "delivered", "attempts": 1, "status": 204})
    assert [json.loads(seen.body)["type"] for seen in told.server.requests] == [
        *["transcription.failed"] * 2,
        "transcription.done",
    ]
    ids = [seen.headers["webhook-id"] for seen in told.server.requests]
    assert ids == [name, f"{name}.1", f"{name}.2"]
