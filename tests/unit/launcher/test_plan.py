"""Which model and which Redis a run uses."""

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trustme

from app.core import gpus as core_gpus
from app.core.config import Settings
from app.core.gpus import Gpu
from app.launcher import plan
from app.launcher.plan import (
    base_url,
    child_environment,
    chosen_model,
    network_url,
    programs,
)
from app.launcher.redis_server import RedisServer
from app.queue.local_server import names_redis, redis_answers


def read(tmp_path: Path, text: str) -> Settings:
    (tmp_path / ".env").write_text(text)
    return Settings(_env_file=tmp_path / ".env")


@pytest.mark.parametrize(
    ("dotenv", "environ", "model"),
    [
        ("", {}, "base"),
        ('DEFAULT_MODEL = "small"', {}, "small"),
        ('DEFAULT_MODEL = "small"', {"MODEL": "tiny"}, "tiny"),
        ("", {"MODEL": " "}, "base"),
        ("DEFAULT_MODEL=turbo", {}, "turbo"),
    ],
)
def test_the_model(tmp_path: Path, dotenv: str, environ: dict[str, str], model: str) -> None:
    assert chosen_model(read(tmp_path, dotenv), environ) == model


@pytest.mark.parametrize(
    ("dotenv", "named"),
    [
        ("", False),
        ("REDIS_PORT=6380", False),
        ('REDIS_HOST = "localhost"', True),
        ("REDIS_URL=redis://one", True),
        ("REDIS_SENTINELS=one:1,two:2", True),
        ("REDIS_HOST=", False),
    ],
)
def test_whether_the_user_named_a_redis(tmp_path: Path, dotenv: str, named: bool) -> None:
    assert names_redis(read(tmp_path, dotenv)) is named


def test_a_redis_that_answers(settings: Settings) -> None:
    assert redis_answers(settings)


def test_a_redis_that_does_not(settings_for: Callable[..., Settings], free_tcp_port: int) -> None:
    assert not redis_answers(settings_for(redis_port=free_tcp_port))


def test_children_use_our_redis_whatever_the_user_wrote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, redis_server: RedisServer
) -> None:
    authority = tmp_path / "authority.pem"
    trustme.CA().cert_pem.write_to_path(str(authority))
    dotenv = (
        "REDIS_URL=rediss://192.0.2.1\nREDIS_SENTINELS=192.0.2.1:26379\nREDIS_DB=3\nDEFAULT_MODEL=turbo\n"
        "REDIS_SENTINEL_USERNAME=someone\nREDIS_SENTINEL_PASSWORD=secret\nREDIS_SENTINEL_TLS=true\n"
        f"REDIS_TLS=true\nREDIS_CA_FILE={authority}\n"
    )
    settings = read(tmp_path, dotenv)
    for name, value in child_environment(settings, "tiny", redis_server.port, 1).items():
        monkeypatch.setenv(name, value)
    child = read(tmp_path, dotenv)
    assert child.default_model == "tiny"
    assert child.redis_sentinels == ()
    assert child.redis_sentinel_password is None
    assert child.redis_ca_file is None
    assert child.redis_url is not None
    assert child.redis_url.get_secret_value() == f"redis://127.0.0.1:{redis_server.port}/3"
    assert redis_answers(child)


def test_children_use_the_users_redis(settings: Settings) -> None:
    assert "REDIS_URL" not in child_environment(settings, "base", None, 1)


def test_programs(settings_for: Callable[..., Settings]) -> None:
    api, *workers = programs(settings_for(drain_seconds=7, host="0.0.0.0", port=8123), 3)
    assert api.name == "api"
    assert api.command[-5:] == ("--host", "0.0.0.0", "--port", "8123", "--no-proxy-headers")
    assert [worker.name for worker in workers] == ["worker-1", "worker-2", "worker-3"]
    assert all(worker.stop_seconds > 7 for worker in workers)


def test_voice_assistants_are_served_where_a_port_is_named(settings_for: Callable[..., Settings]) -> None:
    watching = programs(settings_for(watch_dir="recordings"), 1)
    assert [each.name for each in watching] == ["api", "worker-1", "watch"]
    assert [each.name for each in programs(settings_for(wyoming_port=10300), 1)] == [
        "api",
        "worker-1",
        "wyoming",
    ]


@pytest.mark.parametrize(
    ("cores", "gigabytes", "gpus", "given", "workers", "threads"),
    [
        (1, 2, 0, {}, 1, None),
        (2, 8, 0, {}, 1, None),
        (5, 64, 0, {}, 1, None),
        (6, 64, 0, {}, 2, "3"),
        (7, 64, 0, {}, 2, "3"),
        (8, 64, 0, {}, 2, "4"),
        (9, 64, 0, {}, 3, "3"),
        (12, 64, 0, {}, 3, "4"),
        (16, 64, 0, {}, 4, "4"),
        (18, 64, 0, {}, 4, "4"),
        (32, 64, 0, {}, 8, "4"),
        (64, 256, 0, {}, 16, "4"),
        (16, 9, 0, {}, 2, "8"),
        (16, None, 0, {}, 4, "4"),
        (16, 64, 1, {}, 1, None),
        (16, 64, 4, {}, 4, "4"),
        (16, 64, 4, {"device": "cuda"}, 4, "4"),
        (16, 64, 4, {"device": "cuda:2"}, 1, None),
        (16, 64, 4, {"device": "cpu"}, 4, "4"),
        (16, 64, 8, {"engine": "remote", "remote_url": "http://gpu:8000/v1"}, 4, "4"),
        (16, 64, 0, {"device": "cuda"}, 1, None),
        (16, 64, 0, {"workers": 2}, 2, "8"),
        (16, 64, 2, {"workers": 5}, 5, "3"),
        (16, 64, 0, {"workers": 2, "cpu_threads": 3}, 2, None),
    ],
)
def test_as_many_workers_as_the_machine_has_work_for(
    settings_for: Callable[..., Settings],
    monkeypatch: pytest.MonkeyPatch,
    cores: int,
    gigabytes: int | None,
    gpus: int,
    given: dict[str, Any],
    workers: int,
    threads: str | None,
) -> None:
    monkeypatch.setattr(plan, "usable_cores", lambda: cores)
    monkeypatch.setattr(plan, "available_memory", lambda: gigabytes and gigabytes * 1024**3)
    found = tuple(Gpu(str(number), str(number)) for number in range(gpus))
    monkeypatch.setattr(core_gpus, "visible_gpus", lambda: found)
    settings = settings_for(**given)

    assert plan.worker_count(settings) == workers
    assert child_environment(settings, "base", None, workers).get("CPU_THREADS") == threads


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("0.0.0.0", "http://127.0.0.1:8000"),
        ("::", "http://[::1]:8000"),
        ("box.lan", "http://box.lan:8000"),
    ],
)
def test_the_url_to_open(settings_for: Callable[..., Settings], host: str, url: str) -> None:
    assert base_url(settings_for(host=host)) == url


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", None),
        ("::1", None),
        ("localhost", None),
        ("192.0.2.7", "http://192.0.2.7:8000"),
        ("nas.lan", "http://nas.lan:8000"),
    ],
)
def test_where_others_find_it(settings_for: Callable[..., Settings], host: str, url: str | None) -> None:
    assert network_url(settings_for(host=host)) == url


def test_all_addresses_are_told_as_this_machines_own(settings_for: Callable[..., Settings]) -> None:
    url = network_url(settings_for(host="0.0.0.0"))
    if url is not None:  # a machine without a network has none
        host = url.removeprefix("http://").removesuffix(":8000")
        with socket.create_server((host, 0)):
            assert not host.startswith("127.")
