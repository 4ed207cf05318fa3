"""A server for each test."""

from collections.abc import Iterator

import pytest

from tests.support.web_server import Server


@pytest.fixture
def server() -> Iterator[Server]:
    """Without any answer yet."""
    with Server() as started:
        yield started
