"""Redis clients: one for commands, which repeats what failed, and one for blocking, which never does.

Both answer in bytes: a queue element must come back exactly as it was written, whatever program wrote it.
"""

import logging
import os
import socket
from typing import Any

from pydantic import SecretStr
from redis.asyncio import Redis
from redis.asyncio.connection import parse_url
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialWithJitterBackoff, NoBackoff
from redis.exceptions import (
    BusyLoadingError,
    ReadOnlyError,
    ResponseError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from app.core.config import Settings
from app.core.errors import UnsafeRedis
from app.queue.sentinels import MasterPool, Sentinels

logger = logging.getLogger(__name__)

CONNECT_SECONDS = 2.0
COMMAND_SECONDS = 3.0
"""Longest wait for one reply; the longest script walks a queue of 100,000 tasks in a few ms."""

RETRIES = 3
BLOCK_MARGIN_SECONDS = 5.0
"""The socket's timeout must exceed the block's, else every idle wait ends as an error."""

MAX_CONNECTIONS = 1000
"""Requests served at once hold one connection each."""

SENTINEL_PORT = 26379
REDIS_PORT = 6379


def command_client(settings: Settings) -> Redis:
    """A client whose commands are repeated for about a second where Redis is away, loading, or was demoted.

    ReadOnlyError: after a failover the old connection still leads to the former master. Every script is safe
    to repeat.
    """
    return _client(
        settings,
        socket_timeout=COMMAND_SECONDS,
        max_connections=MAX_CONNECTIONS,
        retry=Retry(ExponentialWithJitterBackoff(base=0.05, cap=0.5), RETRIES),
        retry_on_error=[RedisConnectionError, RedisTimeoutError, ReadOnlyError, BusyLoadingError],
    )


def blocking_client(settings: Settings) -> Redis:
    """A client for BLMOVE: a repeated pop would take a second task and hide that the first was taken too."""
    return _client(
        settings,
        socket_timeout=settings.claim_block_seconds + BLOCK_MARGIN_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )


async def check_server(client: Redis) -> None:
    """Refuse a Redis that may evict tasks (UnsafeRedis), warn about one that forgets them at a restart.

    A managed Redis may forbid INFO; then nothing is known and the service starts with a warning.
    """
    try:
        memory: dict[str, Any] = await client.info("memory")
        persistence: dict[str, Any] = await client.info("persistence")
    except ResponseError as error:
        logger.warning(
            "Redis does not tell its settings (%s); make sure that maxmemory-policy is noeviction, and "
            "appendonly yes",
            error,
        )
        return
    policy = memory.get("maxmemory_policy", "noeviction")
    if policy != "noeviction":
        raise UnsafeRedis(
            f"Redis may throw tasks away (maxmemory-policy is {policy}); set maxmemory-policy to noeviction."
        )
    if not persistence.get("aof_enabled"):
        logger.warning("Redis writes no append-only file: a restart may lose tasks; set appendonly to yes")


def _client(settings: Settings, **options: Any) -> Redis:
    options |= {
        "client_name": f"transcriber:{socket.gethostname()}:{os.getpid()}".replace(" ", "_"),
        "socket_connect_timeout": CONNECT_SECONDS,
        "socket_keepalive": True,
        "decode_responses": False,
    }
    if settings.redis_sentinels:
        return _master(settings, options)
    if settings.redis_url is not None:
        return _from_url(settings.redis_url.get_secret_value(), settings, options)
    return Redis(
        host=settings.redis_host,
        port=settings.redis_port,
        **_tls(settings, settings.redis_tls),
        **_login(settings),
        **options,
    )


def address_of(settings: Settings) -> str:
    """Where Redis is, without user and password: as the settings have it, in one spelling."""
    if settings.redis_sentinels:
        return f"sentinel:{settings.redis_sentinel_master}/{settings.redis_db}"
    if settings.redis_url is None:
        return f"{settings.redis_host}:{settings.redis_port}/{settings.redis_db}"
    parts = parse_url(settings.redis_url.get_secret_value())
    place = parts.get("path") or f"{parts.get('host', 'localhost')}:{parts.get('port', REDIS_PORT)}"
    return f"{place}/{parts.get('db', 0)}"


def _from_url(url: str, settings: Settings, options: dict[str, Any]) -> Redis:
    if url.startswith("rediss:"):
        options |= _authority(settings)
    if url.startswith("unix:"):  # such connections know neither of these
        options = {name: value for name, value in options.items() if name != "socket_keepalive"}
    return Redis.from_url(url, **options)


def _master(settings: Settings, options: dict[str, Any]) -> Redis:
    """A client of whichever server the Sentinels call the master now."""
    sentinels = Sentinels(  # type: ignore[no-untyped-call]
        [_address(text) for text in settings.redis_sentinels],
        sentinel_kwargs={
            "socket_timeout": CONNECT_SECONDS,
            "socket_connect_timeout": CONNECT_SECONDS,
            "retry": Retry(NoBackoff(), 0),
            "username": settings.redis_sentinel_username,
            "password": _revealed(settings.redis_sentinel_password),
            **_tls(settings, settings.redis_sentinel_tls),
        },
    )
    client: Redis = sentinels.master_for(
        settings.redis_sentinel_master,
        connection_pool_class=MasterPool,
        **_tls(settings, settings.redis_tls),
        **_login(settings),
        **options,
    )
    return client


def _login(settings: Settings) -> dict[str, Any]:
    return {
        "db": settings.redis_db,
        "username": settings.redis_username,
        "password": _revealed(settings.redis_password),
    }


def _tls(settings: Settings, is_wanted: bool) -> dict[str, Any]:
    return {"ssl": True} | _authority(settings) if is_wanted else {}


def _authority(settings: Settings) -> dict[str, Any]:
    """Whose certificates are trusted besides those that the system trusts."""
    return {"ssl_ca_certs": str(settings.redis_ca_file)} if settings.redis_ca_file else {}


def _revealed(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret else None


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return (host, int(port)) if host else (text, SENTINEL_PORT)
