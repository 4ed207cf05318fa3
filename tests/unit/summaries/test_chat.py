"""What a chat server answers, and what it means: real HTTP, and every way to fail."""

from collections.abc import AsyncIterator, Callable

import pytest

from app.core.config import Settings
from app.core.errors import SummaryError, SummaryRefused, SummaryUnreachable, SummaryUnreadable
from app.summaries.chat import MOST_BYTES, ChatServer
from tests.support.chat_server import ChatStandIn, Reply, completion


@pytest.fixture
async def server(chat: ChatStandIn, settings_for: Callable[..., Settings]) -> AsyncIterator[ChatServer]:
    settings = settings_for(
        summary_url=chat.url, summary_model="small", summary_api_key="secret", summary_timeout_seconds=20
    )
    opened = ChatServer(settings)
    yield opened
    await opened.close()


async def test_what_is_asked_and_what_is_said(chat: ChatStandIn, server: ChatServer) -> None:
    assert await server.complete("Be short.", "A long talk.") == "They will walk."
    [asked] = chat.asked
    assert (asked.path, asked.body["model"]) == ("/v1/chat/completions", "small")
    assert (asked.instructions, asked.text) == ("Be short.", "A long talk.")
    assert asked.headers["authorization"] == "Bearer secret"


async def test_the_whole_address_is_taken_too(
    chat: ChatStandIn, settings_for: Callable[..., Settings]
) -> None:
    server = ChatServer(settings_for(summary_url=f"{chat.url}/chat/completions"))
    await server.complete("", "")
    await server.close()
    assert chat.asked[0].path == "/v1/chat/completions"
    assert "model" not in chat.asked[0].body
    assert "authorization" not in chat.asked[0].headers


async def test_thoughts_are_no_summary(chat: ChatStandIn, server: ChatServer) -> None:
    chat.replies = [completion("<think>Hm.\nWell.</think>\n\nThey walk. ")]
    assert await server.complete("", "") == "They walk."


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply(content=b"<html>"), SummaryUnreadable),
        (Reply(content=b'{"choices": []}'), SummaryUnreadable),
        (Reply(content=b'{"choices": [{"message": {"content": null}}]}'), SummaryUnreadable),
        (completion("<think>nothing else</think> "), SummaryUnreadable),
        (Reply(content=b"x" * (MOST_BYTES + 1)), SummaryUnreadable),
        (Reply(content=completion("They").content, sent=20), SummaryUnreachable),
        (Reply(500, b"out of memory"), SummaryUnreachable),
        (Reply(302, headers={"Location": "http://127.0.0.1:1/"}), SummaryRefused),
        (Reply(404, b"no such model"), SummaryRefused),
        (Reply(401), SummaryRefused),
    ],
)
async def test_answers_that_are_none(
    chat: ChatStandIn, server: ChatServer, reply: Reply, kind: type[SummaryError]
) -> None:
    chat.replies = [reply]
    with pytest.raises(kind) as raised:
        await server.complete("", "")
    assert type(raised.value) is kind
    assert len(chat.asked) == 1
    if reply.status >= 400:
        assert str(reply.status) in raised.value.detail


async def test_the_server_says_when_to_come_again(chat: ChatStandIn, server: ChatServer) -> None:
    chat.replies = [Reply(429, b"slow down", {"Retry-After": "7"})]
    with pytest.raises(SummaryUnreachable, match="429: slow down") as raised:
        await server.complete("", "")
    assert raised.value.retry_after_seconds == 7


async def test_no_secret_is_told(
    chat: ChatStandIn, server: ChatServer, settings_for: Callable[..., Settings]
) -> None:
    chat.replies = [Reply(401, b"x" * 290 + b" \0 secret is no key")]
    with pytest.raises(SummaryRefused, match="…") as raised:
        await server.complete("", "")
    assert "\0" not in raised.value.detail
    away = ChatServer(settings_for(summary_url="http://ann:secret@127.0.0.1:1/v1"))
    with pytest.raises(SummaryUnreachable, match="127") as unreached:
        await away.complete("", "")
    await away.close()
    for error in (raised, unreached):
        assert "secr" not in error.value.detail


async def test_a_server_that_is_slow_or_away(
    chat: ChatStandIn, settings_for: Callable[..., Settings]
) -> None:
    chat.held = True
    slow = ChatServer(settings_for(summary_url=chat.url, summary_timeout_seconds=0.2))
    with pytest.raises(SummaryUnreachable, match=r"0\.2 s \(SUMMARY_TIMEOUT_SECONDS\)|cannot be reached"):
        await slow.complete("", "")
    await slow.close()
    away = ChatServer(settings_for(summary_url="http://127.0.0.1:1/v1"))
    with pytest.raises(SummaryUnreachable, match=r"cannot be reached.*SUMMARY_URL"):
        await away.complete("", "")
    await away.close()
