"""A service and a client of it for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.client import Client, RetryPolicy
from tests.unit.client.service import Service, serving

QUICK = RetryPolicy(retries=3, backoff=0.01)


@pytest.fixture
def anyio_backend() -> str:
    """What the service itself runs on."""
    return "asyncio"


@pytest.fixture(scope="session")
def running_service() -> Iterator[Service]:
    """One service for all tests."""
    with serving(Service()) as running:
        yield running


@pytest.fixture
def service(running_service: Service) -> Service:
    """A service that knows nothing yet, and behaves."""
    running_service.reset()
    return running_service


@pytest.fixture
def client(service: Service) -> Iterator[Client]:
    """A client that loses no time between two tries."""
    with Client(service.url, policy=QUICK) as opened:
        yield opened


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """A file to send."""
    path = tmp_path / "talk.mp3"
    path.write_bytes(b"sound" * 50_000)
    return path
