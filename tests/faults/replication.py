"""A master, a replica that is some seconds behind it, and three Sentinels: real servers on 127.0.0.1.

All of them ask for a password, the Sentinels for another than the rest.
"""

import asyncio
import contextlib
import subprocess
import time
from collections.abc import AsyncIterator, Collection
from pathlib import Path

from redis.asyncio import Redis

from app.launcher.redis_programs import find_server
from app.launcher.redis_server import RedisServer, free_port
from tests.support.relay import TcpRelay

MASTER_NAME = "themaster"
PASSWORD, SENTINEL_PASSWORD = "of-redis", "of-the-sentinels"
SENTINEL_USER, SENTINEL_USER_PASSWORD = "transcriber", "of-the-user"
DOWN_AFTER_MS = 500
REPLICATION_COMMAND = b"PSYNC"


class LaggingLink(TcpRelay):
    """The address of the master: passes everything on, but the stream of a replica only after `lag_seconds`.

    Everybody, Sentinels and replica included, knows the master by this address. `cut` is the power cut: what
    is still on its way to the replica is lost.
    """

    def __init__(self, redis_port: int) -> None:
        super().__init__(redis_port)
        self.lag_seconds = 0.0

    async def _requests(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, mark: asyncio.Event
    ) -> None:
        """Pass the bytes to the server, marked once they ask for the stream of a replica."""
        while data := await reader.read(65536):
            if REPLICATION_COMMAND in data:
                mark.set()
            writer.write(data)
            await writer.drain()

    async def _replies(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, mark: asyncio.Event
    ) -> None:
        """Pass the server's bytes on, each when it is `lag_seconds` old where they are for a replica."""
        on_the_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

        async def deliver() -> None:
            while True:
                due, data = await on_the_way.get()
                await asyncio.sleep(due - time.monotonic())
                writer.write(data)
                await writer.drain()

        delivery = asyncio.create_task(deliver())
        try:
            while data := await reader.read(65536):
                lag = self.lag_seconds if mark.is_set() else 0.0
                on_the_way.put_nowait((time.monotonic() + lag, data))
        finally:
            delivery.cancel()

    @staticmethod
    def _hang_up(writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()


class ReplicatedRedis:
    """Master, replica and Sentinels of one test."""

    def __init__(self, master: RedisServer, replica: RedisServer, link: LaggingLink, sentinels: list[int]):
        self._master = master
        self._replica = replica
        self._link = link
        self.settings = {
            "redis_sentinels": ",".join(f"127.0.0.1:{port}" for port in sentinels),
            "redis_sentinel_master": MASTER_NAME,
            "redis_sentinel_username": SENTINEL_USER,
            "redis_sentinel_password": SENTINEL_USER_PASSWORD,
            "redis_password": PASSWORD,
        }

    def fall_behind(self, seconds: float) -> None:
        """From now on the replica hears of each write so much later."""
        self._link.lag_seconds = seconds

    async def lose_master(self) -> None:
        """Power cut: with the master goes what the replica has not heard of."""
        self._master.kill()
        await self._link.cut()

    async def replica_lacks(self, keys: Collection[str]) -> int:
        """How many of the keys the replica does not have."""
        async with _client(self._replica.port) as client:
            return len(keys) - int(await client.exists(*keys))

    async def failed_over(self) -> None:
        """Wait until the Sentinels have made the replica the master."""
        async with asyncio.timeout(120), _client(self._replica.port) as client:
            while (await client.info("replication"))["role"] != "master":  # noqa: ASYNC110
                await asyncio.sleep(0.1)


@contextlib.asynccontextmanager
async def replicated_redis(folder: Path) -> AsyncIterator[ReplicatedRedis]:
    """A master with a replica that is in step, and three Sentinels that know both."""
    master = RedisServer(folder / "master", free_port())
    replica = RedisServer(folder / "replica", free_port())
    sentinels: list[subprocess.Popen[bytes]] = []
    ports = [free_port() for _ in range(3)]
    try:
        master.start()
        replica.start()
        async with LaggingLink(master.port) as link:
            for server in (master, replica):
                await _demand_password(server.port)
            async with _client(replica.port) as client:
                await client.replicaof("127.0.0.1", str(link.port))
                await _until_in_step(client)
            sentinels += [_start_sentinel(folder, port, link.port) for port in ports]
            for port in ports:
                await _until_informed(port)
            yield ReplicatedRedis(master, replica, link, ports)
    finally:
        for process in sentinels:
            process.kill()
            process.wait()
        replica.kill()
        master.kill()


def _client(port: int) -> Redis:
    return Redis(port=port, password=PASSWORD)


async def _demand_password(port: int) -> None:
    """Either server may be the replica of the other."""
    async with Redis(port=port) as client:
        await client.config_set("masterauth", PASSWORD)
        await client.config_set("requirepass", PASSWORD)


async def _until_in_step(replica: Redis) -> None:
    async with asyncio.timeout(60):
        while (await replica.info("replication"))["master_link_status"] != "up":  # noqa: ASYNC110
            await asyncio.sleep(0.05)


def _start_sentinel(folder: Path, port: int, master_port: int) -> "subprocess.Popen[bytes]":
    configuration = folder / f"sentinel-{port}.conf"
    configuration.write_text(
        f"port {port}\nbind 127.0.0.1\ndir {folder}\nlogfile {folder}/sentinel-{port}.log\n"
        f"sentinel monitor {MASTER_NAME} 127.0.0.1 {master_port} 2\n"
        f"sentinel down-after-milliseconds {MASTER_NAME} {DOWN_AFTER_MS}\n"
        f"sentinel failover-timeout {MASTER_NAME} 5000\n"
        f"sentinel auth-pass {MASTER_NAME} {PASSWORD}\n"
        f"requirepass {SENTINEL_PASSWORD}\n"
        f"user {SENTINEL_USER} on >{SENTINEL_USER_PASSWORD} -@all +sentinel|masters\n"
    )
    return subprocess.Popen([str(find_server()), str(configuration), "--sentinel"])


async def _until_informed(port: int) -> None:
    """Wait until that Sentinel knows the replica and both other Sentinels."""
    async with asyncio.timeout(120), Redis(port=port, password=SENTINEL_PASSWORD) as client:
        while True:
            with contextlib.suppress(Exception):
                [master] = (await client.sentinel_masters()).values()  # type: ignore[union-attr]
                if master["num-slaves"] == 1 and master["num-other-sentinels"] == 2:
                    return
            await asyncio.sleep(0.1)
