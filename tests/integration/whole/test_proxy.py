"""OpenAI's client, unmodified, through a real nginx whose time-out is shorter than the work.

The worker is real; its engine is the fake one, which reads what to do from the recording. Any bytes are µ-law
(but JSON with a "duration", which FFmpeg takes for subtitles).
"""

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import openai
import pytest

from app.core.config import Settings
from tests.support.nginx import Nginx, proxying
from tests.support.processes import ROOT, ApiProcess, Worker
from tests.support.serving import until

DEFAULTS = "proxy_read_timeout 1s;"
"""As Debian's nginx comes (HTTP/1.0 to the service), but for a time-out of 1 s instead of 60 s."""

RECOMMENDED = (
    (ROOT / "deploy" / "nginx-location.conf")
    .read_text("utf-8")
    .replace("proxy_pass http://127.0.0.1:8000;", "")
    .replace("proxy_read_timeout 60s;", "proxy_read_timeout 1s;")
)
"""The lines that docs/https.md recommends."""

BUSY_SECONDS = 2.5
"""Time for which the one worker works on another recording."""


@pytest.fixture
def api(settings_for: Callable[..., Settings]) -> Iterator[ApiProcess]:
    settings = settings_for(
        engine="fake",
        tasks_in_flight=1,
        short_slots=0,
        high_slots=0,
        default_model="base",
        keepalive_seconds=0.3,
        heartbeat_seconds=0.5,
    )
    worker, process = Worker(settings), ApiProcess(settings)
    yield process
    process.kill()
    worker.stop()


@pytest.fixture(params=[DEFAULTS, RECOMMENDED], ids=["defaults", "recommended"])
def nginx(request: pytest.FixtureRequest, api: ApiProcess, tmp_path: Path) -> Iterator[Nginx]:
    with proxying(api.url, tmp_path / "nginx", request.param) as proxy:
        yield proxy


@pytest.fixture
def client(nginx: Nginx) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{nginx.url}/v1", api_key="none", max_retries=8) as client:
        yield client


def recording(journal: Path, seconds: float, text: str) -> io.BytesIO:
    script = {"journal": str(journal), "seconds": seconds, "text": text}
    file = io.BytesIO(json.dumps(script).ljust(16_000).encode())
    file.name = "talk.ulaw"
    return file


def starts(journal: Path) -> int:
    """How often the recording was decoded."""
    return journal.read_text().count("start")


@pytest.fixture
def busy(api: ApiProcess, tmp_path: Path) -> None:
    """The worker has something else to do."""
    with openai.OpenAI(base_url=f"{api.url}/v1", api_key="none") as client:
        client.audio.transcriptions.create(
            model="whisper-1",
            file=recording(tmp_path / "other.journal", BUSY_SECONDS, "other"),
            extra_headers={"Prefer": "respond-async"},
        )


@pytest.mark.usefixtures("busy")
@pytest.mark.parametrize("response_format", ["text", "srt", "json", "verbose_json"])
def test_a_recording_that_takes_longer_than_the_time_out(
    client: openai.OpenAI, nginx: Nginx, tmp_path: Path, response_format: str
) -> None:
    """Cut off, sent again, and transcribed once; JSON is not even cut off where the proxy speaks HTTP/1.1."""
    journal = tmp_path / "journal"
    answer = client.audio.transcriptions.create(  # type: ignore[call-overload]
        model="whisper-1",
        file=recording(journal, 1.0, "the whole text"),
        response_format=response_format,
    )

    assert "the whole text" in (answer if isinstance(answer, str) else answer.text)
    assert starts(journal) == 1
    configuration = (nginx.folder / "nginx.conf").read_text()
    is_kept_alive = "json" in response_format and "proxy_http_version 1.1" in configuration
    until(lambda: nginx.statuses()[-1:] == [200])
    assert (504 in nginx.statuses()) is not is_kept_alive


@pytest.mark.usefixtures("busy")
def test_a_stream_is_not_cut_off(client: openai.OpenAI, nginx: Nginx, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    stream = client.audio.transcriptions.create(
        model="whisper-1", file=recording(journal, 1.0, "the whole text"), stream=True
    )
    last = list(stream)[-1]

    assert last.type == "transcript.text.done"
    assert last.text == "the whole text"
    until(nginx.statuses)
    assert (starts(journal), nginx.statuses()) == (1, [200])


@pytest.mark.usefixtures("busy")
def test_what_fails_after_white_space_is_an_error(client: openai.OpenAI, tmp_path: Path) -> None:
    script = {"undecodable": "Not one second could be decoded."}
    file = io.BytesIO(json.dumps(script).ljust(16_000).encode())
    file.name = "talk.ulaw"
    with pytest.raises(openai.ConflictError, match="Not one second could be decoded"):
        client.with_options(max_retries=3).audio.transcriptions.create(model="whisper-1", file=file)
