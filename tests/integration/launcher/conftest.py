"""A port that is free now."""

import pytest

from app.launcher.redis_server import free_port


@pytest.fixture
def free_tcp_port() -> int:
    """A port of 127.0.0.1."""
    return free_port()


@pytest.fixture
def redis_port() -> int:
    """Another one."""
    return free_port()
