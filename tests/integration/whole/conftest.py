"""The whole service: the API on a socket, a worker process with the real `base` model, real recordings."""

import base64
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.core.config import Settings
from app.launcher.redis_server import RedisServer
from tests.support.api import Service, serving
from tests.support.processes import Worker, settings_of_whole

WEBHOOK_SECRET = "whsec_" + base64.b64encode(b"a secret of the tests, 32 bytes!").decode()


@pytest.fixture(scope="session")
def whole_settings(
    redis_server: RedisServer,
    speaker_weights: Path,
    base_weights: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Settings:
    """One service for all tests: its worker loads the model once; speakers can be told apart."""
    return settings_of_whole(
        *("whole", redis_server, base_weights, tmp_path_factory.mktemp("whole")),
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


@pytest.fixture
def service_without_worker(settings_for: Callable[..., Settings]) -> Iterator[Service]:
    """An API whose tasks wait, and whose callers are soon told so."""
    with serving(settings_for(default_model="base", sync_wait_seconds=0.1)) as service:
        yield service
