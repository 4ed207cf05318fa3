"""Health, docs, and a Redis that comes, goes and comes back."""

import shutil
from collections.abc import Callable
from pathlib import Path

import httpx2
import redis

from app.core.config import Settings
from app.launcher.redis_server import RedisServer, free_port
from tests.integration.api.bad_requests import FORM_TYPE, GOOD
from tests.support.api import Service, serving
from tests.support.serving import PATIENCE_SECONDS, until


def test_live_and_ready(service: Service, client: httpx2.Client) -> None:
    assert client.get("/health/live").json() == {"status": "alive"}
    answer = client.get("/health/ready")
    assert answer.status_code == 200
    assert answer.json()["status"] == "no_workers"
    with redis.Redis(port=service.settings.redis_port) as worker:
        lease_end = int(worker.time()[0]) * 1000 + 60_000
        worker.zadd(f"{service.settings.redis_queue_name}:workers", {"somebody": lease_end})
    assert client.get("/health/ready").json() | {"detail": ""} == {
        "status": "ready",
        "detail": "",
        "workers": 1,
        "queue_length": 0,
        "archive": True,
        "summaries": False,
        "troubles": [],
    }


def test_the_docs_load_nothing_from_elsewhere(client: httpx2.Client) -> None:
    page = client.get("/docs")
    assert page.status_code == 200
    assert "https://" not in page.text
    scripts = [piece.split('"')[0] for piece in page.text.split('src="')[1:]]
    assert scripts
    for script in scripts:
        assert client.get(script).status_code == 200


def test_a_redis_that_starts_late_and_falls_over(
    settings_for: Callable[..., Settings], tmp_path: Path
) -> None:
    server = RedisServer(tmp_path / "own-redis", free_port())
    settings = settings_for(redis_port=server.port, maintenance_seconds=0.1)
    with (
        serving(settings) as service,
        httpx2.Client(base_url=service.url, timeout=PATIENCE_SECONDS) as client,
    ):

        def post() -> httpx2.Response:
            return client.post("/transcribe/", content=GOOD, headers={"Content-Type": FORM_TYPE})

        try:
            for _ in range(2):
                refused = post()
                assert (refused.status_code, refused.json()["code"]) == (503, "queue_unavailable")
                assert int(refused.headers["retry-after"]) > 0
                assert client.get("/status/x").status_code == 503
                assert client.get("/metrics").status_code == 503, "no figures: an alert of its own"
                assert client.get("/health/live").status_code == 200
                ready = client.get("/health/ready")
                assert (ready.status_code, ready.json()["status"]) == (503, "unavailable")
                files = service.files()

                server.start()
                until(lambda: client.get("/health/ready").status_code == 200)
                task_id = post().json()["task_id"]
                assert client.get(f"/status/{task_id}").json()["status"] == "queued"
                assert len(service.files()) == len(files) + 2
                server.kill()
        finally:
            server.stop()


def test_a_redis_that_evicts_is_not_trusted(settings_for: Callable[..., Settings], tmp_path: Path) -> None:
    server = RedisServer(tmp_path / "own-redis", free_port(), extra=("--maxmemory-policy", "allkeys-lru"))
    server.start()
    try:
        with (
            serving(settings_for(redis_port=server.port)) as service,
            httpx2.Client(base_url=service.url, timeout=PATIENCE_SECONDS) as client,
        ):
            ready = client.get("/health/ready")
            assert ready.status_code == 503
            assert "noeviction" in ready.json()["detail"]
            answer = client.post("/transcribe/", content=GOOD, headers={"Content-Type": FORM_TYPE})
            assert answer.status_code == 503
            assert service.files() == []
    finally:
        server.stop()


def test_a_redis_that_refuses_writes_is_not_ready(
    settings_for: Callable[..., Settings], tmp_path: Path
) -> None:
    server = RedisServer(tmp_path / "own-redis", free_port(), extra=("--save", "3600 1"))
    server.start()
    try:
        with (
            serving(settings_for(redis_port=server.port)) as service,
            httpx2.Client(base_url=service.url, timeout=PATIENCE_SECONDS) as client,
            redis.Redis(port=server.port) as own,
        ):
            assert client.get("/health/ready").status_code == 200
            server.directory.rename(tmp_path / "moved")  # no snapshot can be written any more
            (tmp_path / "moved").joinpath("dump.rdb").unlink(missing_ok=True)
            shutil.rmtree(tmp_path / "moved")
            own.bgsave()
            until(lambda: own.info("persistence")["rdb_last_bgsave_status"] == "err")
            ready = client.get("/health/ready")
            assert (ready.status_code, ready.json()["status"]) == (503, "unavailable")
            assert "refuses to write" in ready.json()["detail"]

            own.config_set("stop-writes-on-bgsave-error", "no")
            assert client.get("/health/ready").status_code == 200
            own.config_set("maxmemory", 1)
            assert "refuses to write" in client.get("/health/ready").json()["detail"]
    finally:
        server.kill()
