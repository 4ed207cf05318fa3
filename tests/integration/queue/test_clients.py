"""Clients: how they find Redis, whom they believe, what they refuse."""

import asyncio
import logging
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from app.core.config import Settings
from app.core.errors import QueueUnavailable, UnsafeRedis
from app.launcher.redis_programs import find_server
from app.launcher.redis_server import RedisServer, free_port
from app.queue.clients import blocking_client, check_server, command_client
from app.queue.redis_errors import redis_reachable
from tests.support.queue import RESULT, Queue, claim, connected, task


async def test_clients_are_named_and_answer_in_bytes(settings: Settings) -> None:
    client = command_client(settings)
    assert str((await client.client_info())["name"]).startswith("transcriber:")
    await client.set(settings.redis_queue_name, b"\xff")
    assert await client.get(settings.redis_queue_name) == b"\xff"
    await client.delete(settings.redis_queue_name)
    await client.aclose()


async def test_url_user_and_password(
    settings_for: Callable[..., Settings], redis_server: RedisServer
) -> None:
    with redis.Redis(port=redis_server.port) as root:
        root.acl_setuser("someone", enabled=True, passwords=["+secret"], keys=["*"], commands=["+@all"])
    login = settings_for(redis_username="someone", redis_password="secret")
    by_url = settings_for(redis_port=1, redis_url=f"redis://someone:secret@127.0.0.1:{redis_server.port}/3")
    for settings, database in ((login, 0), (by_url, 3)):
        for make in (command_client, blocking_client):
            client = make(settings)
            info = await client.client_info()
            assert (info["user"], info["db"]) == ("someone", database)
            await client.aclose()
    wrong = command_client(settings_for(redis_username="someone", redis_password="wrong"))
    with pytest.raises(QueueUnavailable):
        async with redis_reachable():
            await wrong.ping()
    await wrong.aclose()


async def test_unix_socket(
    own_server: Callable[..., RedisServer], quick: Callable[..., Settings], tmp_path: Path
) -> None:
    own_server(extra=("--unixsocket", str(tmp_path / "redis.sock")))
    async with connected(quick(redis_url=f"unix://{tmp_path / 'redis.sock'}")) as queue:
        await queue.producer.enqueue(task("t"))
        assert (await claim(await queue.worker())).task.task_id == "t"


def test_tls_is_spoken_where_it_is_asked_for(settings_for: Callable[..., Settings]) -> None:
    for settings in (settings_for(redis_tls=True), settings_for(redis_url="rediss://127.0.0.1:1")):
        assert "SSL" in command_client(settings).connection_pool.connection_class.__name__
    plain = command_client(settings_for()).connection_pool.connection_class.__name__
    assert "SSL" not in plain


LONG_SECONDS = 3600
"""Longer than any machine takes: the pop ends by what happens to it, and not because its client gives up."""


async def pop(queue: Queue) -> object:
    return await queue.blocking.blmove(queue.keys.queue, queue.keys.high, 0)


async def until_blocked(queue: Queue, client_id: int) -> None:
    """Wait until that client waits in BLMOVE; others of the server may do so too."""
    while True:
        [client] = await queue.commands.client_list(client_id=[client_id])
        if client["cmd"] == "blmove":
            return
        await asyncio.sleep(0.01)


async def test_the_blocking_client_does_not_repeat_a_pop(quick: Callable[..., Settings]) -> None:
    """The connection is cut while the pop waits; repeated, it would hide that a task may have been taken."""
    async with connected(quick(claim_block_seconds=LONG_SECONDS)) as queue:
        client_id = int(await queue.blocking.client_id())
        waiting = asyncio.create_task(pop(queue))
        await until_blocked(queue, client_id)
        await queue.commands.client_kill_filter(_id=str(client_id))
        with pytest.raises(redis.ConnectionError):
            await waiting
        await queue.producer.enqueue(task("t"))
        assert await queue.reader.queue_length() == 1


async def test_a_command_survives_a_cut_connection(quick: Callable[..., Settings]) -> None:
    async with connected(quick()) as queue:
        client_id = await queue.commands.client_id()
        async with connected(queue.settings) as other:
            await other.commands.client_kill_filter(_id=str(client_id))
        await queue.producer.enqueue(task("t"))
        assert await queue.reader.queue_length() == 1


async def test_no_redis_is_one_error(settings_for: Callable[..., Settings]) -> None:
    async with connected(settings_for(redis_port=free_port())) as queue:
        with pytest.raises(QueueUnavailable) as caught:
            await queue.reader.queue_length()
        assert caught.value.retry_after_seconds


async def test_a_redis_that_does_not_answer_in_time_is_the_same_error(settings: Settings) -> None:
    with pytest.raises(QueueUnavailable):
        async with redis_reachable(0.01):
            await asyncio.sleep(60)


async def test_an_error_of_ours_is_not_taken_for_an_outage(settings: Settings) -> None:
    async with connected(settings) as queue:
        with pytest.raises(ResponseError):
            async with redis_reachable():
                await queue.commands.eval("return redis.call('NOSUCHCOMMAND')", 0)


async def test_a_loading_or_demoted_redis_is_an_outage(
    own_server: Callable[..., RedisServer], quick: Callable[..., Settings]
) -> None:
    server = own_server()
    async with connected(quick(redis_port=server.port)) as queue:
        await queue.commands.replicaof("127.0.0.1", str(free_port()))
        with pytest.raises(QueueUnavailable):
            await queue.producer.enqueue(task("t"))
        await queue.commands.replicaof("NO", "ONE")
        await queue.producer.enqueue(task("t"))


async def test_an_evicting_redis_is_refused(
    own_server: Callable[..., RedisServer], settings_for: Callable[..., Settings]
) -> None:
    server = own_server(extra=("--maxmemory-policy", "allkeys-lru"))
    client = command_client(settings_for(redis_port=server.port))
    with pytest.raises(UnsafeRedis, match="allkeys-lru"):
        await check_server(client)
    await client.aclose()


async def test_a_forgetful_redis_is_warned_about(
    own_server: Callable[..., RedisServer],
    settings_for: Callable[..., Settings],
    caplog: pytest.LogCaptureFixture,
) -> None:
    server = own_server(extra=("--appendonly", "no"))
    client = command_client(settings_for(redis_port=server.port))
    await check_server(client)
    assert "append-only" in caplog.text
    await client.aclose()


async def test_a_sound_redis_passes_in_silence(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    client = command_client(settings)
    with caplog.at_level(logging.INFO):
        await check_server(client)
    assert caplog.text == ""
    await client.aclose()


async def test_a_redis_that_keeps_its_settings_secret_is_used_with_a_warning(
    settings_for: Callable[..., Settings], redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    with redis.Redis(port=redis_server.port) as root:
        root.acl_setuser("tenant", enabled=True, nopass=True, keys=["*"], commands=["+@all", "-info"])
    client: Redis = command_client(settings_for(redis_username="tenant", redis_password="any"))
    await check_server(client)
    assert "noeviction" in caplog.text
    assert "appendonly" in caplog.text
    await client.aclose()


@pytest.fixture
def sentinel_port(own_server: Callable[..., RedisServer], tmp_path: Path) -> Iterator[int]:
    """A Sentinel that watches a server of its own as `themaster`."""
    master, port = own_server(), free_port()
    configuration = tmp_path / "sentinel.conf"
    configuration.write_text(
        f"port {port}\nbind 127.0.0.1\nsentinel monitor themaster 127.0.0.1 {master.port} 1\n"
    )
    with subprocess.Popen(
        [str(find_server()), str(configuration), "--sentinel"], stdout=subprocess.DEVNULL
    ) as process:
        yield port
        process.terminate()


async def test_sentinels_name_the_master(sentinel_port: int, quick: Callable[..., Settings]) -> None:
    settings = quick(
        redis_sentinels=f"127.0.0.1:1, 127.0.0.1:{sentinel_port}",
        redis_sentinel_master="themaster",
        redis_port=1,
    )
    async with connected(settings) as queue:
        while True:
            try:
                await queue.producer.enqueue(task("t"))
                break
            except QueueUnavailable:  # the Sentinel is still starting
                await asyncio.sleep(0.05)
        worker = await queue.worker()
        assert await worker.complete(await claim(worker), RESULT)
        state = await queue.reader.state("t")
        assert state is not None
        assert state.result == {"text": "hello"}
