"""Fixtures that every test may use: a real Redis server, and settings that point to it."""

import inspect
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import hypothesis
import pytest
import redis

from app.core.config import Settings
from app.launcher.redis_server import RedisServer, free_port
from tests.support.places import KIND
from tests.support.processes_of_tests import GroupScheduling, place_of
from tests.support.serving import PATIENCE_SECONDS

pytest_plugins = [
    "tests.support.archive_fixtures",
    "tests.support.storage_fixtures",
    "tests.support.weights_fixtures",
]

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell starts what runs in the background so, and every process of a test would inherit it.
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Threads of torch spin while they wait for each other: where other processes work, too, that takes four times
# as long. OpenMP reads it when it is loaded, in the processes that tests start as well.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

# A busy machine is no defect of what is tested, and Hypothesis makes its table of characters on a machine's
# first run, which takes seconds.
hypothesis.settings.register_profile(
    "unhurried", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("unhurried")


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> GroupScheduling:
    """Where there are several processes: groups of tests stay together."""
    return GroupScheduling(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with what takes longest; where recordings lie in a bucket, leave out what needs a folder."""
    if KIND:
        config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker("volume")])
        items[:] = [item for item in items if not item.get_closest_marker("volume")]
    items.sort(key=lambda item: place_of(item.nodeid))


CLOCKS = (time.time, time.monotonic)


@pytest.fixture(autouse=True)
def true_clocks(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No test moves the clocks of the process, only those of the module that it tests.

    Services of other tests run in its threads: their event loops would set timers by a wrong clock, and
    sleep for hours.
    """
    yield
    assert (time.time, time.monotonic) == CLOCKS, "a test moved the clock of the whole process"


@pytest.fixture(scope="session", autouse=True)
def patient_requests() -> None:
    """A request that gives no time-out waits as long as `until` does: httpx2 gives up after 5 s, which a busy
    machine may need. All its functions and clients share one default."""
    default = inspect.signature(httpx2.get).parameters["timeout"].default
    for phase in ("connect", "read", "write", "pool"):
        setattr(default, phase, PATIENCE_SECONDS)
    assert httpx2.Client().timeout.read == PATIENCE_SECONDS


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the developer's shell or `.env` reaches a test."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setitem(Settings.model_config, "env_file", None)


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """One real server for the whole run; `settings` gives each test an empty database of its own names."""
    server = RedisServer(tmp_path_factory.mktemp("redis"), free_port())
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def cluster_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A cluster of one node that owns all slots: scripts that name keys of two slots fail there."""
    server = cluster_node(tmp_path_factory.mktemp("cluster"), range(SLOTS))
    until_cluster_is_up([server])
    yield server
    server.stop()


@pytest.fixture
def cluster_nodes(tmp_path: Path) -> Iterator[list[RedisServer]]:
    """A cluster of two nodes, of which each owns half of the slots, the first the lower half."""
    half = SLOTS // 2
    nodes = [
        cluster_node(tmp_path / f"node{half_begins}", range(half_begins, half_begins + half))
        for half_begins in (0, half)
    ]
    with redis.Redis(port=nodes[0].port) as client:
        client.cluster("meet", "127.0.0.1", nodes[1].port)
    until_cluster_is_up(nodes)
    yield nodes
    for node in nodes:
        node.kill()


SLOTS = 16384


def cluster_node(directory: Path, slots: range) -> RedisServer:
    """Start a node of a cluster that owns these slots."""
    server = RedisServer(directory, free_port_with_bus(), extra=("--cluster-enabled", "yes"))
    server.start()
    with redis.Redis(port=server.port) as client:
        for start in range(slots.start, slots.stop, 4096):
            client.execute_command("CLUSTER", "ADDSLOTS", *range(start, start + 4096))
    return server


def until_cluster_is_up(nodes: list[RedisServer]) -> None:
    """Wait until every node knows who owns each slot."""
    for node in nodes:
        with redis.Redis(port=node.port) as client:
            while client.cluster("info")["cluster_state"] != "ok":
                time.sleep(0.02)


def free_port_with_bus() -> int:
    """A cluster node also listens on its port + 10000."""
    while (port := free_port()) > 55_000:
        pass
    return port


@pytest.fixture
def settings_for(
    tmp_path: Path, redis_server: RedisServer, usual_storage: dict[str, object]
) -> Callable[..., Settings]:
    """Build settings for this test alone; keyword arguments override."""

    def build(**overrides: object) -> Settings:
        values: dict[str, object] = {
            "redis_host": "127.0.0.1",
            "redis_port": redis_server.port,
            "redis_queue_name": f"q{os.urandom(6).hex()}",
            "redis_results_prefix": f"r{os.urandom(6).hex()}:",
            "upload_dir": tmp_path / "shared_audio",
            "cache_dir": tmp_path / "_cache",
            "log_dir": tmp_path / "logs",
            "data_dir": tmp_path / "_data",
            "min_free_disk_mb": 0,
            "model_downloads": False,
        }
        return Settings(**(values | usual_storage | overrides))  # type: ignore[arg-type]

    return build


@pytest.fixture
def settings(settings_for: Callable[..., Settings]) -> Settings:
    """Settings of a service that nobody else uses."""
    return settings_for()
