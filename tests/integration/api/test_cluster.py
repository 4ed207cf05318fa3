"""Redis Cluster is not supported, and everybody says so: readiness, requests, the log."""

from collections.abc import Callable

import httpx2
import redis

from app.core.config import Settings
from app.launcher.redis_server import RedisServer
from tests.integration.api.bad_requests import FORM_TYPE, GOOD
from tests.support.api import Service, serving
from tests.support.serving import PATIENCE_SECONDS, until

SENTENCE = "Housekeeping fails (ClusterUnsupported: Redis Cluster is not supported"
CODE = "redis_cluster_unsupported"
TAGGED = {"redis_queue_name": "{t}tasks", "redis_results_prefix": "{t}result:"}
"""Names of one slot, which is of the upper half."""


def ready(client: httpx2.Client) -> tuple[int, str]:
    answer = client.get("/health/ready")
    return answer.status_code, answer.json()["status"]


def log(service: Service) -> str:
    return (service.settings.log_dir / "service.log").read_text("utf-8")


def post(client: httpx2.Client) -> httpx2.Response:
    return client.post("/transcribe/", content=GOOD, headers={"Content-Type": FORM_TYPE})


def test_a_node_that_does_not_serve_all_keys_is_refused(
    cluster_nodes: list[RedisServer],
    settings_for: Callable[..., Settings],
) -> None:
    lower, upper = (node.port for node in cluster_nodes)
    for port, names in ((lower, {}), (upper, {}), (lower, TAGGED)):
        settings = settings_for(redis_port=port, archive=False, **names)
        with (
            serving(settings) as service,
            httpx2.Client(base_url=service.url, timeout=PATIENCE_SECONDS) as client,
        ):
            until(lambda: SENTENCE in log(service))
            assert ready(client) == (503, CODE)
            assert "Sentinel" in client.get("/health/ready").json()["detail"]
            for answer in (post(client), client.get("/transcribe/x")):
                assert (answer.status_code, answer.json()["code"]) == (503, CODE)
                assert answer.headers["retry-after"]
            assert service.files() == []


def test_the_owner_of_all_keys_serves_until_they_move(
    cluster_nodes: list[RedisServer],
    settings_for: Callable[..., Settings],
) -> None:
    lower, upper = (node.port for node in cluster_nodes)
    settings = settings_for(redis_port=upper, archive=False, **TAGGED)
    with (
        serving(settings) as service,
        httpx2.Client(base_url=service.url, timeout=PATIENCE_SECONDS) as client,
        redis.Redis(port=lower) as other,
        redis.Redis(port=upper) as owner,
    ):
        accepted = post(client)
        assert accepted.status_code == 202
        assert ready(client) == (200, "no_workers")
        assert "cluster mode, which is not supported" in log(service)

        slot = int(owner.execute_command("CLUSTER", "KEYSLOT", settings.redis_queue_name))
        other_id = other.execute_command("CLUSTER", "MYID").decode()
        owner.execute_command("CLUSTER", "SETSLOT", slot, "MIGRATING", other_id)
        assert ready(client) == (503, CODE)
        assert post(client).json()["code"] in (CODE, "queue_unavailable")

        owner.execute_command("CLUSTER", "SETSLOT", slot, "STABLE")
        assert ready(client) == (200, "no_workers")
        status = client.get(f"/transcribe/{accepted.json()['task_id']}").json()["status"]
        assert status == "queued"
