"""The containers of the chart, started: they answer their probes, and do a task together."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
import redis

from app.core.api_keys import new_key
from app.launcher.redis_programs import find_server
from app.launcher.redis_server import free_port
from tests.integration.kubernetes.container import Container
from tests.support.serving import until
from tests.unit.kubernetes.chart import Object, containers, environment_of, rendered

OLGA = new_key("olga")

VALUES: Object = {
    "settings": {
        "ENGINE": "fake",
        "HEARTBEAT_SECONDS": 0.5,
        "MAINTENANCE_SECONDS": 0.5,
        "MIN_FREE_DISK_MB": 0,
    },
    "secrets": {
        "values": {"REDIS_PASSWORD": "a b'c", "API_KEYS": OLGA.entry, "OPERATOR_KEYS": "olga"},
    },
    "metricsKey": {"secret": "operator"},
    "keda": {"enabled": True},
}

CLIENT = """#!{python}
import os, sys, redis
sys.stdout.write("PONG" if redis.Redis(port={port}, password=os.environ.get("REDISCLI_AUTH")).ping() else "")
"""
"""`redis-cli ping`, which not every machine has."""


@pytest.fixture
def programs(tmp_path: Path) -> tuple[Path, int]:
    """A folder with what Redis' image has, and the port for it."""
    folder, port = tmp_path / "programs", free_port()
    folder.mkdir()
    (folder / "redis-server").symlink_to(find_server())
    client = folder / "redis-cli"
    client.write_text(CLIENT.format(python=sys.executable, port=port))
    client.chmod(0o755)
    return folder, port


@pytest.fixture
def started(tmp_path: Path, programs: tuple[Path, int]) -> Iterator[dict[str, Container]]:
    """All containers of the chart."""
    folder, redis_port = programs
    objects, port = rendered(VALUES), free_port()
    changed = {
        "demo-transcriber-redis": "127.0.0.1",
        "redis-server --dir": f"redis-server --bind 127.0.0.1 --port {redis_port} --dir",
        "0.0.0.0": "127.0.0.1",
        "8000": str(port),
    }
    made = {
        each["name"]: Container(
            each,
            environment_of(objects, each) | {"REDIS_PORT": str(redis_port)},
            tmp_path,
            port=port,
            changed=changed,
            programs=folder,
        )
        for _, each in containers(objects)
    }
    yield made
    for container in made.values():
        container.kill()


def test_every_container_starts_and_answers_its_probes(
    started: dict[str, Container], tmp_path: Path, programs: tuple[Path, int]
) -> None:
    assert started.keys() == {"api", "worker", "redis"}
    assert not started["api"].passes("readinessProbe")
    for each in started.values():
        each.start()
    until(lambda: started["redis"].passes("readinessProbe"))
    until(lambda: started["api"].passes("startupProbe"))
    until(lambda: started["api"].passes("readinessProbe"))
    assert started["api"].passes("livenessProbe")
    until(lambda: started["worker"].passes("readinessProbe"))

    done = done_by_them(tmp_path, programs[1], started["api"].port)
    assert done["result"]["text"] == "hello"
    assert started["worker"].passes("livenessProbe")
    metrics = f"http://127.0.0.1:{started['api'].port}/metrics"
    assert httpx2.get(metrics).status_code == 401
    figures = httpx2.get(metrics, headers={"Authorization": f"Bearer {OLGA.key}"}).text
    assert "\ntranscriber_work_seconds 0.0\n" in figures
    assert "\ntranscriber_workers 1.0\n" in figures

    for name in ("worker", "api", "redis"):
        assert started[name].stop() in (0, -15), name


def done_by_them(folder: Path, redis_port: int, port: int) -> Object:
    """A task as any program may push it, once it has ended."""
    (folder / "uploads" / "t.json").write_text(json.dumps({"text": "hello"}))
    element = {"task_id": "t", "file_path": "t.json", "model": "base", "owner": "olga"}
    with redis.Redis(port=redis_port, password="a b'c") as client:
        client.lpush("transcribe_tasks", json.dumps(element))
    with httpx2.Client(headers={"Authorization": f"Bearer {OLGA.key}"}) as http:
        address = f"http://127.0.0.1:{port}/transcribe/t"
        until(lambda: http.get(address).status_code == 200)
        state: Object = http.get(address, params={"wait": 20}, timeout=30).json()
    return state
