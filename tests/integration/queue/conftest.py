"""The queue's parts on a real server: standalone, and as a cluster of one node that owns all slots."""

import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from app.core.config import Settings
from app.launcher.redis_server import RedisServer, free_port
from tests.integration.queue.harness import Queue, connected


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def cluster_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = RedisServer(
        tmp_path_factory.mktemp("cluster"), free_port_with_bus(), extra=("--cluster-enabled", "yes")
    )
    server.start()
    with redis.Redis(port=server.port) as client:
        for start in range(0, 16384, 4096):
            client.execute_command("CLUSTER", "ADDSLOTS", *range(start, start + 4096))
        while client.cluster("info")["cluster_state"] != "ok":
            time.sleep(0.02)
    yield server
    server.stop()


def free_port_with_bus() -> int:
    """A cluster node also listens on its port + 10000."""
    while (port := free_port()) > 55_000:
        pass
    return port


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Callable[..., RedisServer]]:
    """Start servers that the test alone uses and may treat badly."""
    servers: list[RedisServer] = []

    def start(**options: Any) -> RedisServer:
        server = RedisServer(tmp_path / f"redis{len(servers)}", free_port(), **options)
        servers.append(server)
        server.start()
        return server

    yield start
    for server in servers:
        server.kill()


@pytest.fixture
def quick(settings_for: Callable[..., Settings]) -> Callable[..., Settings]:
    """Settings that wait only briefly for a task."""

    def build(**overrides: object) -> Settings:
        return settings_for(**({"claim_block_seconds": 0.1} | overrides))

    return build


@pytest.fixture(params=["standalone", "cluster"])
async def queue(request: pytest.FixtureRequest, quick: Callable[..., Settings]) -> AsyncIterator[Queue]:
    """A queue of its own on either kind of server; a cluster needs a tag in the names."""
    if request.param == "cluster":
        server = request.getfixturevalue("cluster_server")
        tag = f"{{{os.urandom(6).hex()}}}"
        settings = quick(
            redis_port=server.port, redis_queue_name=f"{tag}tasks", redis_results_prefix=f"{tag}result:"
        )
    else:
        settings = quick()
    async with connected(settings) as parts:
        yield parts
