"""What people choose a model by."""

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest
import redis

from app.core.config import Settings
from tests.support.api import Service, serving


@pytest.fixture
def service(settings_for: Callable[..., Settings], tmp_path: Path) -> Iterator[Service]:
    """`base` lies in the cache, `small` has been measured, and `own` is a model of the operator's."""
    for name in ("base", "own"):
        folder = tmp_path / "cache" / "whisper" / name
        folder.mkdir(parents=True)
        (folder / "config.json").write_text("{}")
        (folder / "model.bin").write_bytes(b"0" * 3_000_000)
    with serving(settings_for(cache_dir=tmp_path / "cache", default_model="base")) as running:
        yield running


def models(service: Service) -> dict[str, dict[str, object]]:
    data = httpx2.get(f"{service.url}/v1/models").json()["data"]
    return {each["id"]: each for each in data}


def test_quality_size_speed_and_presence_are_told(service: Service) -> None:
    settings = service.settings
    with redis.Redis(port=settings.redis_port) as client:
        client.hset(f"{settings.redis_queue_name}:pace", "small", "0.25")
    told = models(service)
    assert (told["base"]["present"], told["base"]["size_mb"], told["base"]["default"]) == (True, 3, True)
    assert (told["small"]["present"], told["small"]["size_mb"]) == (False, 488)
    assert (told["small"]["real_time_factor"], told["base"]["real_time_factor"]) == (0.25, None)
    assert [told[name]["accuracy"] for name in ("tiny", "base", "small", "large-v3", "own")] == [
        1,
        2,
        3,
        5,
        None,
    ]
    assert (told["base.en"]["languages"], told["base"]["languages"]) == (["en"], None)
    assert (told["own"]["present"], told["own"]["size_mb"]) == (True, 3)
    assert "accuracy" not in told["whisper-1"]  # another name, no choice of its own
    assert told["whisper-1"]["root"] == "base"
    one = httpx2.get(f"{service.url}/v1/models/small").json()
    assert one == told["small"]


def test_what_cannot_be_known_is_not_told(settings_for: Callable[..., Settings]) -> None:
    away = {"engine": "remote", "remote_url": "http://127.0.0.1:9/v1"}
    with serving(settings_for(default_model="base", **away)) as service:
        told = models(service)["base"]
    assert (told["present"], told["real_time_factor"], told["size_mb"]) == (None, None, 148)
