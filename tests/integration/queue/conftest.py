"""The queue's parts on a real server: standalone, and as a cluster of one node that owns all slots."""

import os
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.core.config import Settings
from app.launcher.redis_server import RedisServer, free_port
from tests.support.queue import Queue, connected


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


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
