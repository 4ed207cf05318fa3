"""Every command that the service gives is tried, and each that an ACL refuses is named."""

import ast
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from app.core.config import Settings
from app.core.errors import QueueRefused, QueueUnavailable
from app.launcher.redis_server import RedisServer
from app.queue import probe
from app.queue.clients import check_server
from app.queue.keys import Keys
from app.queue.probe import RATE_COMMANDS, WORKER_COMMANDS, check_cluster, check_commands, trials
from app.queue.rate_limits import RateLimiter
from app.queue.scripts import script_sources
from tests.support.processes import ROOT
from tests.support.queue import RESULT, Queue, connected, task

TRIED = {each.command for each in trials(Keys("q", "r:"))} | {"MULTI/EXEC"}

OTHER_NAMES = {
    "delete": "DEL",
    "scan_iter": "SCAN",
    "register_script": "SCRIPT LOAD",
    "pipeline": "MULTI/EXEC",
}
"""Methods of redis-py that are not named as their commands."""

NO_COMMANDS = {"execute", "execute_command", "aclose", "close", "script_load"}
OPTIONAL = {"INFO", "PING", "CONFIG_GET"}
"""The service does without: INFO for its warnings, PING in tests, CONFIG GET to find its own server."""

Restricted = Callable[[str], AbstractAsyncContextManager[Queue]]


@pytest.fixture
def restricted(own_server: Callable[..., RedisServer], quick: Callable[..., Settings]) -> Restricted:
    """A queue of a user with the rules of an ACL."""

    @asynccontextmanager
    async def connect(rules: str) -> AsyncIterator[Queue]:
        server = own_server()
        async with connected(quick(redis_port=server.port)) as root:
            await root.commands.execute_command(  # type: ignore[no-untyped-call]
                "ACL", "SETUSER", "tenant", "on", "nopass", *rules.split()
            )
        login = {"redis_username": "tenant", "redis_password": "any"}
        settings = quick(redis_port=server.port, redis_queue_name="q", redis_results_prefix="r:", **login)
        async with connected(settings) as queue:
            yield queue

    return connect


def test_every_command_of_a_script_is_tried() -> None:
    used = {name for text in script_sources().values() for name in re.findall(r"redis\.call\('(\w+)'", text)}
    assert used
    assert used <= TRIED


def test_every_command_of_a_client_is_tried() -> None:
    app = Path(probe.__file__).parents[1]
    paths = [path for room in ("queue", "services", "housekeeping") for path in (app / room).glob("*.py")]
    used = {name for path in paths for name in _redis_calls(ast.parse(path.read_text("utf-8")))}
    commands = {OTHER_NAMES.get(name, name.upper()) for name in used - NO_COMMANDS}
    assert {"HGETALL", "SCAN", "BLMOVE"} <= commands, "the search finds what is there"
    assert commands - OPTIONAL <= TRIED


def _redis_calls(tree: ast.AST) -> list[str]:
    """Methods that are called on what is named as clients and pipelines are."""
    owners = {"_client", "client", "_commands", "_blocking", "pipeline"}
    return [
        node.func.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and (getattr(node.func.value, "attr", None) or getattr(node.func.value, "id", None)) in owners
    ]


async def test_all_is_well_where_all_is_allowed(queue: Queue, caplog: pytest.LogCaptureFixture) -> None:
    await check_commands(queue.commands, queue.settings, worker=True)
    await check_cluster(queue.commands, queue.settings)
    is_cluster = queue.keys.queue.startswith("{")
    assert ("Redis runs in cluster mode, which is not supported" in caplog.text) == is_cluster
    assert [key async for key in queue.commands.scan_iter(f"{queue.keys.queue}*")] == []
    assert [key async for key in queue.commands.scan_iter(f"{queue.keys.result_prefix}*")] == []


@pytest.mark.parametrize("command", sorted(TRIED - {"SCRIPT LOAD", "MULTI/EXEC"}))
async def test_a_refused_command_is_named(restricted: Restricted, command: str) -> None:
    async with restricted(f"~* +@all -{command}") as queue:
        settings = queue.settings.model_copy(update={"rate_limit": "1/minute"})
        with pytest.raises(QueueRefused) as caught:
            await check_commands(queue.commands, settings, worker=True)
        assert caught.value.extra["missing"] == [command]
        assert command in caught.value.detail


@pytest.mark.parametrize(
    ("rules", "missing"),
    [
        ("~* +@all -script", ["SCRIPT LOAD"]),
        ("~* +@all -multi -info", ["MULTI/EXEC"]),
        ("~* +@all -exec", ["MULTI/EXEC"]),
        ("~* +@all -evalsha -hset", ["HSET", "EVALSHA"]),
        ("~* +@all -exists -info", ["EXISTS"]),
    ],
)
async def test_several_are_named(restricted: Restricted, rules: str, missing: list[str]) -> None:
    """And by nothing else: who may not ask whether it is a cluster is not told that it is one."""
    async with restricted(rules) as queue:
        await check_cluster(queue.commands, queue.settings)
        with pytest.raises(QueueRefused) as caught:
            await check_commands(queue.commands, queue.settings)
        assert caught.value.extra["missing"] == missing


async def test_keys_that_may_not_be_touched_are_named(restricted: Restricted) -> None:
    async with restricted("~q* +@all") as queue:
        with pytest.raises(QueueRefused, match="SET on r:probe"):
            await check_commands(queue.commands, queue.settings)


@pytest.mark.parametrize("command", sorted(WORKER_COMMANDS | RATE_COMMANDS))
async def test_an_api_needs_not_what_others_need(restricted: Restricted, command: str) -> None:
    async with restricted(f"~* +@all -{command}") as queue:
        await check_commands(queue.commands, queue.settings)


async def test_the_user_in_the_docs_may_do_what_is_needed(restricted: Restricted) -> None:
    text = (ROOT / "docs" / "reliability.md").read_text("utf-8")
    [rules] = re.findall(r"ACL SETUSER transcriber on >PASSWORD (.*)", text)
    for name, key in (("transcribe_tasks", "q"), ("transcribe_result:", "r:")):
        assert f"~{name}*" in rules
        rules = rules.replace(name, key)
    async with restricted(rules) as queue:
        settings = queue.settings.model_copy(update={"rate_limit": "1/minute"})
        await check_server(queue.commands)
        await check_commands(queue.commands, settings, worker=True)
        worker = await queue.worker()
        assert await worker.complete(await queue.claimed("t", worker), RESULT)
        await queue.maintenance.tick()
        await RateLimiter(queue.commands, settings).count("me", 1)


async def test_a_server_without_memory_is_away_not_forbidden(
    own_server: Callable[..., RedisServer], quick: Callable[..., Settings]
) -> None:
    async with connected(quick(redis_port=own_server(extra=("--maxmemory", "1")).port)) as queue:
        with pytest.raises(QueueUnavailable) as caught:
            await check_commands(queue.commands, queue.settings)
        assert not isinstance(caught.value, QueueRefused)


@pytest.mark.parametrize(
    "call",
    [
        lambda queue: queue.producer.enqueue(task("t")),
        lambda queue: queue.reader.record("t"),
        lambda queue: queue.maintenance.survey(["t"]),
        lambda queue: queue.unregistered("w").register(),
    ],
)
@pytest.mark.parametrize(
    "rules", ["~* +@all -evalsha", "~* +@all -hset -hmget -zadd -zrange -exists", "~x +@all"]
)
async def test_a_refusal_is_no_fault_of_ours(
    restricted: Restricted, rules: str, call: Callable[[Queue], Awaitable[object]]
) -> None:
    """Also inside a script, where Redis does not say which command it was."""
    async with restricted(rules) as queue:
        with pytest.raises(QueueRefused, match="health/ready"):
            await call(queue)
