"""The whole service: the API on a socket, a worker process with the real `base` model, real recordings."""

import base64
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.core.config import Settings
from app.launcher.redis_server import RedisServer
from tests.integration.api.service import Service, serving

WEBHOOK_SECRET = "whsec_" + base64.b64encode(b"a secret of the tests, 32 bytes!").decode()
ROOT = Path(__file__).parents[3]


class Worker:
    """A worker process of a service."""

    def __init__(self, settings: Settings) -> None:
        values = settings.model_dump(mode="json", exclude_defaults=True, exclude={"webhook_secret"})
        environment = {name.upper(): str(value) for name, value in values.items()}
        self._process = subprocess.Popen(
            [sys.executable, "worker.py"], cwd=ROOT, env=os.environ | environment
        )

    @property
    def pid(self) -> int:
        """Of the supervisor."""
        return self._process.pid

    def stop(self) -> None:
        """As `docker stop` does."""
        self._process.terminate()
        self._process.wait(timeout=60)


@pytest.fixture(scope="session")
def whole_settings(
    redis_server: RedisServer, base_weights: Path, tmp_path_factory: pytest.TempPathFactory
) -> Settings:
    """One service for all tests: its worker loads the model once."""
    folder = tmp_path_factory.mktemp("whole")
    return Settings(
        redis_host="127.0.0.1",
        redis_port=redis_server.port,
        redis_queue_name="whole",
        redis_results_prefix="whole_result:",
        upload_dir=folder / "shared_audio",
        log_dir=folder / "logs",
        cache_dir=base_weights,
        default_model="base",
        model_downloads=False,
        heartbeat_seconds=0.5,
        maintenance_seconds=0.5,
        lease_seconds=3,
        min_free_disk_mb=0,
        reuse_results=False,
        fetch_private_addresses=True,
        webhook_secret=SecretStr(WEBHOOK_SECRET),
    )


@pytest.fixture(scope="session")
def whole(whole_settings: Settings) -> Iterator[Service]:
    """The running service."""
    worker = Worker(whole_settings)
    try:
        with serving(whole_settings) as service:
            yield service
    finally:
        worker.stop()


@pytest.fixture
def spare_worker(whole_settings: Settings) -> Iterator[Callable[[], Worker]]:
    """Starts further workers, which may be killed."""
    started: list[Worker] = []

    def start() -> Worker:
        started.append(Worker(whole_settings))
        return started[-1]

    yield start
    for worker in started:
        worker.stop()


@pytest.fixture
def serving_with(whole_settings: Settings, whole: Service) -> Callable[..., object]:
    """A second API beside the same worker, with other settings."""
    return lambda **changes: serving(whole_settings.model_copy(update=changes))
