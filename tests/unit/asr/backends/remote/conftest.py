from collections.abc import Iterator

import pytest

from tests.unit.asr.backends.remote.transcriber import Transcriber


@pytest.fixture
def server() -> Iterator[Transcriber]:
    """A server that has no answers yet."""
    with Transcriber() as started:
        yield started
