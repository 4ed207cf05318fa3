"""The protocol under random histories; and that these would notice the lack of either of its two guards."""

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from app.launcher.redis_server import RedisServer
from app.queue.scripts import script_sources
from tests.integration.queue.histories import QueueHistories

PROFILE = settings(
    max_examples=80,
    stateful_step_count=40,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
CONTROL = settings(PROFILE, max_examples=1000, phases=[Phase.generate], print_blob=False)


pytestmark = pytest.mark.timeout(0)
"""The number of histories is their bound, not the time that a busy machine takes for them."""


def machine(server: RedisServer, sources: dict[str, str] | None = None) -> type[QueueHistories]:
    return type("Histories", (QueueHistories,), {"port": server.port, "sources": sources})


def without(script: str, guard: str) -> dict[str, str]:
    """The scripts, less one line."""
    sources = script_sources()
    assert sources[script].count(guard) == 1
    return sources | {script: sources[script].replace(guard, "")}


def test_histories_lose_nothing_and_complete_nothing_twice(redis_server: RedisServer) -> None:
    run_state_machine_as_test(machine(redis_server), settings=PROFILE)


@pytest.mark.parametrize(
    ("script", "guard"),
    [
        ("complete", "if v[1] ~= ARGV[2] then return 'FENCED' end"),
        ("claim", "if not redis.call('LPOS', KEYS[1], ARGV[1]) then return {'STALE'} end"),
    ],
)
def test_histories_notice_a_missing_guard(redis_server: RedisServer, script: str, guard: str) -> None:
    broken = machine(redis_server, without(script, guard))
    with pytest.raises(AssertionError):
        run_state_machine_as_test(broken, settings=CONTROL)
