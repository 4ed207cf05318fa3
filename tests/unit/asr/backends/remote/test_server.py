"""What becomes of windows while the server is away, full, slow or unwilling."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler

import pytest

from app.asr.backends import remote
from app.core.config import Settings
from app.core.errors import EngineFailed, EngineRefused, ModelUnavailable, TaskError
from app.launcher.redis_server import free_port
from tests.support.serving import until
from tests.support.web_server import answer, raw
from tests.unit.asr.backends.remote.transcriber import Transcriber, refused, spoken
from tests.unit.asr.engines import request

SettingsFor = Callable[..., Settings]


@pytest.mark.parametrize("status", [202, 408, 425, 429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again(server: Transcriber, settings_for: SettingsFor, status: int) -> None:
    server.reply(refused(status, retry_after="0"), spoken("Hi."))
    with server.engine(settings_for) as engine:
        [transcript] = engine.transcribe([request()])
    assert (transcript.text, len(server.requests)) == ("Hi.", 2)


def test_a_connection_that_breaks_is_tried_again(server: Transcriber, settings_for: SettingsFor) -> None:
    """With the same key: another instance of this service still works on the window."""
    server.reply(raw(), raw(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"), spoken("Hi."))
    with server.engine(settings_for) as engine:
        [transcript] = engine.transcribe([request()])

    assert transcript.text == "Hi."
    assert len({seen.headers["idempotency-key"] for seen in server.requests}) == 1


def test_a_task_that_the_server_has_removed_is_sent_anew(
    server: Transcriber, settings_for: SettingsFor
) -> None:
    gone = answer(404, b'{"error": {"message": "No such task.", "code": "task_not_found"}}', retry_after="0")
    server.reply(gone, spoken("Hi."))
    with server.engine(settings_for) as engine:
        [transcript] = engine.transcribe([request()])

    assert transcript.text == "Hi."
    assert len({seen.headers["idempotency-key"] for seen in server.requests}) == 2


def test_a_server_that_is_away_fails_the_attempt(settings_for: SettingsFor) -> None:
    """It may be tried again: the queue does."""
    url = f"http://127.0.0.1:{free_port()}/v1"
    engine = remote.load("base", settings_for(engine="remote", remote_url=url, remote_retry_seconds=0))

    with pytest.raises(EngineFailed, match=r"cannot be reached.*REMOTE_RETRY_SECONDS") as failed:
        engine.transcribe([request()])
    assert failed.value.retryable
    engine.close()


def test_a_server_that_does_not_answer_in_time(server: Transcriber, settings_for: SettingsFor) -> None:
    """It hears of the window again under a new key, since it drops what its client no longer waits for."""

    def stall(_: BaseHTTPRequestHandler) -> None:
        server.closing.wait()

    server.reply(stall, spoken("Hi."))
    with server.engine(settings_for, remote_timeout_seconds=0.3) as engine:
        [transcript] = engine.transcribe([request()])

    assert transcript.text == "Hi."
    assert len({seen.headers["idempotency-key"] for seen in server.requests}) == 2


@pytest.mark.parametrize(
    ("status", "error", "words"),
    [
        (400, EngineRefused, "refuses the request .400: Too odd"),
        (413, EngineRefused, "413: Too odd"),
        (401, ModelUnavailable, "REMOTE_API_KEY .401: Too odd"),
        (403, ModelUnavailable, "REMOTE_API_KEY"),
        (404, ModelUnavailable, "404: Too odd.*REMOTE_MODEL.*REMOTE_URL"),
        (301, EngineRefused, "301"),
    ],
)
def test_a_refusal_says_why(
    server: Transcriber, settings_for: SettingsFor, status: int, error: type[TaskError], words: str
) -> None:
    server.reply(refused(status, "Too odd"))
    with server.engine(settings_for) as engine, pytest.raises(error, match=words) as failed:
        engine.transcribe([request()])
    assert not failed.value.retryable


@pytest.mark.parametrize(
    "reply",
    [
        answer(200, b"<html>Welcome</html>"),
        answer(200, b'{"status": "ok"}'),
        answer(200, b'{"text": "a", "segments": [{"text": "a", "start": NaN, "end": 1}]}'),
    ],
)
def test_an_answer_that_is_no_transcript(
    server: Transcriber, settings_for: SettingsFor, reply: Callable[[BaseHTTPRequestHandler], None]
) -> None:
    server.reply(reply)
    with server.engine(settings_for) as engine, pytest.raises(EngineRefused, match="check REMOTE_URL"):
        engine.transcribe([request()])


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"<html>", "400: Bad Request"),
        (b'{"detail": [{"loc": ["language"]}]}', "language"),
        (b'{"error": "just words"}', "just words"),
        (b'{"object": "error", "message": "as vLLM has it"}', "as vLLM has it"),
    ],
)
def test_messages_of_all_kinds_of_servers(
    server: Transcriber, settings_for: SettingsFor, body: bytes, message: str
) -> None:
    server.reply(answer(400, body))
    with server.engine(settings_for) as engine, pytest.raises(EngineRefused, match=message):
        engine.transcribe([request()])


def test_no_more_windows_than_allowed_are_under_way(server: Transcriber, settings_for: SettingsFor) -> None:
    """Of six windows, two are at the server until it answers."""
    under_way, most = 0, 0
    lock, go = threading.Lock(), threading.Event()

    def hold(handler: BaseHTTPRequestHandler) -> None:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        go.wait(20)
        with lock:
            under_way -= 1
        spoken("Hi.")(handler)

    server.reply(hold)
    with server.engine(settings_for, remote_concurrency=2) as engine, ThreadPoolExecutor(6) as threads:
        pending = [threads.submit(engine.transcribe, [request(number)]) for number in range(6)]
        until(lambda: under_way == 2)
        go.set()
        texts = [each.result()[0].text for each in pending]

    assert (texts, most) == (["Hi."] * 6, 2)
    assert engine.decode_workers == 2
