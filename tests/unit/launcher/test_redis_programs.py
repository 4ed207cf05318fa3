"""Data outlive their server: who wrote them opens them again, or a newer one, and an older one never."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

from app.core.config import Settings
from app.launcher import redis_programs
from app.launcher.own_redis import OwnRedis
from app.launcher.redis_programs import RedisStartError, ServerProgram, ServerVersion, choose_program
from app.launcher.redis_server import free_port
from app.queue.local_server import ServerNote, read_note, server_folder, write_note
from tests.support.old_redis import old_redis_in


def version(text: str) -> ServerVersion:
    kind, number = text.split()
    return ServerVersion(kind, tuple(int(part) for part in number.split(".")))


@pytest.mark.parametrize(
    ("candidate", "writer", "may"),
    [
        ("redis 7.0.15", "redis 7.0.15", True),
        ("redis 7.2.4", "redis 7.0.15", True),
        ("redis 8.0", "redis 7.10.1", True),
        ("redis 7.0.14", "redis 7.0.15", False),
        ("redis 7.0.15", "redis 7.2", False),
        ("valkey 9.1.2", "valkey 9.1.1", True),
        ("valkey 9.1.2", "valkey 9.2.0", False),
        ("valkey 8.0.1", "redis 7.2.9", True),
        ("valkey 9.1.2", "redis 6.2.14", True),
        ("valkey 9.1.2", "redis 7.4.0", False),
        ("redis 7.0.15", "valkey 9.1.2", False),
        ("redis 8.2.3", "valkey 8.0.1", False),
    ],
)
def test_who_may_take_over(candidate: str, writer: str, may: bool) -> None:
    assert version(candidate).may_take_over(version(writer)) is may


@pytest.fixture
def bundled() -> ServerProgram:
    """The server that comes with the service."""
    path = redis_programs.bundled_server()
    assert path is not None
    [program] = redis_programs._programs([path])
    return program


@pytest.fixture
def old_redis(tmp_path: Path) -> Path:
    """A folder with an old redis-server."""
    return old_redis_in(tmp_path / "old")


@pytest.fixture
def own_settings(settings_for: Callable[..., Settings]) -> Settings:
    return settings_for(redis_port=free_port())


@contextmanager
def running(settings: Settings) -> Iterator[tuple[OwnRedis, "redis.Redis"]]:
    """The Redis of `make run`, and a client of it."""
    own = OwnRedis(settings)
    own.start()
    assert own.port is not None
    try:
        with redis.Redis(port=own.port, decode_responses=True) as client:
            yield own, client
    finally:
        own.stop()


def test_the_server_that_wrote_the_data_opens_them_again(
    own_settings: Settings, bundled: ServerProgram, old_redis: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    with running(own_settings) as (own, client):
        assert own.version == bundled.version
        client.set("transcribe_result:1", "text")

    monkeypatch.setenv("PATH", str(old_redis))
    with running(own_settings) as (own, client):
        assert own.version == bundled.version
        assert client.info("server")["valkey_version"] == str(bundled.version).split()[1]
        assert client.get("transcribe_result:1") == "text"


def test_data_of_before_the_note_are_told_by_their_header(
    own_settings: Settings, bundled: ServerProgram, old_redis: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    with running(own_settings) as (own, client):
        client.set("transcribe_result:1", "text")
        port = own.port
    assert port is not None
    write_note(server_folder(own_settings), ServerNote(port=port))

    monkeypatch.setenv("PATH", str(old_redis))
    with running(own_settings) as (own, client):
        assert own.version == bundled.version
        assert client.get("transcribe_result:1") == "text"


def test_an_old_server_keeps_its_data_where_a_newer_one_is_there_too(
    own_settings: Settings, bundled: ServerProgram, old_redis: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(old_redis))
    for _ in range(2):
        with running(own_settings) as (own, _client):
            assert own.version is not None
            assert own.version.kind == "redis"
    note = read_note(server_folder(own_settings))
    assert note is not None
    assert note.path == old_redis / "redis-server"
    assert (note.kind, note.version) == ("redis", str(own.version).split()[1])


def test_a_newer_server_takes_over_and_the_old_one_never_again(
    own_settings: Settings, bundled: ServerProgram, old_redis: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(old_redis))
    with running(own_settings) as (_own, client):
        client.set("transcribe_result:1", "text")
    away = old_redis.rename(old_redis.with_name("away"))

    with running(own_settings) as (own, client):
        assert own.version == bundled.version
        assert client.get("transcribe_result:1") == "text"

    monkeypatch.setenv("PATH", str(away))
    with running(own_settings) as (own, client):
        assert own.version == bundled.version
        assert client.get("transcribe_result:1") == "text"


def test_where_only_older_ones_are_left_the_sentence_names_both(
    own_settings: Settings, bundled: ServerProgram, old_redis: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = server_folder(own_settings)
    folder.mkdir(parents=True)
    write_note(folder, ServerNote(port=1, kind="valkey", version="99.1.0", path=Path("/gone/valkey-server")))
    monkeypatch.setenv("PATH", str(old_redis))

    with pytest.raises(RedisStartError) as raised:
        OwnRedis(own_settings).start()

    sentence = str(raised.value)
    assert f"The data in {folder} was written by Valkey 99.1.0" in sentence
    assert re.search(rf"Redis [67]\.[\d.]+ \({re.escape(str(old_redis))}/redis-server\)", sentence)
    assert f"{bundled.version} ({bundled.path})" in sentence
    assert "Install Valkey 99.1.0 or newer" in sentence


def test_what_is_no_server_is_passed_over(tmp_path: Path, bundled: ServerProgram) -> None:
    broken = tmp_path / "redis-server"
    for text, mode in (("#!/bin/sh\nexit 1\n", 0o755), ("nonsense", 0o755), ("", 0o644)):
        broken.write_text(text)
        broken.chmod(mode)
        assert list(redis_programs._programs([broken, bundled.path])) == [bundled]


def test_where_none_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(redis_programs, "bundled_server", lambda: None)
    with pytest.raises(RedisStartError, match="install redis-server"):
        choose_program(tmp_path)
