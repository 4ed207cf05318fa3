"""A benchmark that starts a Redis of its own leaves those in use alone, whatever the environment names."""

from collections.abc import Callable
from pathlib import Path

import pytest
from redis import Redis

from app.core.config import Settings
from app.queue.clients import address_of
from benchmark import metrics
from benchmark.own_settings import own_environment, own_settings
from tests.support import processes

IN_USE = {
    "REDIS_URL": "redis://in-use:6379/3",
    "REDIS_SENTINELS": "in-use:26379",
    "REDIS_SENTINEL_USERNAME": "user",
    "REDIS_SENTINEL_PASSWORD": "secret",
    "REDIS_DB": "3",
    "REDIS_QUEUE_NAME": "in_use",
    "STORAGE_URL": "s3://in-use",
    "STORAGE_ENDPOINT": "http://in-use:9000",
    "DATABASE_URL": "postgresql://user:secret@in-use/name",
    "UPLOAD_DIR": "/in-use",
    "DATA_DIR": "/in-use",
}


@pytest.fixture
def in_use(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Named by the environment and by this `.env`."""
    for name, value in IN_USE.items():
        monkeypatch.setenv(name, value)
    dotenv = tmp_path / ".env"
    dotenv.write_text("".join(f"{name}={value}\n" for name, value in IN_USE.items()))
    monkeypatch.setitem(Settings.model_config, "env_file", dotenv)
    assert address_of(Settings()) == "sentinel:mymaster/3"
    return dotenv


def _is_own(settings: Settings, folder: Path) -> bool:
    return (
        address_of(settings) == "127.0.0.1:7001/0"
        and settings.redis_queue_name == Settings.model_fields["redis_queue_name"].default
        and (settings.upload_dir, settings.data_dir) == (folder / "shared_audio", folder / "data")
        and (settings.storage_url, settings.storage_endpoint, settings.database_url) == (None, None, None)
    )


@pytest.mark.usefixtures("in_use")
def test_settings_of_a_benchmark_lead_to_its_own_places(tmp_path: Path) -> None:
    settings = own_settings(7001, tmp_path, max_queue_length=0)
    assert _is_own(settings, tmp_path)
    assert settings.max_queue_length == 0


@pytest.mark.parametrize("environment_of", [own_environment, processes.environment_of])
def test_its_processes_read_the_same(
    in_use: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    environment_of: Callable[[Settings], dict[str, str]],
) -> None:
    """So do those that tests start."""
    monkeypatch.setenv("redis_url", IN_USE["REDIS_URL"])  # names of settings have no case
    monkeypatch.setenv("DEVICE", "cpu")
    environment = environment_of(own_settings(7001, tmp_path, device="cpu"))
    for name in (*IN_USE, "redis_url"):
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    settings = Settings(_env_file=in_use)

    assert _is_own(settings, tmp_path)
    assert settings.device == "cpu"


def test_a_database_for_the_benchmark_is_told_to_its_processes(tmp_path: Path) -> None:
    url = "postgresql://user@127.0.0.1/benchmark"
    assert own_environment(own_settings(7001, tmp_path, database_url=url))["DATABASE_URL"] == url


def test_a_queue_in_use_stays_empty(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", f"redis://127.0.0.1:{settings.redis_port}/{settings.redis_db}")
    with Redis(port=settings.redis_port, db=settings.redis_db) as client:
        before = client.dbsize()
        metrics.main(workers=1, tries=1)
        assert client.dbsize() == before
