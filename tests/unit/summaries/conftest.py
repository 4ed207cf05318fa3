"""A chat server that each test has for itself."""

from collections.abc import Iterator

import pytest

from tests.support.chat_server import ChatStandIn, chat_server


@pytest.fixture
def chat() -> Iterator[ChatStandIn]:
    with chat_server() as stand_in:
        yield stand_in
