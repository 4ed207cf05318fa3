"""The Redis of `make run`: its data outlives it, and one folder never has two servers."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
import redis

from app.core.config import Settings
from app.launcher.own_redis import OwnRedis
from app.launcher.redis_programs import RedisStartError, find_server
from app.launcher.redis_server import RedisServer, free_port, port_is_free


@contextmanager
def client_of(port: int | None) -> Iterator["redis.Redis"]:
    assert port is not None
    client = redis.Redis(port=port)
    try:
        yield client
    finally:
        client.close()


@pytest.fixture
def own_settings(settings_for: Callable[..., Settings]) -> Settings:
    """REDIS_PORT is free."""
    return settings_for(redis_port=free_port())


def test_data_outlives_the_server(own_settings: Settings) -> None:
    first = OwnRedis(own_settings)
    assert first.pid is None
    first.start()
    assert first.port == own_settings.redis_port
    with client_of(first.port) as client:
        client.set("transcribe_result:1", "text")
        assert client.config_get("appendonly")["appendonly"] == "yes"
        assert client.config_get("maxmemory-policy")["maxmemory-policy"] == "noeviction"
    first.stop()
    assert first.pid is None
    second = OwnRedis(own_settings)
    second.start()
    with client_of(second.port) as client:
        assert client.get("transcribe_result:1") == b"text"
    second.stop()


def test_a_taken_port_is_replaced_and_remembered(settings: Settings) -> None:
    first = OwnRedis(settings)  # REDIS_PORT is that of the tests' server
    first.start()
    port = first.port
    assert port != settings.redis_port
    first.stop()
    second = OwnRedis(settings)
    second.start()
    assert second.port == port
    second.stop()


def test_the_server_of_a_killed_run_is_stopped_first(own_settings: Settings) -> None:
    killed = OwnRedis(own_settings)
    orphan = psutil.Process(killed.start())
    with client_of(killed.port) as client:
        client.set("waiting", "task")
    own = OwnRedis(own_settings)
    assert own.stop_orphan()
    # Its data is written before it stops listening; the process ends a moment after.
    assert psutil.wait_procs([orphan], timeout=10) == ([orphan], [])
    assert killed.pid is None
    own.start()
    with client_of(own.port) as client:
        assert client.get("waiting") == b"task"
    own.stop()


def test_another_folders_server_is_left_alone(
    own_settings: Settings, redis_server: RedisServer, tmp_path: Path
) -> None:
    own = OwnRedis(own_settings)
    assert not own.stop_orphan()
    folder = own_settings.data_dir / "redis"
    folder.mkdir(parents=True)
    (folder / "server.json").write_text(f'{{"port": {redis_server.port}}}')
    assert not own.stop_orphan()
    assert redis_server.answers()


@pytest.mark.parametrize("text", ["", "[]", '{"port": "x"}', "{"])
def test_a_damaged_note_is_no_orphan(own_settings: Settings, text: str) -> None:
    folder = own_settings.data_dir / "redis"
    folder.mkdir(parents=True)
    (folder / "server.json").write_text(text)
    assert not OwnRedis(own_settings).stop_orphan()


def test_it_starts_again_on_the_same_port_after_a_crash(own_settings: Settings) -> None:
    own = OwnRedis(own_settings)
    process = psutil.Process(own.start())
    process.kill()
    psutil.wait_procs([process], timeout=10)
    assert own.pid is None
    own.start()
    assert own.port == own_settings.redis_port
    own.stop()


def test_thebundled_server_serves_where_the_path_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert find_server().name == "valkey-server"


def test_a_server_that_cannot_start_says_where_to_look(tmp_path: Path) -> None:
    server = RedisServer(tmp_path, free_port(), extra=("--no-such-option", "1"))
    with pytest.raises(RedisStartError, match=r"redis\.log"):
        server.start()
    assert server.pid is None


def test_which_ports_are_free(redis_server: RedisServer) -> None:
    assert not port_is_free("127.0.0.1", redis_server.port)
    assert port_is_free("127.0.0.1", free_port())
