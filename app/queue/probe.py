"""Whether Redis lets us do what we need: every command is tried, on keys that nobody else uses.

An ACL, or a managed Redis, may refuse single commands; then some requests work and others do not. A command
inside a script needs the same permission as one that is given directly.
"""

import hashlib
import logging
from dataclasses import dataclass

from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from app.core.config import Settings
from app.core.errors import QueueRefused
from app.queue.keys import Keys
from app.queue.redis_errors import (
    REFUSED_RETRY_AFTER_SECONDS,
    is_of_cluster,
    is_passing,
    is_refused,
    redis_reachable,
)

logger = logging.getLogger(__name__)

_SCRIPT = "return 1"
_SECONDS = "60"

WORKER_COMMANDS = frozenset({"LMOVE", "BLMOVE"})
"""What only workers need."""

RATE_COMMANDS = frozenset({"INCRBY", "RENAME"})
"""What only RATE_LIMIT and UPLOAD_LIMIT need."""


@dataclass(frozen=True, slots=True)
class _Trial:
    """A command with harmless arguments, and the first key that it touches, if any."""

    command: str
    arguments: tuple[str, ...]
    key: str | None = None


def trials(keys: Keys) -> list[_Trial]:
    """Every command that the service gives, directly or in a script, in an order that lets each succeed."""
    text, other = keys.result("probe"), keys.result("probe:renamed")
    fields, line, moved, scores = (keys.probe(kind) for kind in ("hash", "list", "moved", "zset"))
    touching: list[tuple[str, str, tuple[str, ...]]] = [
        ("SET", text, ("1", "EX", _SECONDS)),
        ("GET", text, ()),
        ("EXISTS", text, ()),
        ("INCRBY", text, ("1",)),
        ("PERSIST", text, ()),
        ("PEXPIRE", text, ("60000",)),
        ("EXPIRE", text, (_SECONDS,)),
        ("TTL", text, ()),
        ("PTTL", text, ()),
        ("RENAME", text, (other,)),
        ("HSET", fields, ("f", "1")),
        ("HSETNX", fields, ("f", "1")),
        ("HGET", fields, ("f",)),
        ("HMGET", fields, ("f",)),
        ("HGETALL", fields, ()),
        ("HINCRBY", fields, ("n", "1")),
        ("HINCRBYFLOAT", fields, ("n", "1")),
        ("HEXISTS", fields, ("f",)),
        ("HDEL", fields, ("f",)),
        ("LPUSH", line, ("a",)),
        ("RPUSH", line, ("a",)),
        ("LPOS", line, ("a",)),
        ("LINDEX", line, ("0",)),
        ("LLEN", line, ()),
        ("LRANGE", line, ("0", "0")),
        ("LTRIM", line, ("0", "9")),
        ("LMOVE", line, (moved, "LEFT", "RIGHT")),
        ("BLMOVE", line, (moved, "LEFT", "RIGHT", "0.01")),
        ("LREM", line, ("0", "a")),
        ("ZADD", scores, ("1", "a")),
        ("ZSCORE", scores, ("a",)),
        ("ZCARD", scores, ()),
        ("ZCOUNT", scores, ("0", "1")),
        ("ZRANGE", scores, ("0", "0")),
        ("ZRANGEBYSCORE", scores, ("0", "1")),
        ("ZREM", scores, ("a",)),
        ("ZREMRANGEBYSCORE", scores, ("0", "1")),
        ("DEL", text, (other, fields, line, moved, scores)),
    ]
    return [
        *(_Trial(command, (key, *arguments), key) for command, key, arguments in touching),
        _Trial("TIME", ()),
        _Trial("SCAN", ("0", "COUNT", "1")),
        _Trial("SCRIPT LOAD", (_SCRIPT,)),
        _Trial("EVALSHA", (hashlib.sha1(_SCRIPT.encode()).hexdigest(), "0")),
    ]


async def check_commands(client: Redis, settings: Settings, *, worker: bool = False) -> None:
    """Try every command that an API, or a worker, needs.

    Raises QueueRefused, which names those that Redis refuses, ClusterUnsupported and QueueUnavailable.
    """
    unneeded = frozenset() if worker else WORKER_COMMANDS
    if not (settings.rate_limit or settings.upload_limit):
        unneeded |= RATE_COMMANDS
    needed = [each for each in trials(Keys.from_settings(settings)) if each.command not in unneeded]
    async with redis_reachable():
        missing = await _refused(client, needed)
        if "TIME" not in missing:
            missing += await _refused_transaction(client)
    if missing:
        raise QueueRefused(
            f"Redis refuses what the service needs: {', '.join(missing)}. Grant it to its user (ACL).",
            retry_after_seconds=REFUSED_RETRY_AFTER_SECONDS,
            missing=missing,
        )


async def check_cluster(client: Redis, settings: Settings) -> None:
    """Refuse a node of Redis Cluster that does not serve all keys; warn about one that does, as it may lose
    them to another.

    Raises ClusterUnsupported and QueueUnavailable. A command that is refused is left to `check_commands`, and
    a Redis that does not tell whether it is in cluster mode is not warned about.
    """
    keys = Keys.from_settings(settings)
    async with redis_reachable():
        try:
            await client.exists(keys.queue, keys.task("probe"), keys.result("probe"))
            cluster = await client.info("cluster")
        except ResponseError as error:
            if is_of_cluster(error) or is_passing(error):
                raise
            return
    if cluster.get("cluster_enabled"):
        logger.warning(
            "Redis runs in cluster mode, which is not supported. This node serves all keys now; when another "
            "becomes their owner (failover, resharding), nothing is done until REDIS_HOST is that node's"
        )


async def _refused(client: Redis, needed: list[_Trial]) -> list[str]:
    async with client.pipeline(transaction=False) as pipeline:
        for each in needed:
            pipeline.execute_command(*each.command.split(), *each.arguments)
        answers = await pipeline.execute(raise_on_error=False)
    refused = []
    for each, answer in zip(needed, answers, strict=True):
        if not isinstance(answer, RedisError):
            continue
        if is_refused(answer):
            refused.append(f"{each.command} on {each.key}" if "access" in str(answer) else each.command)
        elif is_passing(answer) or is_of_cluster(answer):
            raise answer
    return refused


async def _refused_transaction(client: Redis) -> list[str]:
    """Whether a transaction of an allowed command is refused; redis-py tells so in several ways."""
    try:
        async with client.pipeline(transaction=True) as pipeline:
            pipeline.time()
            await pipeline.execute()
    except ResponseError as error:
        if is_passing(error):
            raise
        return ["MULTI/EXEC"]
    return []
