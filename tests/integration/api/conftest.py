"""A running API for each test."""

from collections.abc import Iterator

import httpx2
import pytest

from app.core.config import Settings
from tests.support.api import Service, serving
from tests.support.serving import PATIENCE_SECONDS


@pytest.fixture
def service(settings: Settings) -> Iterator[Service]:
    """An API with the usual settings of a test."""
    with serving(settings) as running:
        yield running


@pytest.fixture
def client(service: Service) -> Iterator[httpx2.Client]:
    """An HTTP client of `service`."""
    with httpx2.Client(base_url=service.url, timeout=PATIENCE_SECONDS) as http:
        yield http
