"""Home Assistant's side of the Wyoming protocol, by the package's own client, against the whole service."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import httpx2
import pytest
from wyoming.asr import Transcribe, Transcript
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncTcpClient
from wyoming.error import Error
from wyoming.event import Event
from wyoming.info import Describe, Info
from wyoming.server import AsyncTcpServer

from app.audio.decode import read_samples
from app.client import AsyncClient
from app.launcher.redis_server import free_port
from app.wyoming.handler import Assistant, description
from tests.support.api import Service

pytestmark = pytest.mark.weights

WORDS = "under the old tree"
MIB = 1024 * 1024


@pytest.fixture
async def port(whole: Service) -> AsyncIterator[int]:
    port = free_port()
    server = AsyncTcpServer("127.0.0.1", port)
    async with AsyncClient(whole.url) as client:
        await server.start(partial(Assistant, client, description(["base"]), MIB))
        yield port
        await server.stop()


async def said(client: AsyncTcpClient, path: Path, asked: Transcribe | None = None) -> Event | None:
    """Send a recording as Home Assistant does; what comes back."""
    samples, _ = read_samples(path)
    audio = (samples * 32767).astype("<i2").tobytes()
    if asked is not None:
        await client.write_event(asked.event())
    await client.write_event(AudioStart(rate=16_000, width=2, channels=1).event())
    for start in range(0, len(audio), 2048):
        chunk = AudioChunk(rate=16_000, width=2, channels=1, audio=audio[start : start + 2048])
        await client.write_event(chunk.event())
    await client.write_event(AudioStop().event())
    return await client.read_event()


async def test_what_is_said_comes_back_as_text(port: int, whole: Service, assets: Path) -> None:
    async with AsyncTcpClient("127.0.0.1", port) as client:
        for asked in (Transcribe(language="en-US", transcript_names=["Tree"]), None):
            event = await said(client, assets / "speech_en.flac", asked)
            assert event is not None
            transcript = Transcript.from_event(event)
            assert WORDS in transcript.text
            assert transcript.language == "en"
    tasks = (await asyncio.to_thread(httpx2.get, f"{whole.url}/transcribe/")).json()["tasks"]
    assert "assistant.wav" in [task["filename"] for task in tasks]


async def test_it_describes_itself(port: int) -> None:
    async with AsyncTcpClient("127.0.0.1", port) as client:
        await client.write_event(Describe().event())
        event = await client.read_event()
    assert event is not None
    [program] = Info.from_event(event).asr
    assert program.models[0].name == "base"
    assert {"en", "ru", "yue"} <= set(program.models[0].languages)


async def test_what_is_wrong_is_told_and_ends_the_connection(port: int, assets: Path) -> None:
    async with AsyncTcpClient("127.0.0.1", port) as client:
        event = await said(client, assets / "speech_en.flac", Transcribe(name="huge"))
        assert event is not None
        assert "There is no model 'huge'" in Error.from_event(event).text
        assert await client.read_event() is None


async def test_a_recording_that_is_too_long(port: int) -> None:
    async with AsyncTcpClient("127.0.0.1", port) as client:
        await client.write_event(AudioChunk(rate=16_000, width=2, channels=1, audio=bytes(2 * MIB)).event())
        event = await client.read_event()
        assert event is not None
        assert Error.from_event(event).code == "upload_too_large"


async def test_an_end_without_a_beginning(port: int) -> None:
    async with AsyncTcpClient("127.0.0.1", port) as client:
        await client.write_event(AudioStop().event())
        event = await client.read_event()
        assert event is not None
        assert Error.from_event(event).code == "file_missing"
